"""More words that people exchange for one another, by what daily life, an office and a project speak of."""

from __future__ import annotations

from typing import Literal

EVERYDAY: dict[Literal["en", "de", "fr", "es"], str] = {
    "en": """
    catering food meal lunch dinner buffet | job work profession occupation living employment career earn money | birthday
    born birth | session login signin logged | expire expiry valid timeout lapse invalidate last | lag behind delay latency
    replication | password credentials login passcode | message text mail sms msg note email | colleague coworker guy teammate
    workmate | nice kind friendly pleasant like | couple together partner relationship dating married | miss lack long
    homesick absence | homeland country home origin native | mad angry cross upset annoyed furious | sleep slept night rest
    nap asleep | coins change cash | candidate applicant interviewee | impression think opinion view | unlearn forget |
    support care maintain compatible | vulnerability bug hole flaw security exploit | graph chart plot diagram | throughput
    requests capacity rate | archive store | wifi wireless wlan network internet | laptop computer pc machine notebook | phone
    mobile number cell call ring | parents mother father mum dad folks | children kids little ones offspring | film movie
    picture | series show programme | jacket coat | sofa couch settee | flat apartment place home | house home place building
    | yard garden | trip journey travel voyage crossing | holiday vacation leave break time-off | evening tonight night |
    weekend saturday sunday | noon midday lunch | sick ill unwell poorly health | doctor physician medic medicine | medicine
    medicinal doctor | dead death die died funeral | alone lonely loneliness solitude single | happy happiness content glad
    joy | sad sadness unhappy down | proud pride | regret sorry repent wish | afraid fear scared frightened terrified frighten
    | brave courage bold | silence quiet silent still | noise loud sound racket | price cost fee ticket fare | cheap
    inexpensive affordable | salary pay wage earn income | invoice bill receipt | refund reimburse money back repay | expense
    expenses cost travel | contract agreement deal | sign signature signed | deadline due submission hand submit cutoff |
    appointment meeting call date slot | conference meeting call chat talk | minutes notes protocol record summary | agenda
    topic topics discuss item | attend come participate join turnout | guest visitor | invite invited list invitation | boss
    manager lead supervisor head | chair chairs preside lead moderate | organise organize arrange plan prepare | cancel call
    off drop | postpone delay push reschedule move | rota schedule shift roster timetable plan | key keys keyholder | car
    vehicle drive park | bike bicycle cycle | bus coach shuttle | plane fly flight aircraft airplane | train rail railway |
    distance far away | height tall high | weight weigh heavy | age old years | size big large large-scale dimension | speed
    fast quick slow performance | duration length last take long | frequency often interval schedule every | amount number
    count quantity | maximum limit cap largest most | minimum least smallest lowest | default standard unless preset | option
    flag switch parameter setting | folder directory path location | log logs logfile record | port listen | host server
    machine node | database db postgres store | table tables relation | column field | container docker image | branch
    branches | commit change revision | review approve approval check | test tests suite check | bug error issue defect
    problem | crash die fail exit abort | slow sluggish lag crawl | fast quick speedy | memory ram footprint | disk storage
    drive | token key credential secret | permission rights access admin administrator allowed | account profile user |
    notification alert ping buzz | encrypt encryption cipher | backup copy dump snapshot | restore recover load back bring |
    rollback undo revert | deploy release ship rollout launch | schedule cron timer | queue backlog | worker process job |
    timeout wait give up | retry again repeat | overwrite replace clobber | delete erase remove wipe | keep retain retention
    store hold | visible see show display view | enabled active on activated | disabled inactive off deactivated | wrong
    mistaken incorrect false | true real really | teacher master tutor professor | pupil student learner class | book novel
    volume text title | poem poetry verse | paint painting picture canvas | write writing author written | read reading | name
    names called call | character characters figure protagonist | advice tip counsel recommend suggestion | influence shape
    mark impact affect | memory remember recall recollect | childhood child young youth boy girl | lie untruth dishonest
    untruthful | secret hidden trick | meaning mean significance | believe faith real exist god religion | ghost spirit ghosts
    | luck fortune | war wartime | village town hamlet | sea ocean water beach | mountain hill | storm weather gale | snow
    snowfall | summer july august | instrument music play | sing song singer | cook cooking recipe kitchen dish | eat food
    meal dinner | drink beverage | vegetarian meat | smoke cigarette smoking | dog dogs pet | swim pool bathe | television tv
    watch screen | brother sister sibling brothers | grandmother gran granny grandma | grandfather grandpa grandad | wife
    husband spouse marriage | girlfriend boyfriend partner | friend mate buddy pal | allergy allergic | interview talk hiring
    | hire recruit onboarding onboard | travel trip | score win won result | birthplace born birth | residence live lives
    based | save rescue | favourite preferred love best prefer | photograph picture photo | demolish tear torn raze | quarrel
    argue row dispute | accept agree approve yes | reject refuse decline turn down | open opening hours | closed shut |
    wardrobe closet | mantelpiece fireplace | broken defective stopped | dream dreams | colour color coloured | window pane |
    dress wear clothes outfit | shoes shoe footwear | neighbour neighbor next | translate translation language | tongue
    language speak fluent | quiet calm | tired exhausted sleepy | start begin first | stop quit longer anymore | own possess
    have belong
    """,
    "de": """
    essen verpflegung catering mahlzeit speise | beruf arbeit job verdienen geld | geburtstag geboren geburt | sitzung
    anmeldung login session verbindung | ablaufen abläuft gültig verfallen verfällt läuft ab timeout | nachricht text mail sms
    geschrieben | kollege kollegin neuer | paar zusammen beziehung verheiratet | vermissen fehlen fehlt vermisst | heimat land
    herkunft zuhause | sauer böse wütend verärgert zornig | schlafen nacht geschlafen ausruhen | kleingeld münzen bargeld |
    bewerber kandidat bewerberin kandidatin | eindruck meinung halten denken finden | sicherheitslücke schwachstelle lücke |
    diagramm graph schaubild | passwort kennwort zugang | ordner verzeichnis pfad | logs logdatei protokoll protokolle
    logdateien | urlaub ferien frei resturlaub urlaubstage verreisen | mitnehmen übertragen verfallen | führerschein
    autofahren fahren | komme weg hinkommen | eltern mutter vater | kennenlernen kennengelernt begegnen begegnet getroffen
    treffen | kinder kleinen kids | angst fürchten furcht | trauer traurig | einsam allein einsamkeit alleinsein | glücklich
    glück froh zufrieden | stolz | bereuen leid bedauern | ruhe still stille schweigen leise | lärm laut geräusch geräusche |
    preis kosten beitrag gebühr teilnahme eintritt | gehalt lohn verdienst | rechnung beleg | erstattung erstatten abrechnen
    reisekosten rückerstattung zurückbekommen | vertrag vereinbarung | unterschrift unterschreiben unterschrieben | frist
    abgabe einreichen abgeben abgabefrist | termin treffen besprechung meeting sitzung | protokoll notizen mitschrift |
    tagesordnung themen agenda | gast besucher besuch | eingeladen einladung liste | chef leitung leiter leiten leitet
    projektleitung | organisieren planen vorbereiten | absagen ausfallen entfallen | verschieben verlegen verlegt vertagen |
    dienstplan schicht plan | auto wagen parken | fahrrad rad | flugzeug fliegen flug | zug bahn | entfernung weit entfernt |
    höhe hoch groß | gewicht wiegen wiegt schwer | alter alt jahre | größe groß | dauer dauern lange aufbewahrungsdauer |
    häufigkeit oft abstand | anzahl menge zahl | maximal höchstens grenze limit höchstgrenze | standard voreinstellung
    standardmäßig | option schalter parameter einstellung | server rechner maschine | datenbank postgres | speicher ram
    arbeitsspeicher | platte festplatte speicherplatz | recht rechte berechtigung zugriff administrator | konto profil |
    benachrichtigung hinweis meldung | verschlüsseln verschlüsselt verschlüsselung | sicherung backup kopie | wiederherstellen
    zurückholen einspielen | zurücksetzen ändern neu vergessen | löschen entfernen gelöscht aufräumen | aufbewahren behalten
    aufbewahrt erhalten speichern gespeichert liegen liegt ablegen | überschreiben ersetzen überschrieben | aktiv an
    eingeschaltet aktiviert | inaktiv aus ausgeschaltet deaktiviert | fehler bug problem | langsam träge | schnell flott |
    lehrer lehrerin professor | schüler student | buch roman band | gedicht lyrik | malen gemälde bild | schreiben autor
    tippen geschrieben | rat tipp raten empfehlen empfehlung | prägen einfluss geprägt beeinflusst | erinnern erinnerung
    gedächtnis | kindheit kind jung | lügen unwahrheit lüge | bedeuten bedeutung heißen | glauben glaube gott | krieg | dorf
    ort | meer see strand | sommer juli august | instrument musik spielen | kochen rezept gericht | fleisch vegetarier
    vegetarisch | rauchen zigarette | schwimmen freibad baden | fernseher fernsehen glotze | geschwister bruder schwester |
    oma großmutter | opa großvater | frau mann ehe | freundin freund partner | zuständig verantwortlich kümmern kümmert |
    vertreten übernehmen vertritt ersetzen | geboren stammen herkunft aufgewachsen | wohnen leben wohnt lebt | lieblings mögen
    liebsten | foto bild aufnahme | hand handschrift | laptop rechner computer | heute heut | vorhaben vorhast pläne machen
    plan | abendessen essen abend | offen geöffnet öffnungszeiten | zu geschlossen | jacke mantel | wohnung haus zuhause |
    reise fahrt reisen | leiter chef | büro arbeit | hund hunde | datei file | gekündigt kündigen kündigung | ankommen kommen
    anwesend dabei
    """,
    "fr": """
    repas nourriture traiteur manger dîner | métier travail profession emploi gagner argent | anniversaire naissance né née
    anniv | session connexion login | expirer valide valable durée expire | message texto mail sms envoyé lu courriel |
    collègue nouveau | couple ensemble mariés | manquer manque regretter absence | pays patrie terre natal | fâché colère
    furieux en veux | dormir nuit sommeil dormi | monnaie pièces espèces | candidat candidate | impression avis penser opinion
    | faille vulnérabilité sécurité | graphique diagramme courbe | mot de passe code passwort | dossier répertoire chemin |
    journaux logs journal | congés vacances congé absent | reporter déplacer décaler repousser | permis conduire | parents
    père mère | rencontrer rencontre connaître connus rencontrés | enfants petits gosses | peur effrayer effraie craindre
    crainte | triste tristesse | seul solitude | heureux bonheur content | fier fierté | regretter regret désolé | silence
    calme silencieux | bruit son sons | prix coût tarif cotisation coûter payer | salaire paie | facture note | remboursement
    rembourser remboursé frais | contrat accord | signature signer signé | échéance délai date limite rendre | rendez-vous
    réunion entretien appel | compte rendu procès-verbal notes | ordre du jour sujets | invité visiteur | responsable chargé
    occuper s'occupe | organiser préparer prévoir | annuler résilier résiliation suppression | remplacer remplaçant relais
    remplace | voiture auto | vélo bicyclette | avion vol voler | train | distance loin | hauteur haut | poids peser pèse
    lourd | taille grand pointure | durée durer temps longtemps | fréquence souvent | nombre quantité combien | maximum limite
    plafond | défaut standard | option paramètre réglage | serveur machine | base de données postgres | mémoire ram | disque
    stockage stocké | droits accès permission administrateur | compte profil | notification alerte | chiffrer chiffré
    chiffrement | sauvegarde copie sauvegarder | restaurer récupérer | effacer supprimer enlever effacées | conserver garder
    stocker | écraser remplacer | actif activé allumé | inactif désactivé éteint | erreur bogue problème | lent lenteur |
    rapide vite | professeur maître enseignant prof | élève étudiant | livre roman ouvrage | poème poésie vers | peindre
    tableau peinture | écrire auteur rédiger | conseil recommander conseiller | marquer influence influencer | souvenir
    mémoire souvenez | enfance enfant jeune | mentir mensonge menteur | signifier sens veut dire | croire foi dieu | guerre |
    village bourg | mer océan plage | été juillet août | instrument musique jouer | cuisine recette plat cuisiner | viande
    végétarien | fumer cigarette | nager piscine baigner baigne | télévision télé | frère sœur fratrie | grand-mère mamie |
    grand-père papi | femme mari mariage | copine copain | naître né naissance | habiter vivre loger | préféré favori aimer
    préférer | photo image | main manuscrit | ordinateur laptop | soir ce soir soirée | plan projet prévu | dîner manger mange
    | ouvert ouverture heures | fermé | veste manteau | appartement maison logement chez | voyage trajet traversée | bureau
    travail | chien chiens | fichier | éditer modifier changer | répéter doublons double | activer mettre en place | wifi
    réseau internet | personnes gens | arriver venir venu | bouleverser changer transformer | dernier nouveau récent
    """,
    "es": """
    comida catering alimento cena comer | trabajo oficio profesión empleo ganar dinero | cumpleaños nacer nacimiento nació |
    sesión inicio conexión login | caducar válida válido expirar vigencia dura | mensaje texto correo sms mandé leído enviado
    | compañero colega nuevo | pareja juntos casados | echar de menos faltar falta extrañar | tierra país patria origen |
    enfadado molesto enojado furioso | dormir noche sueño | monedas suelto efectivo | candidato candidata | impresión opinión
    parecer pareció | fallo vulnerabilidad seguridad | gráfico diagrama | contraseña clave | carpeta directorio ruta |
    registros logs registro | vacaciones permiso descanso | aplazar mover retrasar posponer | carné conducir | padres padre
    madre | conocer encontrar conocieron encontraron | niños hijos peques | miedo asustar asusta temer | triste tristeza |
    solo soledad | feliz felicidad contento | orgullo orgulloso | arrepentirse lamentar | silencio callado | ruido sonido |
    precio coste tarifa costar pagar | sueldo salario | factura recibo | reembolso devolver devuelven reembolsar | contrato
    acuerdo | firma firmar firmado | plazo entrega entregar fecha | cita reunión llamada | acta notas | orden del día temas |
    invitado visitante | responsable encargarse encarga lleva cuenta | organizar preparar | cancelar baja | sustituir cubrir
    sustituye cubre | coche carro | bici bicicleta | avión vuelo volar aviones | tren | distancia lejos | altura alto | peso
    pesar pesa | talla número tamaño | duración durar tardar tarda | frecuencia | cantidad número | máximo límite tope |
    defecto predeterminado | opción parámetro ajuste | servidor máquina | base de datos postgres | memoria ram | disco
    almacenamiento | permisos acceso administrador | cuenta perfil | aviso notificación alerta | cifrar cifrado | copia
    respaldo seguridad | restaurar recuperar | borrar eliminar quitar | guardar conservar almacenar | sobrescribir reemplazar
    | activo activado encendido marcha | inactivo desactivado apagado | error problema | lento | rápido | profesor maestro
    profe | alumno estudiante | libro novela | poema poesía | pintar cuadro pintura | escribir autor redactar texto | consejo
    recomendar aconsejar | influir huella marcar influyó | recuerdo memoria recordar recuerda | infancia niño joven | mentir
    mentira miente | significar significado | creer fe dios | guerra | pueblo aldea | mar playa océano | verano julio agosto |
    instrumento música tocar | cocina receta plato cocinar | carne vegetariano | fumar cigarrillo | nadar piscina | televisión
    tele | hermano hermana hermanos | abuela yaya | abuelo yayo | mujer marido matrimonio | novia novio | nacer origen | vivir
    residir | favorita preferida favorito preferido gustar | foto imagen | mano manuscrito | ordenador portátil | noche hoy |
    planes plan hacer | cena cenar cenamos comer | abierto abierta horario | cerrado | chaqueta abrigo | piso casa apartamento
    | viaje trayecto | oficina trabajo | perro | archivo fichero | modificar cambiar poner | comprimir comprimido | carpeta
    directorio | terminal línea de comandos | contestar responder | motivo debe deberse razón | conducir manejar | zapato
    calzar calzas | bloque | wifi red internet
    """,
}
"""As in `likeness.metrics.synonyms.GROUPS`, of words that say what a question is about more than how it is put."""
