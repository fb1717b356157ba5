"""What a text says, apart from how it is worded: stems in four languages, one spelling, one word for those that mean the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, Literal

from likeness.metrics.cjk import CJK, codes_of
from likeness.metrics.text import FUNCTION_WORDS as ENGLISH

Tongue = Literal["en", "de", "fr", "es"]

SMALL: dict[Tongue, frozenset[str]] = {
    "en": ENGLISH
    | frozenset(
        """please tell explain describe anybody anything ought been having does mine ours theirs there's really actually
        currently usually normally exactly generally best right way proper properly possible possibly want need needs
        someone people person hi hello hey thanks kindly wanted need's able advice suggest recommend recommended question
        ask asking wonder wondering curious know say'd get'd would've s t d ll re ve m us able today's mean means
        find figure order supposed correct hadn""".split()
    ),
    "de": frozenset(
        """aber alle allem allen aller alles als also am an andere anderen auch auf aus außer bei beim bin bis bist bitte da dabei
        dafür damit danach dann daran darauf das dass dein deine deinem deinen deiner dem den denn der des deshalb dich die dies
        diese diesem diesen dieser dieses dir doch dort du durch eigentlich ein eine einem einen einer eines einfach einmal er
        erklär erkläre erklären es etwa etwas euch euer eure für ganz gar geht genau gern gerne gibt habe haben habt hast hat
        hatte hatten her hier hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja je jede jeden jeder jedes jemand
        jetzt kann kannst darf darfst dürfen dürft könnt könnte könnten können lässt lasst lassen mal man mein meine meinem meinen meiner mich mir mit muss
        musst müssen möchte möchten nach noch nun nur ob oder ohne sag sage sagen schon sehr sein seine seinem seinen seiner seit
        sich sie sind so soll sollen sollte sollten sollst sonst über um und uns unser unsere unserem unseren unserer unter viel
        vom von vor wann war waren warum was weg welche welchem welchen welcher welches wem wen wenn wer werde werden weshalb
        wie wieso wieviel wir wird wo wofür woher wohin womit wodurch worden wurde wurden zu zum zur zwischen hallo danke besten
        beste richtig möglich möglichkeit weise art wäre würde würden würdest geschieht dazu daher eben halt wohl denn hätte
        hättest
        beschreib beschreibe frage fragen wissen weißt weiß erzähl erzähle läuft
        eigentlichen gab gabs hattet wart hattest warst eurem euren eurer eures motiv""".split()
    ),
    "fr": frozenset(
        """a à ai ainsi alors après as au aucun aussi autre autres aux avais avait avant avec avez avoir avons c ça car ce ceci
        cela celle celles celui ces cet cette ceux chaque chez ci comme comment combien d dans de des donc dont du elle elles en
        encore entre es est et était étaient êtes être eu eux fait faire faut fois il ils j je l la là laquelle le lequel les
        lesquels leur leurs lui m ma mais me même mes moi mon n ni nos notre nous on ont ou où par parce pas peu peut peux
        peuvent plus pour pourquoi pouvez pouvons puis puisque qu quand que quel quelle quelles quels qui quoi s sa sans se sera
        ses si soi soit son sont sous sur t ta te tes toi ton tous tout toute toutes très tu un une va vas vers veut veux vos
        votre vous vont y merci bonjour salut dois doit doivent faudrait devrait devrais devrions pourrait pourrais peut-on dire
        dis dites explique expliquez expliquer moyen façon manière meilleur meilleure meilleurs savoir sais possible procéder
        exactement question aimerais voudrais souhaite s'il plaît décris""".split()
    ),
    "es": frozenset(
        """a al algo alguien algún alguna algunas alguno algunos ante aquel aquella así aun aunque cada como cómo con cual cuál
        cuales cuáles cualquier se cuando cuándo cuanto cuánto cuánta cuántas cuántos da de debe debemos deben debería
        deberíamos debo
        del desde después donde dónde dos dar e él el ella ellas ellos en entre era eran eres es esa esas ese eso esos esta está
        están estas este esto estos estoy fue fueron ha haber había habría hace hacer hacerlo han has hasta hay haya he hemos
        hola la las le les lo los luego más me mi mí mis mucho muy nos nosotros nuestra nuestras nuestro nuestros o os otra
        otras otro otros para pero poco por porque posible pude puede pueden puedo podemos podría pues que qué quien quién
        quienes quiere quiero sea según ser será si sí sin sino sobre sois solo somos son soy su sus también tan tanto te tener
        tengo ti tiene tienen toda todas todo todos tu tú tus un una unas uno unos usted ustedes va vas vosotros voy y ya yo
        gracias favor decir dime explica explicar explícame manera forma modo mejor saber sabes quisiera gustaría pregunta
        correcta hago haces""".split()
    ),
}
"""Words that say little alone, with those that only ask or are polite ("what is the best way to", "kannst du mir sagen")."""

