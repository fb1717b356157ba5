"""Words that people exchange for one another when they ask the same again, and how questions of one kind begin.

A word may be in several groups. Words that share one may stand for each other; words that are known and share none differ.
"""

from __future__ import annotations

from typing import Literal

GROUPS: dict[Literal["en", "de", "fr", "es"], str] = {
    "en": """
    keep store hold retain preserve conserve save stay last maintain kept | store storage depot warehouse shed | keep alive
    survive last live | care tend maintain upkeep nurture maintenance look | begin start commence launch open onset began
    begun | end finish complete stop cease close conclude expire finalise | quit leave abandon give resign move drop left part
    depart walk stop | move relocate settle go moving transfer migrate | remove delete erase clear rid clean drop strip
    eliminate uninstall purge scrap | throw discard bin dump dispose evict toss trash thrown eject | undo revert rollback
    reverse roll back restore | restore recover retrieve rescue | reset change renew new recover restore forgot forgotten lost
    | repair fix mend restore patch fixed service overhaul | break fail crash collapse burst broke broken failure fault down |
    fail refuse stop | refuse reject decline deny won't turn | handle deal cope treat manage respond react approach do tackle
    | answer reply respond response speak | student pupil learner child | teach train show instruct taught learn coach tutor
    educate learned learnt lesson | learn study pick master taught | set setup configure install prepare adjust setting
    configuration arrange | install deploy add put setup rollout | deploy release ship publish rollout launch | put place lay
    set stick | begin found establish create | build built construct erect raise make assemble erected put construction | make
    create produce build prepare craft form manufacture | write author compose draft wrote written put | found establish
    create start set founded build | paint painted painter picture author make | buy purchase acquire get obtain bought order
    | sell sold trade part sale flog | cost price charge fee pay expensive rate expense worth paid tariff costly | pay settle
    spend | need require necessary must take demand call want compulsory mandatory | necessary mandatory required compulsory
    obligatory essential must | use utilise apply employ work consume used usage | help assist support aid hand | see notice
    spot look view watch observe | find locate discover track spot found | search seek look find | know recognise tell notice
    sign signal indicate spot recognize identify realise judge | sign symptom indication signal clue hint mark tell | ripe
    ready mature done | check verify test inspect examine control confirm validate look ensure | choose pick select decide opt
    prefer choice chosen favourite | prefer favourite like best love | think believe opinion view feel thought attitude take
    stance consider make mind reckon | feel feeling emotion mood like | like enjoy love fond pleasure appreciate | hate
    dislike loathe detest bother annoy irritate | annoy bother irritate upset anger angry | fear afraid scared frighten worry
    dread | worry concern trouble bother | remember recall memory recollect mind think | forget forgot forgotten lose slip |
    happen occur take become result follow went go | decide decision choose determine rule make conclude | rule policy
    guideline regulation law principle | allow permit let may permission permitted allowed ok fine bring welcome okay admit
    possible accept tolerate able | forbid ban prohibit disallow refuse forbidden | permit licence license permission
    authorisation pass | possible able can manage feasible | bring take carry bear came brought | send mail post ship forward
    submit sent deliver dispatch write | receive get obtain accept got | get obtain receive acquire fetch earn gain getting |
    give hand grant provide offer supply gave present | contact reach call write ask approach phone turn address email message
    | speak talk chat discuss say converse | tell say explain describe mention | explain describe clarify teach | meet see
    encounter gather met convene | meeting call standup gathering session appointment | hold held take occur meet place run
    host | big large huge size great | small little tiny | size big large dimension capacity space | fit hold seat capacity
    accommodate room contain | people person visitor guest folk human man | old ancient age aged | oldest earliest minimum
    least lowest | newest latest recent current last | age old | fast quick speed rapid slow performance quickly | slow
    sluggish lag delay | run operate work function execute go ran launch start | work job profession occupation career labour
    living employ trade do task | boss manager supervisor chief head lead leader | responsible charge own owner accountable
    look handle | employee worker staff colleague coworker team | team group crew staff | company firm business employer
    organisation | customer client buyer user | user account customer member | account profile login | password passphrase
    credential pin login | office workplace desk work | home house flat apartment place live | house home building cottage |
    live reside dwell stay lived settle grow | grow raise rear cultivate plant grew spend | childhood child grow young youth
    boy girl kid | plant sow grow put | water irrigate sprinkle | prune trim cut clip | cut chop slice trim | feed fertilise
    fertilize nourish food | rest relax sit stand prove proof leave | bake cook oven roast make | cook prepare make fry boil |
    heat warm hot temperature heating warmth | cold cool chill winter freezing | winter cold frost season wintertime | summer
    hot season summertime | evening night late tonight | morning early dawn | day daily daytime | week weekly | month monthly
    | year annual yearly annually | often frequent frequency interval regularly times regular | interval period cycle schedule
    | schedule plan timetable calendar rota | plan intend aim mean propose | begin opening open | shut close lock closing
    closed | open opening available accessible unlock access visit | visit go come tour see enter attend access | enter access
    join come admission admit | entrance entry door gate | way route path road track | reach get arrive go travel | travel
    trip journey tour go | drive ride car | car vehicle automobile | boat ship vessel | town city place village | country land
    nation countryside rural | countryside country land village rural | coast sea seaside shore beach ocean | lake pond water
    | river stream water | swim bathe dip bathing | fish angle angling fishing | dog pet animal hound | animal pet beast |
    safe secure danger dangerous risk harmless risky hazard safety hurt | dangerous risky harm unsafe | problem issue trouble
    difficulty bug error fault challenge wrong hurdle obstacle | error bug mistake fault fail | mistake error wrong regret
    blunder | wrong amiss mistake error bad | avoid prevent stop escape keep | cause reason trigger lead lie | effect result
    consequence impact influence outcome | change alter modify adjust vary edit switch different update become replace |
    replace exchange swap substitute change renew switch | update upgrade refresh patch renew | add append include insert
    attach put | include contain part comprise cover comprise come | attachment file enclosure | file document | backup save
    copy archive | copy duplicate clone | log record journal entry trace | store database db | table list | list name
    enumerate | name call title term | mean meaning stand signify purpose | purpose point goal aim use reason good | goal aim
    target objective | important matter crucial key essential value significance | advantage benefit good plus pro upside |
    disadvantage drawback downside con bad | difference differ distinguish compare versus distinction apart | similar same
    alike like | method technique process procedure approach step practice strategy | step process procedure stage | tool
    instrument device equipment gear | machine maker device appliance | phone mobile cell smartphone telephone | computer
    laptop pc machine notebook | turn switch power toggle | enable activate on switch turn | disable deactivate off | connect
    link attach plug join hook pair | network wifi | share give split distribute | print output | save store keep | load open
    read | show display present see view list | hide conceal | sort order arrange organise | order sequence arrange | count
    number total amount | amount quantity number volume much | measure gauge weigh calculate | calculate compute work reckon |
    limit maximum cap max restrict most ceiling | minimum least lowest lower min | default standard preset usual normal |
    timeout time expire wait | wait delay pause hold | time hour clock moment | time year period decade era | late delay
    deadline due | deadline due date limit latest | permission right access | leave holiday vacation off absence | ill sick
    unwell disease | doctor physician gp | medicine drug pill | pain hurt ache sore | sleep rest nap bed | eat food meal
    consume dine diet | drink beverage | breakfast morning | bread loaf | dough starter | kitchen cook | recipe make | taste
    flavour | wash clean rinse scrub launder | dirty stain mess | rust corrosion oxidise | sharpen hone grind whet | wood
    timber | tree | garden yard plot | field meadow land | farm | hill mountain | house roof | wall | money cash budget fund |
    save economise | earn income salary wage pay make | tax duty | buy shop | shop store market | book read volume | read
    reading | story tale | word term | language speak tongue | song music tune | play perform | sing | picture photo image
    painting | watch see | game match play | win victory | lose lost loss | child kid son daughter | parent mother father |
    mother mum | father dad | brother | wife husband spouse partner marry married | marry wedding | friend mate pal buddy |
    love romance | born birth | die death dead pass died | funeral burial | war battle | church | priest vicar | god faith
    belief religion | luck fortune | advice tip suggest recommend counsel advise guidance | advise recommend suggest | idea
    thought concept | reason motive motivation inspire prompt lead drive bring drove led | prompt make lead inspire motivate |
    quick brief short | lesson learn teach insight takeaway | success succeed work | try attempt | practise train exercise
    rehearse | exercise sport workout | skill ability talent | object thing item | first earliest initial | place location
    spot site position area | spare extra second additional replacement | key | hide hang keep lie kept | support work
    compatible run | server host machine | service daemon worker | restart reboot relaunch | night nightly overnight evening |
    attic loft | automatic automatically auto | manual manually hand | dry drain | ice freeze frozen | rain wet | storm wind |
    flood | fire burn burnt | damage harm ruin hurt destroy spoil | protect guard shield defend secure | free gratis charge
    cost | paid | public open | private | remote remotely home telework | approve sign authorise accept clear approval |
    review check inspect examine read | request ask apply demand petition | apply request submit | report notify tell inform
    flag | join enter become sign enrol | register enrol sign signup subscribe | cancel terminate end stop drop call
    unsubscribe | subscription membership subscribe plan | member | guest visitor | invite ask | celebrate party | gift
    present | colour color paint | material made stuff | tall high height | wide width broad | long length | deep depth |
    heavy weight weigh | far distance away | near close | full | empty | hard difficult tough tricky challenge struggle | easy
    simple | bad awful poor worst | good great well best | enough sufficient | rare seldom | common usual typical frequent |
    modern new | true real | proud pride | shame ashamed embarrass | miss lack | surprise astonish shock | believe trust faith
    | trust rely | hope wish | dream | change differ | log logging trace record | monitor monitoring watch observe alert alarm
    | alert alarm notification warning page | deploy deployment rollout release shipping | branch fork | merge integrate
    combine | commit push check | build compile compilation pipeline | pipeline ci build | slow latency lag performance
    sluggish | memory ram | disk storage space drive volume | drive disk | quota limit cap | crash die abort fall | outage
    downtime incident failure | incident outage breakdown | schedule cron timer job | job task cron worker | queue backlog |
    cache buffer | token key credential secret | secret credential key password | cert certificate ssl tls | encrypt
    encryption scramble protect | endpoint route url api address | request call query | query search ask request | schema
    structure model layout | column field attribute | row record entry | table sheet | sheet spreadsheet excel | container
    docker image pod | node machine host server | cluster | staging test sandbox | test testing check | bug ticket issue
    defect | ticket issue task case | feature function capability | library package module dependency | dependency library
    package | license licence | version release edition | ui interface frontend screen | screen monitor display | button |
    menu | click press tap push | drag move | scroll | type enter write key | upload send attach | download fetch get pull |
    sync synchronise update | offline disconnected | invoice bill receipt | bill invoice | receipt proof voucher | expense
    cost spending reimbursement | reimburse refund repay | refund reimburse money | salary wage pay income | raise increase |
    hire recruit employ joiner | fire dismiss sack | onboarding induction start joiner new | probation trial | contract
    agreement deal | agree accept consent | sign signature | deadline cutoff due | postpone delay defer reschedule move shift
    | reschedule move shift postpone change | cancel scrap drop | confirm verify acknowledge | attend join come participate |
    absent away off | available free reachable | busy occupied | lunch meal noon | party celebration | desk seat place | room
    space hall | floor storey level | parking park car space | visitor guest client | supplier vendor provider | vendor
    supplier seller | partner | quarter term | report summary statement | summary abstract | slide deck presentation talk |
    presentation talk lecture speech | speech talk address | audience listener public | stage | nervous anxious afraid fright
    | fright fear nerve | calm soothe settle relax quiet | quiet silence silent still | silence quiet | noise sound loud |
    voice tone | loneliness lonely alone solitude | solitude alone loneliness | grief mourning loss sorrow | sorrow sad grief
    | joy happiness delight | happy glad content joy | cry weep tear | laugh smile humour joke | joke humour funny | poem
    poetry verse poet | poet poem | novel book fiction story | fiction novel | essay text piece article | chapter | draft
    version sketch | edit revise rewrite | revise edit rework | publish print release | reader audience | critic review
    reviewer | diary journal notebook | notebook diary | pen pencil | paper sheet | letter note | photograph picture | paint
    draw sketch art | art painting | draw sketch | sculpture carve carving woodcarving statue | carve carving woodcarving
    whittle | clay pottery pot | knit knitting wool | sew sewing stitch | weave loom | net netting | fish catch angler | hunt
    hunting | sail sailing boat | boat sailing | row oar | bee beekeeper beekeeping hive honey | hive bee colony | sheep flock
    | cow cattle | horse pony mare | hen chicken poultry | cat kitten | dog puppy | bird | bread loaf baking bake dough |
    stock broth bouillon soup | soup broth | simmer boil cook | stew soup | meat beef | vegetable greens | fruit | jam
    preserve | preserve jam pickle | pickle preserve | salt season | sugar sweet sweeten | butter fat | oil fat | crust crusty
    crisp | crisp crispy crunchy | soft tender | sour acid | bitter | spicy hot | tea cup | coffee espresso caffeine cup |
    caffeine coffee | wine | beer | drunk alcohol drink | alcohol drink | smoke smoking cigarette | habit routine custom
    ritual | routine habit ritual | ritual custom habit | morning wake rise | wake rise get | dawn sunrise morning | dusk
    sunset evening | midnight night | weather rain sun forecast | rain rainy wet shower | rainy rain wet | snow snowy | fog
    mist | frost freeze ice | heat hot | drought dry | soil earth ground | compost manure fertiliser | weed | seed | flower
    blossom bloom | bloom flower blossom | leaf leave foliage | slug snail pest | pest slug insect | insect bug | mouse rat |
    tool | saw cut | nail screw | hammer | chisel blade knife | blade knife edge | glue stick | roof tile | leak drip | pipe
    plumbing | boiler heating furnace | stove oven fire | oven stove bake | candle light lamp | lamp light | light lamp |
    window pane | stair step | bed | chair seat | cupboard drawer | drawer cupboard | bag sack | box crate case | bottle jar |
    jar glass | basket | rope string | string rope cord | clock watch time | watch clock | bell ring | ring call | phone ring
    call | train rail railway | railway train | bus coach | plane flight fly | flight plane | ticket fare | hotel lodging |
    map | border | mayor council | council city | vote election | law legal | judge court | police officer | soldier army |
    army military | king queen | church faith | pray prayer | baptism christening | christmas holiday | birthday | wedding
    marriage | divorce separate split | uncle aunt | cousin | neighbour neighbor | stranger foreigner | foreigner stranger |
    baby infant | teenager adolescent | old elderly | retire retirement pension | pension retirement | school class education
    | class lesson school | exam test | degree diploma | university college | homework | teacher professor | influence shape
    affect inspire mark | shape form influence | regret sorry differently mistake | luck chance | chance opportunity |
    opportunity chance | risk danger | brave courage | courage brave | patience patient | honest honesty truth | lie lying
    dishonest | trust faith | promise vow word | secret | rumour gossip | argue argument quarrel fight dispute | quarrel fight
    argue conflict | conflict dispute argument | forgive pardon excuse | apologise sorry excuse | polite courtesy manners |
    rude | proud pride | ashamed shame | jealous envy | bored boredom | tired exhausted fatigue | rest pause break | break
    pause rest | busy | hurry rush haste | rush hurry | patient wait | wait await | late tardy | punctual time | stance
    opinion view position | position stance | trick secret knack tip | knack trick | tip trick advice hint | common frequent |
    strange odd weird unusual | odd strange | beautiful pretty lovely | ugly | clean tidy | tidy clean neat order | mess chaos
    untidy | chaos mess
    | gran grandma grandmother granny nan | grandad grandpa grandfather | dad father pa papa | mum mom mother | finale
    episode last | watch see seen watched | kitten cat | puppy dog | rent pay room | flat place apartment | moved left leave
    | classroom teaching school teach | light lighthouse | distance far walk | manuscript novel book | approval sign
    signature approve signoff | quote price offer | due deadline cutoff | arrive come came arrival | gig concert show |
    trousers pants | sofa couch | lunch eat meal | dinner supper tea eat | movie film | exam test | bday birthday | late
    delay delayed | ended stopped ending | lose lost die died | nuts allergic allergy | car drive driving lift | separation
    break breakup split divorce | poem poetry verse | ghost spirit | reckon think opinion view | stationery pen paper |
    order purchase | settle agree agreed | recap summarise | procedure process step | wipe wiped delete clear | overnight
    night nightly | permit licence license
    """,
    "de": """
    halten aufbewahren lagern behalten bewahren bleiben überleben haltbar aufheben konservieren frisch | leben überleben
    halten überdauern kommen wohnen | pflegen kümmern versorgen warten pflege wartung | anfangen beginnen starten losgehen
    anfang beginn beginnt begann | enden aufhören fertig abschließen ende schließen beenden endet | verlassen gehen weggehen
    wegziehen aufgeben kündigen hinschmeißen verließ verliess ziehen zogen gezogen umziehen ausziehen | umziehen ziehen leben
    gezogen wohnen umzug | entfernen löschen beseitigen loswerden wegmachen wegbekommen reinigen deinstallieren | wegwerfen
    entsorgen werfen aussortieren wegschmeißen | rückgängig zurücksetzen wiederherstellen zurückrollen zurücknehmen |
    zurücksetzen neu ändern erneuern vergessen reset zurück bekommen | reparieren flicken richten instandsetzen beheben wartet
    ausbessern | kaputt brechen defekt ausfallen versagen scheitern gebrochen bruch brach | scheitern fehlschlagen misslingen
    schiefgehen | ablehnen verweigern weigern absagen | umgehen reagieren behandeln tun handhaben | antworten reagieren
    antwort erwidern | schüler kind lernende student | lehren beibringen unterrichten zeigen lernen gelernt beigebracht
    brachte lernte erlernen | einrichten konfigurieren installieren einstellen aufsetzen | installieren aufspielen einrichten
    | bauen errichten erbauen gebaut baute erbaut errichtet stammen stammt entstehen entstand konstruieren anlegen | machen
    herstellen erzeugen anfertigen produzieren | schreiben verfassen geschrieben verfasst autor | gründen gegründet anfangen
    entstehen geben gründung entstand eröffnen | malen gemalt maler bild stammen | kaufen erwerben besorgen anschaffen kauf |
    verkaufen abgeben verkauf | kosten kostet preis zahlen bezahlen gebühr teuer betragen ausgeben eintritt | brauchen nötig
    benötigen müssen erfordern erforderlich notwendig pflicht | verwenden benutzen nutzen einsetzen gebrauchen | helfen
    unterstützen hilfe | sehen bemerken schauen | finden entdecken auffinden | suchen finden | erkennen merken wissen
    anzeichen sehen feststellen woran | zeichen anzeichen merkmal symptom erkennen | prüfen kontrollieren testen überprüfen
    nachsehen | wählen aussuchen entscheiden auswählen wahl | denken meinen meinung halten finden glauben ansicht einschätzen
    hältst | fühlen gefühl empfinden | mögen gefallen lieben gern gefällt gefiel | hassen nerven ärgern stören | ärgern nerven
    aufregen wütend stören | angst fürchten sorgen befürchten furcht | erinnern erinnerung gedächtnis | vergessen verlieren
    vergaß | passieren geschehen ereignen vorfallen tun | entscheiden entschluss beschließen entscheidung | regel vorschrift
    richtlinie gesetz | dürfen erlauben erlaubt gestattet gestatten zulässig genehmigen können mitbringen möglich darf
    willkommen | verbieten verboten untersagen | erlaubnis genehmigung schein | mitbringen mitnehmen bringen | schicken senden
    verschicken abschicken einreichen | bekommen erhalten kriegen | geben übergeben reichen | kontaktieren anrufen schreiben
    wenden ansprechen melden erreichen ansprechpartner | sprechen reden unterhalten | sagen erklären erzählen nennen | treffen
    begegnen sitzung besprechung tagen | besprechung sitzung treffen termin meeting runde | stattfinden sein treffen abhalten
    halten | groß größe | passen fassen platz kapazität | mensch person leute besucher gast | alt älteste mindestens | schnell
    rasch geschwindigkeit | langsam | laufen funktionieren arbeiten gehen betreiben | arbeiten arbeit beruf job tätigkeit
    stelle beruflich | chef leiter vorgesetzte | verantwortlich zuständig kümmern betreuen | mitarbeiter kollege angestellte |
    firma betrieb unternehmen | kunde käufer | passwort kennwort | büro arbeitsplatz | haus heim gebäude | wohnen leben |
    aufwachsen kindheit kind verbringen großgeworden groß | pflanzen säen setzen | gießen wässern bewässern | schneiden
    stutzen beschneiden | düngen dünger füttern | ruhen gehen ruhezeit stehen ruht ruhe gehzeit rasten | backen ofen | kochen
    zubereiten | heizen heizung wärmen warm | kalt kälte winter | winter winterzeit kälte wintermonat | sommer | abend nacht
    abends nachts | morgen früh | tag täglich | woche wöchentlich | monat monatlich | jahr jährlich | oft häufig abstand
    turnus regelmäßig intervall | plan planen vorhaben | öffnen offen öffnung geöffnet aufmachen | schließen zu geschlossen
    zumachen schluss offen geöffnet | besuchen hingehen kommen besuch besichtigen | eintreten zugang eintritt | weg route
    strecke | reisen fahren reise | fahren auto | stadt ort | land dorf | küste meer strand | see teich weiher | schwimmen
    baden | angeln fischen | hund tier haustier | sicher gefährlich gefahr risiko | problem schwierigkeit fehler störung |
    fehler irrtum bug | vermeiden verhindern | grund ursache anlass | wirkung folge auswirkung | ändern wechseln verändern
    anpassen | ersetzen austauschen wechseln tauschen erneuern | aktualisieren update | hinzufügen ergänzen einfügen |
    enthalten dabei umfassen gehören | sichern sicherung backup speichern | kopieren abschreiben | bedeuten heißen bedeutung |
    zweck ziel sinn | wichtig bedeutend | vorteil nutzen | nachteil | unterschied unterscheiden | verfahren methode vorgehen
    schritt | werkzeug gerät | handy telefon smartphone | rechner computer | einschalten anmachen aktivieren | ausschalten
    abschalten ausmachen | verbinden anschließen koppeln | teilen aufteilen | zeigen anzeigen darstellen | zählen anzahl |
    menge anzahl | messen wiegen | höchstens grenze maximum limit | mindestens minimum | frist termin abgabe | urlaub ferien
    frei | krank krankheit | arzt doktor | schmerz weh | schlafen bett | essen mahlzeit | trinken getränk | waschen putzen
    säubern reinigen | rost | schärfen schleifen | holz | garten | geld | verdienen lohn gehalt | laden geschäft | buch lesen
    | bild foto | kind sohn tochter | mutter mama | vater papa | heiraten hochzeit ehe | freund | geboren geburt | sterben tod
    tot gestorben | krieg | rat tipp empfehlen raten | idee gedanke | versuchen probieren | üben trainieren | fähigkeit können
    | ding sache gegenstand | ort platz stelle lage | schlüssel | ersatz | liegen hängen aufbewahren | neustart neustarten
    starten | schützen schutz | kostenlos gratis umsonst | homeoffice | genehmigen freigeben zustimmen | beantragen antrag
    anfragen | melden bescheid mitteilen | anmelden registrieren | kündigen abbestellen stornieren absagen | abo abonnement
    mitgliedschaft | schwer schwierig | leicht einfach | stolz | einziehen ziehen nehmen | hof | veranstalten organisieren |
    leiten führen | schaffen erledigen | protokoll log logs aufzeichnung | aufzeichnen protokollieren loggen | überwachen
    überwachung beobachten | alarm warnung meldung | ausrollen deployen veröffentlichen release freigabe | bauen build
    kompilieren pipeline | langsam dauern lahm träge | speicher platz festplatte | absturz abstürzen ausfall | ausfall störung
    unterbrechung | aufgabe auftrag job | schlüssel token geheimnis | zertifikat | verschlüsseln verschlüsselt verschlüsselung
    geschützt schützen | anfrage abfrage aufruf | spalte feld | zeile eintrag datensatz | tabelle liste | rechner server
    maschine | testumgebung test testen | ticket fall vorgang | bibliothek paket | oberfläche | knopf taste schaltfläche |
    klicken drücken | hochladen anhängen | rechnung beleg quittung | spesen auslagen kosten | erstatten erstattung
    zurückzahlen | gehalt lohn bezahlung | einstellen anstellen | vertrag vereinbarung | unterschreiben unterschrift |
    verschieben verlegen vertagen | bestätigen zusagen | teilnehmen mitmachen kommen dabei | frei verfügbar erreichbar |
    besprechung sitzung treffen | raum zimmer saal | parken parkplatz abstellen | lieferant anbieter | bericht zusammenfassung
    | vortrag rede präsentation | publikum zuhörer | nervös aufgeregt lampenfieber | beruhigen ruhig | stille ruhe schweigen |
    lärm laut | einsam einsamkeit allein | trauer trauern verlust | freude glück | weinen tränen | lachen witz humor | gedicht
    lyrik vers dichten | roman buch erzählung | kapitel | entwurf fassung | überarbeiten ändern | veröffentlichen drucken |
    leser publikum | tagebuch notizbuch | brief schreiben | zeichnen malen skizze | schnitzen schnitzerei holz | stricken
    wolle | nähen | angeln fischen | jagd jagen | segeln boot | imkern imker biene bienen bienenstock | biene volk bienenstock
    imkern | schaf herde | kuh vieh | pferd | huhn hühner | vogel | brot laib backen teig | brühe suppe fond | köcheln kochen
    sieden | fleisch | gemüse | obst | marmelade einkochen | einkochen einmachen | salz würzen | zucker süß | fett butter öl |
    kruste knusprig | weich zart | sauer | tee | kaffee | wein | bier | rauchen zigarette | gewohnheit brauch ritual |
    aufstehen wecken aufwachen | morgendämmerung morgen | wetter regen sonne | regen nass | schnee | nebel | frost | hitze
    heiß warm temperatur | temperatur heiß warm grad | boden erde | kompost dünger | unkraut | samen | blume blüte | schnecke
    schädling | beet garten | säge sägen | meißel messer klinge | dach ziegel | leck tropfen | rohr leitung | heizung ofen |
    kerze licht lampe | fenster scheibe | treppe stufe | schrank schublade | kiste karton | flasche glas | seil schnur | uhr |
    glocke läuten | zug bahn eisenbahn | bus | flugzeug fliegen flug | fahrkarte ticket | karte plan | wahl wählen | recht
    gesetz | polizei | kirche glaube | gebet beten | geburtstag | scheidung trennung | onkel tante | nachbar | fremder | baby
    säugling | rente ruhestand | schule unterricht | prüfung test | universität studium studieren | hausaufgabe | lehrer
    professor | einfluss prägen geprägt | bereuen bedauern anders | glück zufall | gelegenheit chance | mut mutig tapfer |
    geduld geduldig | ehrlich wahrheit | lügen lüge | vertrauen | versprechen | geheimnis | streit streiten | verzeihen
    entschuldigen vergeben | höflich | stolz | scham schämen | neid eifersucht | müde erschöpft | pause ausruhen | eile hetzen
    | warten | spät verspätung | pünktlich | haltung meinung standpunkt | trick kniff | seltsam merkwürdig | schön hübsch |
    ordnung aufräumen | unordnung chaos | akte unterlage dokument papier | vernichten schreddern wegwerfen | praktikum
    praktikant | bezahlt vergütung lohn bezahlen | lehrling auszubildende azubi | sprache | geräusch klang | versand
    verschicken liefern lieferung
    | wohnen leben hausen ansässig | abholen holen mitnehmen | großvater opa | großmutter oma | mutter mama mutti | vater
    papa vati | werkstatt betrieb tischlerei schreinerei | übernehmen übergehen übergeben bekommen | einwohner leute
    menschen bewohner | höchstens maximal maximum limit grenze obergrenze | mindestens minimum untergrenze | weitergeben
    rausgeben herausgeben freigeben schicken | kennwort passwort zugangsdaten | verlängern erneuern | dauern brauchen fahren
    stunde | grillen grillfest grillabend | fest feier party fete | geburtstag geburtstagsfeier | urlaub ferien | antrag
    gesuch | abgabeschluss frist stichtag termin abgabe vorliegen | rechnung faktura | besprechung sitzung meeting termin |
    schwimmbad freibad hallenbad bad schwimmen | öffnen offen geöffnet aufmachen zugänglich | trennen verkaufen weggeben
    loswerden | treiben machen tun unternehmen | operation op eingriff | langsam träge kriechen zäh | licht helligkeit |
    speichern ablegen sichern aufbewahren | löschen entfernen wegwerfen | ausfallen entfallen absagen streichen | eintritt
    eintrittspreis eintrittskarte | lehrer lehrerin lehrkraft | verantwortlich zuständig verantwortung kümmern | leiten
    führen leitung leiter chef | beginnen anfangen starten losgehen | enden aufhören schließen | sprechen reden erzählen |
    meinung haltung ansicht denken halten finden | gern mögen lieben gefallen
    """,
    "fr": """
    garder conserver maintenir stocker ranger entreposer tenir rester | survivre vivre vie tenir garder conserver | entretenir
    soigner occuper entretien prendre | commencer débuter démarrer ouvrir lancer début | finir terminer achever cesser arrêter
    fermer fin | quitter partir abandonner laisser arrêter démissionner déménager aller parti départ renoncer | déménager
    installer partir aller vivre | enlever supprimer effacer retirer éliminer ôter débarrasser désinstaller nettoyer | jeter
    débarrasser | annuler revenir défaire rétablir | réinitialiser nouveau changer oublié oublier récupérer renouveler |
    réparer remettre arranger restaurer réparé réfection | casser céder rompre panne tomber rupture échouer | échouer rater
    échec | refuser rejeter décliner | gérer traiter réagir faire prendre | répondre réagir réponse | élève étudiant enfant |
    enseigner apprendre apprentissage montrer appris former | configurer installer paramétrer régler mettre | construire bâtir
    ériger édifier construction bâti élever construit | fabriquer faire produire créer réaliser | écrire rédiger auteur écrit
    | fonder créer établir fondé créé fondateur ouvrir lancer exister | peindre peint peintre auteur | acheter acquérir
    procurer | vendre céder vente | coûter coûte prix tarif payer valoir compter cher débourser | falloir devoir nécessaire
    obligatoire besoin exiger requis obligé | utiliser employer servir | aider soutenir aide | voir remarquer regarder |
    trouver localiser découvrir | chercher trouver | reconnaître savoir voir signe repérer remarquer | signe indice symptôme |
    vérifier contrôler tester inspecter | choisir décider sélectionner choix | penser croire avis opinion trouver regard |
    sentir ressentir sentiment | aimer plaire apprécier adorer | détester agacer énerver déranger | énerver agacer fâcher |
    peur craindre inquiéter crainte | souvenir rappeler mémoire | oublier perdre oublié | arriver passer produire | décider
    décision résoudre | règle règlement consigne loi | permettre autoriser permis autorisé pouvoir droit permise possible
    accepter admettre admis | interdire interdit défendre | permis autorisation carte licence | apporter emmener amener
    prendre | envoyer expédier adresser transmettre | recevoir obtenir avoir | obtenir avoir récupérer procurer | donner
    offrir remettre | contacter joindre appeler écrire adresser | parler discuter dire | dire expliquer raconter | rencontrer
    voir réunir | réunion rendez séance rencontre | lieu tenir dérouler | grand taille | contenir tenir capacité accueillir
    place | personne gens visiteur | ancien vieux âge | rapide vite vitesse | lent | marcher fonctionner tourner | travail
    travailler métier emploi profession | chef patron responsable | responsable charge occuper | employé collègue salarié |
    entreprise société boîte | client acheteur | bureau travail | maison logement bâtiment | habiter vivre loger demeurer |
    grandir enfance enfant passer élevé | planter semer | arroser arrosage eau irriguer | tailler couper taille | nourrir
    engrais fertiliser | reposer repos lever | cuire four cuisson | cuisiner préparer | chauffer chauffage chaleur | froid
    hiver | hiver hivernal froid | été | soir nuit soirée | matin | jour quotidien journée | semaine hebdomadaire | mois
    mensuel | an année annuel | souvent fréquence fréquemment intervalle régulièrement rythme | plan prévoir projet | ouvrir
    ouverture ouvert accessible | fermer fermeture fermé ouvert | visiter venir visite aller | entrer accès entrée accéder |
    chemin route trajet | voyager voyage | conduire voiture | ville cité | campagne village | côte mer plage | étang lac |
    nager baigner baignade | pêcher pêche | chien animal | sûr danger dangereux risque sécurité | problème souci difficulté
    erreur panne | erreur faute bogue | éviter empêcher | cause raison motif | effet conséquence | changer modifier |
    remplacer changer renouveler échanger | actualiser mettre jour | ajouter insérer | inclure compris contenir comprendre
    inclus | sauvegarder sauvegarde enregistrer | copier | signifier vouloir sens | but objectif sens | important compter |
    avantage bénéfice | inconvénient défaut | différence distinguer différer | méthode procédure étape démarche procédé |
    outil instrument appareil | téléphone portable | ordinateur pc | activer allumer | désactiver éteindre couper | connecter
    relier brancher | partager diviser | montrer afficher | compter nombre | quantité nombre | mesurer peser | limite maximum
    plafond | minimum moins | délai échéance date | congé vacances absence | malade maladie | médecin docteur | douleur mal |
    dormir lit sommeil | manger repas | boire boisson | laver nettoyer | rouille | aiguiser affûter | bois | jardin | argent |
    gagner salaire | magasin boutique | livre lire lecture | image photo | enfant fils fille | mère maman | père papa | marier
    mariage | ami copain | né naissance naître | mourir mort décéder | guerre | conseil conseiller recommander | idée |
    essayer tenter | entraîner pratiquer | chose objet | endroit lieu place | clé clef | secours double | pendre trouver
    cacher ranger | redémarrer relancer | protéger protection | gratuit | télétravail distance | approuver valider accepter |
    demander demande solliciter | signaler prévenir informer | inscrire inscription | résilier annuler | abonnement abonner
    formule | difficile dur | facile simple | fier fierté | dur durcir rassis | diriger mener | durer durée | journal log
    trace | surveiller surveillance | alerte alarme avertissement | déployer déploiement livrer publier | compiler construire
    | lent lenteur | mémoire espace disque | plantage planter panne | panne coupure incident | tâche travail | clé jeton
    secret | certificat | chiffrer chiffrement crypter protéger | requête demande appel | colonne champ | ligne enregistrement
    | tableau liste | serveur machine | test essai | ticket incident | bibliothèque paquet | bouton touche | cliquer appuyer |
    facture reçu | frais dépense note | rembourser remboursement | salaire paie rémunération indemnité gratification payer
    payé | stage stagiaire | stagiaire stage | embaucher recruter | contrat accord | signer signature | reporter décaler
    déplacer repousser | confirmer valider | participer assister venir | libre disponible joignable | salle pièce | garer
    stationner parking | fournisseur prestataire | rapport compte résumé | exposé discours présentation | public auditeur |
    nerveux inquiet anxieux trac | calmer apaiser rassurer | silence calme | bruit sonore | solitude seul | deuil chagrin
    perte | joie bonheur | pleurer larme | rire humour blague | poème poésie vers | roman livre | chapitre | brouillon version
    | corriger réviser | publier imprimer | lecteur | carnet cahier | lettre courrier | dessiner dessin | sculpter sculpture |
    tricoter laine | coudre | pêche pêcher | chasse chasser | voile bateau | abeille ruche apiculteur miel | mouton brebis
    troupeau | vache bétail | cheval jument | poule | pain pâte boulanger | bouillon soupe fond | mijoter cuire bouillir |
    viande | légume | fruit | confiture | sel saler | sucre sucrer | gras beurre huile | croûte croustillant | tendre mou |
    aigre acide | thé | café | vin | fumer cigarette | habitude coutume rituel | lever réveiller | aube matin | temps météo
    pluie | pluie pleuvoir | neige | brouillard | gel geler | chaleur chaud température | température chaud chaleur degré |
    sol terre | compost fumier | mauvaise herbe | graine semence | fleur | limace escargot nuisible | potager jardin légume |
    scie | ciseau lame couteau | toit tuile | fuite fuir | tuyau | chaudière chauffage | bougie lampe lumière | fenêtre |
    escalier marche | armoire tiroir | caisse boîte carton | bouteille bocal | corde ficelle | horloge montre | cloche | train
    rail | bus car | avion vol | billet ticket | transport voyager moyen | carte plan | élection vote voter | loi droit |
    police | église foi | prier prière | anniversaire | divorce séparation | oncle tante | voisin | étranger inconnu | bébé |
    retraite | école classe cours | examen épreuve | université étude étudier | devoir | professeur enseignant maître |
    influence marquer influencer | regret regretter | chance hasard | courage courageux | patience patient | honnête vérité |
    mentir mensonge | confiance | promesse promettre | secret | dispute disputer querelle | pardonner excuser pardon | poli
    politesse | honte | jalousie | fatigué épuisé fatigue | pause repos | hâte presser | attendre attente | retard | ponctuel
    | position avis | truc astuce | étrange bizarre | beau joli | ordre ranger | désordre | dossier document papier | détruire
    jeter | source fontaine | rater échouer manquer | cette nuit | distance télétravail | langue | livraison livrer expédition
    | habiter vivre résider loger | partir départ quitter s'en aller | arriver arrivée venir | revenir retourner revoir
    rentrer | décès mort mourir | acheter achat acquérir | vendre vente céder | coûter coût prix tarif payer valoir montant
    | payer régler paiement règlement acquitter | facture note | réunion rendez-vous séance | commencer débuter début
    démarrer | finir terminer fin achever | se tenir avoir lieu aller | institutrice institutrice maîtresse professeur prof
    enseignant | prêter emprunter | nager natation nage | écrire écrit réécrire rédiger rédaction | langage langue |
    enregistrer stocker sauvegarder conserver garder | répertoire dossier emplacement | effacer supprimer retirer |
    licencier renvoyer virer | annuler annulation sauter supprimer | travail emploi métier poste boulot | enfant fils fille
    gosse petit | maison logement demeure domicile | voiture auto véhicule | repas dîner déjeuner manger | film cinéma |
    marquer toucher bouleverser secouer | jeune jeunesse adolescence | ami copain pote camarade | maximum limite plafond |
    minimum plancher | autoriser permettre admettre accepter possible | interdire défendre proscrire | responsable chargé
    s'occuper | envoyer adresser transmettre expédier | choisir choix | penser avis opinion trouver juger | aimer plaire
    apprécier adorer | détester haïr | expliquer raconter décrire | fréquence souvent rythme | désactiver couper éteindre |
    activer allumer
    """,
    "es": """
    guardar conservar mantener almacenar dejar tener quedar | sobrevivir vivir vida mantener vivo | cuidar mantener atender
    cuidado mantenimiento | empezar comenzar iniciar abrir arrancar | terminar acabar finalizar cerrar parar | dejar irse
    abandonar marchar salir ir fuiste mudar dejaste largar renunciar | mudar trasladar ir vivir | quitar eliminar borrar sacar
    limpiar desinstalar | tirar desechar | deshacer revertir anular | restablecer nueva cambiar recuperar olvidar olvidado
    conseguir renovar | reparar arreglar restaurar componer reparación | romper fallar ceder rotura averiar | fallar fracasar
    | negar rechazar rehusar | manejar tratar reaccionar actuar hacer | responder contestar reaccionar | alumno estudiante
    niño | enseñar aprender aprendiste mostrar enseñó formar | configurar instalar ajustar preparar | construir levantar
    edificar erigir construcción | fabricar hacer producir crear elaborar | escribir redactar autor | fundar crear establecer
    fundación fundador | pintar pintor pintó obra autor | comprar adquirir | vender | costar cuesta precio pagar valer tarifa
    cobrar vale | necesitar necesario hacer obligatorio deber requerir falta preciso imprescindible | usar utilizar emplear |
    ayudar apoyar | ver notar mirar | encontrar localizar hallar | buscar encontrar | reconocer saber notar señal distinguir |
    señal indicio síntoma | comprobar verificar revisar probar | elegir escoger decidir | pensar creer opinar opinión parecer
    | sentir sentimiento | gustar encantar disfrutar querer | odiar detestar molestar | molestar enfadar irritar | miedo temer
    preocupar | recordar recuerdo memoria acordar | olvidar perder olvidado | pasar ocurrir suceder | decidir decisión | regla
    norma ley | permitir autorizar permitido poder permiso dejar llevar posible admitir admite aceptar | prohibir prohibido |
    permiso licencia autorización | llevar traer | enviar mandar remitir | recibir obtener | obtener conseguir sacar recibir |
    dar entregar | contactar llamar escribir dirigir | hablar conversar | decir explicar contar | reunir encontrar ver |
    reunión cita junta encuentro | celebrar tener lugar | grande tamaño | caber capacidad aforo | persona gente visitante |
    antiguo viejo edad | rápido velocidad | lento | funcionar andar marchar | trabajar trabajo empleo oficio profesión | jefe
    responsable | responsable encargado cargo ocupar | empleado compañero | empresa compañía | cliente comprador | contraseña
    clave | oficina despacho | casa hogar edificio | vivir residir habitar | crecer infancia niño criar pasar | plantar
    sembrar | regar riego agua | podar cortar poda recortar | abonar fertilizar abono | reposar descansar reposo | hornear
    horno cocer | cocinar preparar | calentar calefacción calor | frío invierno | invierno | verano | noche tarde | mañana
    temprano | día diario | semana semanal | mes mensual | año anual | frecuencia menudo frecuente intervalo | plan planear |
    abrir apertura abierto comprar | cerrar cierre abierto cerrado | visitar ir visita | entrar acceso entrada | camino ruta |
    viajar viaje | conducir coche | ciudad pueblo | campo pueblo | costa mar playa | lago estanque | nadar bañar | pescar
    pesca | perro animal mascota | seguro peligro peligroso riesgo | problema dificultad error | error fallo | evitar impedir
    | causa motivo razón | efecto consecuencia | cambiar modificar | reemplazar sustituir cambiar | actualizar | añadir
    agregar | incluir contener incluido | respaldo copia guardar | copiar | significar significado | fin objetivo propósito |
    importante | ventaja beneficio | desventaja inconveniente | diferencia distinguir | método procedimiento paso proceso |
    herramienta aparato | teléfono móvil celular | ordenador computadora | activar encender | desactivar apagar | conectar
    enlazar | compartir | mostrar enseñar | contar número | cantidad número | medir pesar | límite máximo | mínimo | plazo
    fecha | vacaciones permiso | enfermo enfermedad | médico doctor | dolor doler | dormir cama | comer comida | beber bebida
    | lavar limpiar | óxido | afilar | madera | jardín huerto | dinero | ganar sueldo salario | tienda comercio | libro leer |
    imagen foto | niño hijo hija | madre mamá | padre papá | casar boda | amigo | nacer nacimiento | morir muerte | guerra |
    consejo aconsejar recomendar | idea | intentar probar | practicar entrenar | cosa objeto | lugar sitio parte | llave |
    colgar estar | reiniciar | proteger | gratis gratuito | teletrabajo | aprobar autorizar | solicitar pedir | avisar
    informar | inscribir registrar | cancelar anular | suscripción abono | difícil duro | fácil sencillo | duro endurecer
    endurezca | dirigir llevar | durar duración | registro log bitácora | vigilar supervisar | alerta alarma aviso | desplegar
    despliegue publicar | compilar construir | lento lentitud | memoria espacio disco | caída caer fallo | corte avería
    interrupción | tarea trabajo | clave token secreto | certificado | cifrar cifrado proteger | consulta petición solicitud |
    columna campo | fila registro | tabla lista | servidor máquina entorno | prueba probar ensayo | incidencia ticket |
    biblioteca paquete | botón tecla | pulsar clic | factura recibo | gasto dieta | reembolsar devolver reembolso | sueldo
    salario paga nómina remuneración | becario práctica | contratar contrato | acuerdo contrato | firmar firma | aplazar
    posponer mover retrasar | retraso retrasar tarde demora | confirmar | asistir participar venir | libre disponible | sala
    habitación | aparcar estacionar | proveedor | informe resumen | charla discurso presentación | público oyente | nervioso
    inquieto | calmar tranquilizar | silencio callar | ruido | soledad solo | duelo luto pérdida | alegría felicidad | llorar
    lágrima | reír risa broma | poema poesía verso | novela libro | capítulo | borrador versión | corregir revisar | publicar
    imprimir | lector | cuaderno libreta diario | carta escribir | dibujar dibujo | tallar talla | tejer lana | coser | pesca
    pescar | caza cazar | vela barco | abeja colmena miel apicultor | oveja rebaño | vaca ganado | caballo yegua | gallina |
    pan masa | caldo sopa | hervir cocer | carne | verdura | fruta | mermelada | sal salar | azúcar | grasa mantequilla aceite
    | corteza crujiente | tierno blando | agrio ácido | té | café | vino | fumar cigarro | costumbre hábito ritual | levantar
    despertar | amanecer mañana | tiempo lluvia | lluvia llover | nieve | niebla | helada helar | calor caliente temperatura |
    temperatura caliente grado | suelo tierra | compost estiércol | semilla | flor | caracol babosa plaga | sierra | cincel
    cuchillo hoja | tejado teja | gotera fuga | tubería | caldera calefacción | vela lámpara luz | ventana | escalera |
    armario cajón | caja | botella tarro | cuerda | reloj | campana | tren | autobús | avión vuelo volar | billete entrada |
    mapa plano | elección votar | ley derecho | policía | iglesia fe | rezar oración | cumpleaños | divorcio separación | tío
    tía | vecino | extraño extranjero | bebé | jubilación jubilar | escuela clase colegio | examen prueba | universidad
    estudio estudiar estudió | estudiar escuela estudio | deber | profesor maestro | influencia influir marcar | lamentar
    arrepentir | suerte azar | valor valiente | paciencia | honesto verdad | mentir mentira | confianza | promesa prometer |
    secreto | discusión discutir pelea | perdonar perdón | cortés educado | vergüenza | celos envidia | cansado agotado |
    pausa descanso | prisa | esperar espera | puntual | postura opinión | truco | extraño raro | bonito hermoso | orden
    ordenar | desorden | expediente documento papel | destruir tirar | entrega pedido envío entregar | sartén | curar tratar |
    pegar | quemar fuego | copia respaldo copiar
    | vivir residir habitar | vender deshacerse venta | dejar abandonar marcharse irse | trabajar currar trabajo empleo |
    fumar tabaco cigarrillo | mandar enviar remitir | recoger buscar | hijo hermano niño | película peli filme cine | casa
    vivienda hogar piso | coche auto carro | pagar abonar pago | precio coste tarifa valer costar | tarjeta pago | vuelo
    avión volar | salir partir despegar salida | llegar llegada | empezar comenzar inicio arrancar | terminar acabar fin
    concluir | reunión junta encuentro cita | factura recibo | registro log | carpeta directorio | revertir deshacer volver
    | despliegue desplegar | guardar almacenar conservar | borrar eliminar limpiar limpieza | ejecutar correr lanzar
    arrancar | script programa proceso | copia respaldo | máquina equipo ordenador | funcionar servir marchar | máximo
    límite tope | mínimo menos | permitir dejar admitir aceptar poder | prohibir vetar | responsable encargado encargarse
    llevar | ganar ganador vencer | fundar crear fundación | conocer encontrarse | novio novia pareja chico chica | abuelo
    yayo | abuela yaya | médico doctor | opinar pensar parecer opinión | gustar encantar agradar | odiar detestar |
    frecuencia a menudo cada | regar riego | cocinar guisar | duro seco endurecer endurecerse
    """,
}

ASKED_FOR: tuple[tuple[str, str], ...] = (
    (
        "often",
        r"how (?:often|frequently|many times (?:a|per) \w+)|(?:at )?what(?: is|'s| are)?(?: the"
        r"| your)?(?: \w+)? (?:intervals?|frequency)(?: for| of)?|every how many \w+"
        r"|wie (?:oft|häufig)|in welchen (?:zeitlichen )?abständen|in welchem (?:abstand|rhythmus|turnus)"
        r"|à quelle fréquence|tous les combien|à quel rythme|avec quelle fréquence|quelle est la fréquence"
        r"|cada cuánt[oa]s?(?: tiempo)?|con qué frecuencia|cuántas veces",
    ),
    ("old", r"how old|what age|wie alt|quel âge|qué edad|cuántos años"),
    (
        "lasting",
        r"(?:for )?how long|how much time|(?:after|in) how long|what (?:is|'s) the (?:\w+ )?(?:duration"
        r"|length of time)|how many (?:hours|minutes|days|weeks|months|years)(?! of)"
        r"|wie lang(?:e)?|wie viel zeit|wie viele (?:stunden|minuten|tage|wochen|monate|jahre)|welche (?:dauer"
        r"|ruhezeit|gehzeit|backzeit|kochzeit)"
        r"|(?:pendant )?combien de (?:temps|jours|heures|minutes|semaines|mois)|quelle (?:est la )?durée"
        r"|(?:durante )?cuánt[oa]s? (?:tiempo|horas|minutos|días|semanas|meses|dura|duran|tarda|tardan)|qué duración",
    ),
    (
        "when",
        r"(?:by |until |till |from |since |at |on |in )?(?:what|which) (?:time|day|date|year|month|hour|weekday"
        r"|season|moment)(?: of the \w+)?"
        r"|(?:until|till|since|by|from) when|how late|how early|how soon|how long ago"
        r"|(?:bis|seit|ab) wann|um wie ?viel uhr|wie spät|(?:an|in|zu|um) welche[mrn] (?:tag|datum|jahr|monat"
        r"|zeit(?:punkt)?|uhrzeit|wochentag)|zu welcher (?:uhr)?zeit"
        r"|(?:à|depuis|jusqu'à|en|dans) (?:quelle?s?|quand) ?(?:heure|jour|date|année|mois|moment)?"
        r"|quel(?:le)? (?:heure|jour|date|année|mois|moment)|(?:depuis|jusqu'à) quand"
        r"|(?:a|desde|hasta|en) qué (?:hora|día|fecha|año|mes|momento)|(?:desde|hasta|para) cuándo|qué (?:hora|día"
        r"|fecha|año|mes)",
    ),
    (
        "why",
        r"for (?:what|which) reason|how come|what (?:was|is|were|are|'s) (?:the|your|its|his|her|their) (?:main "
        r"|real )?(?:reasons?|causes?|motives?|motivation)"
        r"(?: (?:for|of|behind|that|why))?|what (?:made|makes|led|leads|drove|drives|caused|causes|prompted"
        r"|brought)|what got (?:you|him|her|them) (?:in)?to"
        r"|aus welche[mn] gr(?:u|ü)nd(?:en?)?|was (?:war|ist) der grund(?:,? (?:dafür|weshalb|warum))?"
        r"|was hat (?:dich|euch|sie|ihn) (?:dazu )?(?:gebracht|bewogen)|wie kam es(?: dazu)?|wie kommt es"
        r"|pour quelles? raisons?|qu'est-ce qui (?:t'|vous |l'|les )?(?:a|avait|ont) (?:poussée?s?|amenée?s?|fait"
        r"|décidée?s?)|quelle (?:est|était|fut) la (?:raison|cause)"
        r"|(?:por|cuál fue|cuál es) (?:el|qué) (?:motivo|causa|razón)|por qué (?:motivo|razón|causa)|qué (?:te "
        r"|os |le |lo )?(?:motivo|razón|llevó|hizo)(?: (?:tuviste|tuvo|hay|a|que)\b)?|a qué se debe",
    ),
    (
        "price",
        r"how much (?:is|are|was|were|does|do|did|will|would|must|should) (?:[^?.!]{1,60}? )?(?:cost|pay|charge|spend|be)\b"
        r"|what (?:does|do|did|will|would) (?:[^?.!]{1,60}? )?cost\b|what(?: is|'s| are| was)? (?:the"
        r"|its) (?:price|cost|fee|charge|fare)s?(?: of| for)?|at what price"
        r"|how expensive|what (?:did|do) (?:i|we|you|they|he|she) (?:have to )?(?:pay|owe)\b"
        r"|wie ?viel (?:kostet|kosten|zahlt|zahle|bezahlt|muss man zahlen|geld)|was (?:kostet|kosten|kostete)"
        r"|wie ?viel (?:[^?.!]{1,40}? )?(?:gekostet|bezahlt|gezahlt)|was haben? (?:[^?.!]{1,40}? )?(?:gekostet|bezahlt|gezahlt)"
        r"|wie teuer|was (?:muss|müssen|zahle|zahlt|zahlen|soll)\b[^?.!]{0,60}?(?:zahlen|bezahlen|ausgeben)"
        r"|was zahlt|(?:wie hoch ist|welchen) (?:der )?preis|zu welchem preis"
        r"|combien (?:coûte(?:nt)?|coûtait|faut-il payer|doit-on payer|vaut)|quel(?:le)? est le (?:prix|coût"
        r"|tarif)(?: de| du)?|(?:à )?quel prix|combien (?:[^?.!]{1,40}? )?(?:coûtée?s?|payée?s?)\b"
        r"|cuánto (?:cuestan?|costó|costaron|vale|valen|hay que pagar|se paga|pag\w{1,6})|qué (?:precio|cuesta|vale)"
        r"|cuál es el (?:precio|coste|costo)(?: del?)?",
    ),
    (
        "many",
        r"how (?:many|much)|what (?:is |'s |was |are )?(?:the )?(?:\w+ )?(?:number|amount|quantity|total|count|capacity)(?: of)?"
        r"|wie ?viele?[nr]?|welche (?:menge|anzahl)|wie hoch ist die (?:zahl|anzahl)|combien|quelle (?:quantité"
        r"|capacité)|quel (?:est le )?nombre"
        r"|cuánt[oa]s?|qué (?:cantidad|número|capacidad)",
    ),
    (
        "where",
        r"(?:in|at|to|on|from|under) (?:what|which) (?:place|town|city|village|country|room|location|spot|street"
        r"|building|part|folder|directory|path)|what (?:place|location|town|city|country|folder|directory)"
        r"|what(?: is|'s) the (?:path|location|whereabouts)(?: (?:of|to))?"
        r"|(?:in|an|aus) welche[mnr] (?:ort|stadt|dorf|land|stelle|raum|zimmer|platz|ordner|verzeichnis|pfad)|(?:à|dans|en"
        r"|de) quel(?:le)? (?:endroit|ville|lieu|village|pays|pièce|salle|dossier|répertoire)"
        r"|(?:en|a|de) qué (?:sitio|lugar|ciudad|pueblo|país|sala|parte|carpeta|directorio)",
    ),
    (
        "who",
        r"(?:by|from|with|to) whom?|what (?:person|colleague|man|woman)|which (?:person|people|colleague|man|woman"
        r"|artist|team)|(?:what is|what's) the name of the (?:person|man|woman)"
        r"|(?:von|mit|an|bei|durch) we[mn]|welche (?:person|kollegin)|welcher (?:mensch|kollege)|(?:par|de|avec|à"
        r"|chez|auprès de) qui|quelle personne|(?:por|de|con|a) quién(?:es)?|qué persona",
    ),
    (
        "opinion",
        r"(?:do|did) you (?:like|enjoy|love)|what (?:do|did|does|would) (?:you|he|she|they|we) (?:think|make|feel"
        r"|say) (?:of|about|on)|what(?: is|'s| are| was| were)? your (?:\w+ )?(?:opinions?|views?|thoughts|take"
        r"|stance|attitude)(?: on| of| about)?"
        r"|how (?:do|did|does) (?:you|he|she|they) (?:feel about|like|find|see|view)|was (?:hältst du|halten sie"
        r"|haltet ihr|denkst du|denken sie|meinst du) (?:von|über|zu)?|wie (?:denkst du|denken sie|stehst du"
        r"|stehen sie) (?:über|zu)"
        r"|wie (?:findest du|finden sie|gefällt dir|gefiel dir)|que penses?-(?:tu|vous) d|que pensez-vous d[eu]s?"
        r"|quel est (?:ton|votre) avis sur|qué (?:opinas?|piensas?|te parece)(?: de| sobre)?|cuál es (?:tu"
        r"|su) opinión(?: sobre| de)?",
    ),
)
"""What a question asks for, however it is put, and the pattern of the words that ask; the first that fits is taken."""