OPERATORS: dict[str, str] = {
    word: code
    for code, words in {
        "¬": """not no never none nobody nothing nowhere neither nor without cannot nicht kein keine keinen keinem keiner keines
            nie niemals niemand nichts nirgends weder ohne ne pas jamais aucun aucune rien sans ni nunca ningún ninguno ninguna
            nadie nada jamás tampoco sin""",
        "~or": "or oder ou",
        "~off": "off",
        "~on": "on",
        "~before": "before vor bevor vorher avant antes",
        "~after": "after nach nachdem danach nachher après después",
        "~up": "up",
        "~down": "down",
        "~under": "under below unter sous debajo",
        "~over": "above over über oberhalb",
        "~less": "less fewer weniger moins menos",
        "~more": "more mehr",
        "~first": "first erste ersten erster erstes premier première primer primero primera",
        "~last": "last letzte letzten letzter letztes dernier dernière último última",
        "~next": "next nächste nächsten nächster nächstes prochain prochaine próximo próxima",
        "~always": "always immer stets toujours siempre",
        "~until": "until till bis jusqu hasta",
        "~out": "out",
        "~only": "only nur seulement solo sólo solamente",
        "~old": "old alt alte alten vieux vieille viejo vieja",
        "~new": "new neu neue neuen neuer neues nouveau nouvelle nuevo nueva",
        "~long": "long lang lange",
        "~often": "often oft souvent",
    }.items()
    for word in words.split()
}
"""Small words that turn a question into another one: "with" and "without", "on" and "off", "before" and "after"."""

ASKING: dict[str, str] = {
    word: code
    for code, words in {
        "?who": "who whom wer wen wem qui quién quiénes",
        "?whose": "whose wessen",
        "?where": "where wo où dónde place location ort lieu endroit lugar",
        "?whither": "wohin adónde",
        "?when": "when wann quand cuándo date datum",
        "?why": "why porqué warum weshalb wieso pourquoi reason reasons grund raison razón motivo cause",
        "?many": (
            "many number amount quantity count anzahl nombre número cantidad wieviel wieviele combien "
            "cuántos cuántas cuánto cuánta much viele viel"
        ),
        "?far": "far weit loin lejos",
    }.items()
    for word in words.split()
}
"""Question words. "What", "which" and "how" are not among them: they are exchanged for each other freely."""