PHRASES: dict[str, str] = {
    phrase.strip(): word
    for word, phrases in {
        "remove": "get rid of | take off | take out | do away with | clear away",
        "care": "look after | take care of",
        "undo": "roll back | back out | take back",
        "quit": "give up | walk away from | turn your back on",
        "discard": "throw out | throw away | kick out | chuck out",
        "configure": "set up | setting up | put in place",
        "before": "prior to",
        "repair": "put right | patch up",
        "meet": "get together | get to know each other | got to know each other",
        "handle": "deal with | cope with | go about",
        "survive": "keep alive | stay alive | am leben halten | am leben erhalten | en vie | con vida",
        "winter": "cold months | cold season | winter months | kalte jahreszeit | kalten jahreszeit | saison froide",
        "tell me": "walk me through | talk me through | guide me through | can you remember | do you remember | can you recall",
        "kubernetes": "k8s",
        "timeout": "time out | times out",
        "default": "by default | if i set nothing | if nothing is set",
        "backup": "back up | backs up | backed up | backing up",
        "a": "a été | t-il été | t-elle été | ont été",
        "you": "u",
        "are": "r",
        "responsible": "in charge of",
        "cancel": "call off",
        "postpone": "put off",
        "begin": "get going | get started | kick off",
        "discover": "find out | figure out | work out",
        "happen": "take place | go on | come about | a lieu | ont lieu | aura lieu | auront lieu | avoir lieu | a eu lieu",
        "recognise": "can you tell | do you tell | can i tell | do i tell | can one tell | you can tell",
        "dead": "pass away | passed away",
        "grow": "grow up | grew up | bring up | brought up",
        "allowed": "am i allowed | is it ok | is it okay | is it alright | is it all right | is it fine | is it possible",
        "passwort": "mot de passe",
        "durcir": "devenir dur | poner duro | ponga duro",
    }.items()
    for phrase in phrases.split(" | ")
}
"""Several words that say what one does."""