_SAME: dict[Tongue, str] = {
    "en": """
        write wrote written author | turn switch | configuration config configure configuring configures configured
        conf setup settings | repository repo repos | database db datenbank | documentation docs doc documenting |
        kubernetes k8s | environment env | directory dir folder | application app apps | production prod | developer
        dev devs | development | authentication auth authenticate | authorization authorisation authz | administrator
        admin | information info infos | javascript js | typescript ts | postgresql postgres pg | python py | message
        msg | password pwd passwd passphrase | parameter param params | argument arg args | function func fn |
        reference ref refs | specification spec specs | temperature temp temps | approximately approx | appointment
        appt | department dept | government govt | management mgmt | quarter qtr | minute min mins | second sec secs |
        hour hr hrs | kilogram kilogramme kg kilo kilos | kilometre kilometer km | metre meter | centimetre centimeter
        cm | gram gramme | photograph photo photos picture pic | telephone phone | bicycle bike | television tv |
        refrigerator fridge | laboratory lab | mathematics maths math | examination exam | advertisement ad advert |
        laptop notebook | vacation holiday | apartment | elevator lift | lorry truck | autumn | buy purchase
        acquire | begin start commence starting began begun | finish end complete | remove delete erase rid | fix
        repair mend | quick fast rapid | big large | child children kid kids | bread loaf loaves | error failure bug
        fault | choose pick select chose chosen | get obtain | change modify alter | check verify | show display |
        make create build built made making | use utilise utilize employ | help assist | assistance help | cost price
        expensive costs priced charge | car automobile | doctor physician | job occupation | shop store | cook prepare
        | keep retain kept keeping | throw toss discard | decide decision | important essential crucial | reason cause
        why | difference differ distinguish different | benefit advantage | drawback disadvantage downside | restart
        reboot | login signin logon | logout signout logoff | undo revert | combine merge join | speed velocity |
        weekly week | daily day | monthly month | yearly annual annually year | grow raise | teach instruct taught |
        speak talk | answer reply respond | letter mail email e-mail | meeting call | see saw seen | go went gone |
        take took taken | give gave given | bring brought | think thought | sell sold | tell told | leave left | lose
        lost | send sent | spend spent | drive drove driven | eat ate eaten | drink drank drunk | break broke broken |
        hold held | run ran | fall fell fallen | feel felt | lead led | meet met | pay paid | teach taught | win won |
        wear wore worn | grow grew grown | lie lying | die died dead | deploy rollout | ship release | handle deal
        cope treat | avoid prevent | improve enhance better | protect secure | store save | large huge | capital
        hauptstadt | machine device | people folk | sick ill | sad unhappy | town city | tired weary | like enjoy fond
        | frightened afraid scared | anger angry | wish want desire | several some | lot lots plenty | allow permit
        let permitted allowed | forbid prohibit ban banned forbidden | mother mum mom | father dad | mistake error |
        bake baking | catch capture caught | regulate adjust | colony hive
    """,
    "de": """
        beginnen anfangen starten begonnen angefangen | kaufen erwerben | löschen entfernen | ändern verändern |
        wählen aussuchen auswählen | reparieren richten | schicken senden gesendet geschickt | bekommen erhalten
        kriegen | einrichten konfigurieren einstellen konfiguration | ordner verzeichnis | foto bild | fahrrad rad |
        auto wagen | schnell rasch | groß riesig | kochen zubereiten | benutzen verwenden nutzen nutzt verwendet |
        prüfen kontrollieren | programm anwendung app | rechner computer | arzt doktor | fehler bug | sichern
        sicherung backup | erstellen anlegen machen mach mache | wohnung apartment | kosten kostet preis teuer | kind
        kinder | haus häuser | grund ursache | unterschied unterscheiden | mail email e-mail
    """,
    "fr": """
        acheter achat | effacer supprimer | changer modifier | choisir sélectionner | réparer | envoyer expédier |
        obtenir recevoir | configurer paramétrer | dossier répertoire | photo image | vélo bicyclette | voiture auto |
        rapide vite | grand gros | cuisiner préparer cuire | utiliser employer | vérifier contrôler | ordinateur pc |
        médecin docteur | commencer débuter démarrer | finir terminer | coûter coûte coût prix | enfant enfants gamin
        | mél mail courriel email e-mail | erreur bogue bug | créer fabriquer | sauvegarde sauvegarder backup
    """,
    "es": """
        comprar adquirir | borrar eliminar suprimir | cambiar modificar | elegir escoger seleccionar | reparar
        arreglar | enviar mandar | obtener conseguir | configurar ajustar | carpeta directorio | foto imagen
        fotografía | bicicleta bici | coche auto carro | rápido veloz | grande | cocinar preparar | usar utilizar
        emplear | comprobar verificar revisar | ordenador computadora pc | médico doctor | empezar comenzar iniciar |
        terminar acabar | costar cuesta precio cuestan vale | niño niños | correo email e-mail mail | error fallo |
        crear hacer | copia backup
    """,
}
"""Words that mean the same in a question, of the common and the technical kind; the first stands for all."""