ANTONYMS: dict[Literal["en", "de", "fr", "es"], str] = {
    "en": """
    import export | upgrade downgrade | enable disable | open close shut | opened closed shut | buy sell | win lose | start
    stop end finish | begin end finish | push pull | send receive | lend borrow | arrive depart leave | enter leave exit |
    accept refuse reject decline | allow forbid ban | love hate | like dislike | join leave quit | hire fire | upload download
    | encrypt decrypt | compress decompress | increase decrease reduce lower | raise lower | heat cool | hot cold | warm cold
    | summer winter | spring autumn | morning evening | day night | north south | east west | left right | front back rear |
    top bottom | inside outside | indoor outdoor | big small | large small | long short | tall short | high low | fast slow |
    early late | young old | rich poor | public private | internal external | minimum maximum | input output | inbound
    outbound | incoming outgoing | read write | add remove delete | create delete remove | install uninstall remove | connect
    disconnect | lock unlock | subscribe unsubscribe | advantage disadvantage drawback | benefit drawback risk | pro con |
    strength weakness | success failure | succeed fail | build demolish | plant uproot harvest | birth death | born die dead |
    marry divorce | husband wife | mother father | brother sister | son daughter | boy girl | man woman | uncle aunt |
    grandmother grandfather | freeze thaw | wet dry | full empty | hard easy soft | cheap expensive | fill empty | mount
    unmount | attach detach | merge split | remember forget | sunrise sunset | client server | frontend backend | tea coffee |
    sugar salt | cat dog | teacher student pupil | parent child | question answer | staging production | save spend | break
    repair fix | lose find gain | single double | better worse | best worst | ascend descend | war peace | truth lie | safe
    dangerous risky unsafe | strong weak | heavy light | thick thin | wide narrow | deep shallow | clean dirty | known unknown
    | visible hidden | active inactive | online offline | manual automatic | local remote | raw cooked | boil fry bake | north
    east | buyer seller | employer employee | landlord tenant | guest host | author reader | start stop quit give | begin quit
    abandon | show hide | sharpen blunt | grow shrink | keep burn throw sell lose destroy shred discard | skip insert | adore
    hate loathe | praise criticise unkind | rise fall sink | gain lose | remember forget | agree disagree | stay leave |
    arrive leave | alone together | encrypted plain unencrypted | paid unpaid | married single unmarried | stored deleted
    """,
    "de": """
    importieren exportieren | öffnen schließen | kaufen verkaufen | gewinnen verlieren | anfangen aufhören enden | beginnen
    enden | einschalten ausschalten | senden empfangen | leihen verleihen | ankommen abfahren | annehmen ablehnen | erlauben
    verbieten | lieben hassen | hochladen herunterladen | erhöhen senken | heiß kalt | warm kalt | sommer winter | frühling
    herbst | morgen abend | tag nacht | norden süden | osten westen | links rechts | vorne hinten | oben unten | innen außen |
    groß klein | lang kurz | hoch niedrig tief | schnell langsam | früh spät | jung alt | öffentlich privat | intern extern |
    minimum maximum | lesen schreiben | hinzufügen entfernen löschen | anlegen löschen | installieren deinstallieren |
    verbinden trennen | vorteil nachteil | stärke schwäche | erfolg misserfolg | geburt tod | heiraten scheiden | mann frau |
    mutter vater | bruder schwester | sohn tochter | großmutter großvater | oma opa | einfrieren auftauen | nass trocken |
    voll leer | schwer leicht | billig teuer | sperren entsperren | tee kaffee | lehrer schüler | sparen ausgeben | finden
    verlieren | ausziehen einziehen | gießen düngen schneiden | beste schlechteste | sicher gefährlich | stark schwach | dick
    dünn | breit schmal | sauber schmutzig | aktiv inaktiv | manuell automatisch | lokal entfernt | roh gekocht | käufer
    verkäufer | mieter vermieter | anmelden abmelden | aufbauen abbauen | zunehmen abnehmen | behalten verbrennen wegwerfen
    verkaufen verlieren vernichten schreddern | aufbewahren vernichten wegwerfen schreddern | loben tadeln | steigen fallen
    sinken | bleiben gehen | allein zusammen gemeinsam | verschlüsselt klartext unverschlüsselt | bezahlt unbezahlt |
    verheiratet ledig
    """,
    "fr": """
    importer exporter | ouvrir fermer | acheter vendre | gagner perdre | commencer finir arrêter | activer désactiver |
    allumer éteindre | envoyer recevoir | prêter emprunter | arriver partir | accepter refuser | autoriser interdire | aimer
    détester | augmenter diminuer réduire | chaud froid | été hiver | printemps automne | matin soir | jour nuit | nord sud |
    est ouest | gauche droite | avant arrière | haut bas | intérieur extérieur | grand petit | long court | rapide lent | tôt
    tard | jeune vieux | public privé | interne externe | minimum maximum | lire écrire | ajouter supprimer | créer supprimer
    | installer désinstaller | connecter déconnecter | avantage inconvénient | force faiblesse | réussite échec | naissance
    mort | mari femme | mère père | frère sœur | fils fille | grand-mère grand-père | congeler décongeler | mouillé sec |
    plein vide | difficile facile | cher bon | thé café | arroser rempoter tailler | aimer quitter | trouver perdre | meilleur
    pire | sûr dangereux | fort faible | épais mince | large étroit | propre sale | actif inactif | manuel automatique | cru
    cuit | acheteur vendeur | locataire propriétaire | montrer cacher | déjeuner dîner | garder brûler jeter vendre perdre
    détruire | adorer détester haïr | louer critiquer | monter descendre baisser | rester partir | seul ensemble | chiffré
    clair | payé bénévole | marié célibataire
    """,
    "es": """
    importar exportar | abrir cerrar | comprar vender | ganar perder | empezar terminar acabar | activar desactivar | encender
    apagar | enviar recibir | prestar pedir | llegar salir | aceptar rechazar | permitir prohibir | amar odiar | subir bajar |
    aumentar reducir | caliente frío | verano invierno | primavera otoño | mañana noche tarde | día noche | norte sur | este
    oeste | izquierda derecha | delante detrás | arriba abajo | interior exterior | grande pequeño | largo corto | alto bajo |
    rápido lento | temprano tarde | joven viejo | público privado | interno externo | mínimo máximo | leer escribir | añadir
    quitar eliminar | crear eliminar borrar | instalar desinstalar | conectar desconectar | ventaja desventaja inconveniente |
    éxito fracaso | nacimiento muerte | marido mujer | madre padre | hermano hermana | hijo hija | abuela abuelo | congelar
    descongelar | mojado seco | lleno vacío | difícil fácil | barato caro | té café | regar podar abonar | encontrar perder |
    mejor peor | seguro peligroso | fuerte débil | grueso fino | ancho estrecho | limpio sucio | activo inactivo | manual
    automático | crudo cocido | comprador vendedor | inquilino propietario | mostrar ocultar | nadar cocinar | pintar
    restaurar | guardar quemar tirar vender perder destruir | conservar quemar tirar vender destruir | adorar odiar detestar |
    alabar criticar | subir bajar | quedarse irse | solo juntos | cifrado claro | casado soltero
    """,
}
"""Opposites: the first of a group may stand for none of the others."""