SEPARABLE = re.compile(
    r"(ein|aus|an|ab|auf|zu)(?:ge|zu)?((?:schalt|stell|dreh|mach|steck|geh|geb|nehm|leg|lad|ruf|fahr|fang|hör|zieh)\w*)"
)
LAST_PARTICLE = re.compile(r"\b(ein|aus|an|ab|auf|zu)\s*(?:[?!.,;]|$)")
PARTICLES = {"an": "ein", "ab": "aus"}
"""German verbs come apart: "schalte … ein" is "einschalten"."""
SWITCHED = frozenset(
    "turn turned turning switch switched switching power powered log logged leave left keep kept off stay stays".split()
)
"""What "on" follows when it is the opposite of "off"."""

NUMBER_WORDS: dict[str, int] = {
    word: value
    for value, words in {
        0: "zero null zéro cero",
        1: "eins",
        2: "two zwei deux dos both",
        3: "three drei trois tres",
        4: "four vier quatre cuatro",
        5: "five fünf cinq cinco",
        6: "six sechs seis",
        7: "seven sieben sept siete",
        8: "eight acht huit ocho",
        9: "nine neun neuf nueve",
        10: "ten zehn dix diez",
        11: "eleven elf onze once",
        12: "twelve zwölf douze doce dozen dutzend douzaine docena docenas",
        13: "thirteen dreizehn treize trece",
        14: "fourteen vierzehn quatorze catorce",
        15: "fifteen fünfzehn quinze quince",
        16: "sixteen sechzehn seize dieciséis",
        17: "seventeen siebzehn diecisiete",
        18: "eighteen achtzehn dieciocho",
        19: "nineteen neunzehn diecinueve",
        20: "twenty zwanzig vingt veinte",
        30: "thirty dreißig trente treinta",
        40: "forty vierzig quarante cuarenta",
        50: "fifty fünfzig cinquante cincuenta",
        60: "sixty sechzig soixante sesenta",
        70: "seventy siebzig septante setenta",
        80: "eighty achtzig huitante ochenta",
        90: "ninety neunzig nonante noventa",
        100: "hundred hundert cent cien ciento",
        1000: "thousand tausend mille mil",
    }.items()
    for word in words.split()
}
NOT_NUMBERS: dict[Tongue, frozenset[str]] = {
    "en": frozenset({"elf", "acht", "six's", "once", "cent", "mil", "mille", "quince", "null"}),
    "de": frozenset({"once", "six", "cent", "mil", "null"}),
    "fr": frozenset({"once", "elf", "seize", "dos", "null"}),
    "es": frozenset({"six", "elf", "cent", "null"}),
}
"""What is a number in another of the four languages: "once" is eleven in Spanish only."""

WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:\d+\b)?(?:[’'-][^\W\d_]+)*", re.UNICODE)
CONTRACTED = re.compile(
    r"\b(?:(ca|could|should|would|do|does|did|is|are|was|were|has|have|had|must|need|might|ai)n't|(won)'t|(shan)'t)\b"
)
PARTICLE = re.compile(r"-(?=(?:t-)?(?:tu|vous|ils?|elles?|on|je|nous|ce)\b)|(?<=\be)st-ce que?\b")
IS = re.compile(r"\b(what|who|where|when|why|how|that|it|there|he|she|let|i|you|we|they)'(?:s|re|m|ve|d|ll)\b")
ELIDED = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['’](?=\w)", re.IGNORECASE)
AMERICAN = [
    (re.compile(pattern), by)
    for pattern, by in (
        (r"isation", "ization"),
        (r"is(e[dsr]?|ing|able)$", r"iz\1"),
        (r"ys(e[dsr]?|ing)$", r"yz\1"),
        ((r"(?<=[a-z]{2})our(?=s|ed|ing|i|ful|ite|able|al|less|hood|$)"), "or"),
        (r"(?<=[bt])re(s?)$", r"er\1"),
        (r"ll(ed|ing|er|ers)$", r"l\1"),
        (r"ogue(s?)$", r"og\1"),
        (r"ence$", "ense"),
        (r"^grey", "gray"),
        (r"^tyre", "tire"),
        (r"programme", "program"),
        (r"^cheque", "check"),
        (r"aeroplane", "airplane"),
        (r"aluminium", "aluminum"),
        (r"^jewellery", "jewelry"),
        (r"^mould", "mold"),
        (r"^plough", "plow"),
        (r"^storey", "story"),
        (r"^whisky", "whiskey"),
        (r"^pyjama", "pajama"),
        (r"sceptic", "skeptic"),
        (r"ageing", "aging"),
        (r"^enrol(?=s|m|$)", "enroll"),
        (r"^paed", "ped"),
        (r"anaes", "anes"),
        (r"^licence", "license"),
        (r"^practis", "practic"),
        (r"^learnt$", "learned"),
        (r"^burnt$", "burned"),
        (r"^kerb", "curb"),
    )
]
"""British spellings, brought to the American one; both of two texts are, so that a word wrongly changed is so in both."""
BRITISH = re.compile("|".join(pattern.pattern for pattern, _ in AMERICAN))


def tongue_of(text: str) -> Tongue:
    """Which of the four languages a text is in, by its small words and letters; English where nothing speaks for another."""
    words = re.findall(r"[^\W\d_]+", text[:2000].casefold())
    counts: dict[Tongue, float] = {"en": 0.5, "de": 0.0, "fr": 0.0, "es": 0.0}
    for word in words:
        for tongue in _tongues_of_word(word):
            counts[tongue] += 1
    lowered = text[:2000].casefold()
    counts["de"] += 0.6 * len(re.findall("[äöüß]", lowered))
    counts["fr"] += 0.6 * len(re.findall("[àâçèêëîïôœùû]", lowered))
    counts["es"] += 0.6 * len(re.findall("[áíóúñ]", lowered)) + 3 * len(re.findall("[¿¡]", lowered))
    return max(counts, key=lambda tongue: counts[tongue])


@cache
def _all_small() -> dict[str, tuple[Tongue, ...]]:
    found: dict[str, tuple[Tongue, ...]] = {}
    for tongue, words in SMALL.items():
        for word in words:
            found[word] = (*found.get(word, ()), tongue)
    return found


def _tongues_of_word(word: str) -> tuple[Tongue, ...]:
    return _all_small().get(word, ())


def is_small(word: str, tongue: Tongue) -> bool:
    """Whether a word says little alone."""
    return word in SMALL[tongue]


_NAMES: dict[Tongue, str] = {"en": "english", "de": "german", "fr": "french", "es": "spanish"}


@cache
def _stemmer(tongue: Tongue) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(_NAMES[tongue])


def bare(word: str) -> str:
    """A word without accents: they are left away in haste."""
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


@lru_cache(maxsize=200_000)
def stem(word: str, tongue: Tongue) -> str:
    """One form of a word (case folded), in one spelling."""
    if tongue == "en" and len(word) > 4 and BRITISH.search(word):
        for pattern, by in AMERICAN:
            word = pattern.sub(by, word)
    if tongue == "en" and word.endswith(("'s", "’s")):
        word = word[:-2]
    return bare(str(_stemmer(tongue).stemWord(word)))


@cache
def _folded(tongue: Tongue) -> dict[str, str]:
    """One stem for all that mean the same; the first of a group. A word in two groups is of the first."""
    found: dict[str, str] = {}
    for own in dict.fromkeys((tongue, "en")):  # what is technical is English everywhere
        groups = _SAME[own] if own == tongue else _SAME[own].partition(" | photograph")[0]
        for group in groups.split("|"):
            words = group.split()
            for word in words:
                found.setdefault(stem(word, tongue), stem(words[0], tongue))
    return found


@lru_cache(maxsize=200_000)
def fold(word: str, tongue: Tongue) -> str:
    """The stem that a word (case folded) and all that mean the same share."""
    stemmed = stem(word, tongue)
    return _folded(tongue).get(stemmed, stemmed)


def expanded(text: str) -> str:
    """Case folded, straight apostrophes, contractions in full, French articles cut off."""
    text = text.casefold().replace("’", "'")
    text = PARTICLE.sub(" ", text.replace("por qué", "porqué"))
    text = CONTRACTED.sub(lambda m: f"{'can' if m[1] == 'ca' else m[1] or ('will' if m[2] else 'shall')} not", text)
    return ELIDED.sub(" ", IS.sub(r"\1", text))


def words_in(text: str) -> list[str]:
    """The words and figures of a text, in one case."""
    return WORD.findall(expanded(text))


def content(text: str, tongue: Tongue | None = None) -> list[str]:
    """What a text says, word by word: folded stems, figures, and the small words that matter (`OPERATORS`, `ASKING`)."""
    tongue = tongue or tongue_of(text)
    words, letters = words_in(text), CJK.search(text)
    codes: list[str] = []
    for place, word in enumerate(words):
        if tongue == "de" and (separable := SEPARABLE.fullmatch(word)):
            codes += [f"~+{PARTICLES.get(separable[1], separable[1])}", fold(separable[2], tongue)]
            continue
        if letters and CJK.search(word):
            codes += codes_of(word)
            continue
        code = code_of(word, tongue)
        if code == "~on" and not SWITCHED.intersection(words[max(0, place - 3) : place]):
            continue  # the preposition
        if code:
            codes.append(code)
    if tongue == "de" and (last := LAST_PARTICLE.search(text.casefold())):
        codes.append(f"~+{PARTICLES.get(last[1], last[1])}")
    return codes


@lru_cache(maxsize=200_000)
def code_of(word: str, tongue: Tongue) -> str:
    """What a word (case folded) counts as; an empty string for what says little."""
    if word in OPERATORS and not (word in ("bis", "es", "ni", "sin", "or", "sans", "ne", "die", "on") and _other(word, tongue)):
        return OPERATORS[word]
    if word in ASKING:
        return ASKING[word]
    if word in NUMBER_WORDS and word not in NOT_NUMBERS[tongue]:
        return str(NUMBER_WORDS[word])
    if word in SMALL[tongue] or (len(word) == 1 and not word.isdigit()):
        return ""
    return fold(word, tongue)


def _other(word: str, tongue: Tongue) -> bool:
    """Whether a short operator is of another language than the text's, where it means something else ("on" in French)."""
    home = {"bis": "de", "ni": "fr es", "sin": "es", "or": "en", "sans": "fr", "ne": "fr", "on": "en"}
    return tongue not in home.get(word, "")


def is_operator(code: str) -> bool:
    """Whether a code of `content` is a small word that turns the meaning."""
    return code.startswith(("¬", "~"))


def grams(words: Iterable[str], length: int = 3) -> set[str]:
    """Runs of letters within words, with their beginnings and ends."""
    return {f" {word} "[at : at + length] for word in words for at in range(len(word) + 3 - length)}