KINDS_OF_THING = """
    red white green blue black yellow brown grey | rot weiß grün blau schwarz gelb | rouge blanc vert bleu noir jaune | rojo
    blanco verde azul negro amarillo | breakfast lunch dinner | frühstück mittagessen abendessen | first second third last |
    week day month year | monthly yearly weekly daily | jahr monat woche tag | jahreskarte monatskarte tageskarte wochenkarte
    | an mois semaine jour | año mes semana día | january february march april may june july august september october november
    december | januar februar märz april mai juni juli august september oktober november dezember | janvier février mars avril
    mai juin juillet août septembre octobre novembre décembre | enero febrero marzo abril mayo junio julio agosto septiembre
    octubre noviembre diciembre | monday tuesday wednesday thursday friday saturday sunday weekend | mondays tuesdays
    wednesdays thursdays fridays saturdays sundays weekends | montag dienstag mittwoch donnerstag freitag samstag sonntag
    sonnabend wochenende | montags dienstags mittwochs donnerstags freitags samstags sonntags | lundi mardi mercredi jeudi
    vendredi samedi dimanche | lunes martes miércoles jueves viernes sábado domingo | spring summer autumn winter | frühling
    frühjahr sommer herbst winter | printemps été automne hiver | primavera verano otoño invierno | windows linux macos mac
    android ios ubuntu debian | python java javascript typescript rust go ruby php kotlin | chrome firefox safari edge |
    postgresql mysql sqlite mongodb redis | english german french spanish italian latin greek russian chinese japanese |
    englisch deutsch französisch spanisch italienisch latein | anglais allemand français espagnol italien | inglés alemán
    francés español italiano | london paris berlin madrid rome vienna | apple pear plum cherry peach melon grape | rose tulip
    lily | cow sheep goat pig horse hen chicken duck | kuh schaf ziege schwein pferd huhn | vache mouton chèvre cochon cheval
    poule | vaca oveja cabra cerdo caballo gallina | piano violin cello trumpet guitar flute organ | train plane car bus
    bicycle boat tram | zug flugzeug auto bus fahrrad schiff | train avion voiture bus vélo bateau | tren avión coche autobús
    bicicleta barco | wood stone brick iron steel plastic concrete glass | holz stein ziegel eisen stahl plastik beton | bois
    pierre brique fer acier plastique béton | madera piedra ladrillo hierro acero plástico hormigón | baker smith teacher
    doctor farmer sailor miner carpenter tailor butcher nurse lawyer fisherman soldier priest | bäcker schmied lehrer arzt
    bauer seemann bergmann schreiner schneider metzger anwalt fischer soldat pfarrer | boulanger forgeron instituteur médecin
    paysan marin mineur menuisier tailleur boucher avocat pêcheur soldat | panadero herrero maestro médico campesino marinero
    minero carpintero sastre carnicero abogado pescador soldado | uncle aunt father mother grandfather grandmother brother
    sister cousin | onkel tante vater mutter großvater großmutter bruder schwester | oncle tante père mère grand-père
    grand-mère frère sœur | tío tía padre madre abuelo abuela hermano hermana | cash card cheque | bar karte scheck | espèces
    carte chèque | efectivo tarjeta cheque | aws azure gcp | slack teams zoom discord | github gitlab bitbucket | docker
    podman | nginx apache caddy | json yaml toml xml csv | http https ssh ftp | tea coffee water wine beer milk | tee kaffee
    wasser wein bier milch | thé café eau vin bière lait | té café agua vino cerveza leche | kitchen cellar attic garage
    bedroom bathroom hall | küche keller dachboden garage schlafzimmer bad flur | cuisine cave grenier garage chambre salon |
    cocina sótano desván garaje dormitorio baño | butter oil margarine lard | butter öl margarine schmalz | beurre huile
    saindoux | mantequilla aceite manteca | football tennis chess rugby cricket | paris london berlin madrid rome vienna
    lisbon | oak pine beech birch ash | eiche kiefer buche birke esche | chêne pin hêtre bouleau | roble pino haya abedul |
    north south east west | norden süden osten westen | nord sud est ouest | norte sur este oeste
"""
"""Names of one kind of thing: one in the place of another makes another question."""
