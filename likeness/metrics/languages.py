"""Which language a text is in: by its script, and in Latin letters by the small words that every sentence needs.

No model and no network. Small words tell languages apart in five or six words, and names, loan words and lists of nouns do
not mislead them, because those bring no small words along.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from operator import itemgetter

NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch",
    "sv": "Swedish", "da": "Danish", "fi": "Finnish", "pl": "Polish", "cs": "Czech", "hu": "Hungarian", "tr": "Turkish",
    "ro": "Romanian", "la": "Latin", "cy": "Welsh", "ga": "Irish", "ru": "Russian", "el": "Greek", "zh": "Chinese",
    "ja": "Japanese", "ko": "Korean", "ar": "Arabic", "he": "Hebrew", "hi": "Hindi", "th": "Thai",
}  # fmt: skip
"""What each is called, by ISO 639-1."""

SMALL_WORDS = {
    "en": """
    the of and to a in is it that was for on are with as his they at be this have from or had by not but what all were we
    when your can said there an each which she do how their if will up other about out many then them these so some her
    would make like him into has look two more go see no way could my than been who its now did get come made may part i
    you he me our us don't it's i'm isn't didn't where why any never because after before over only also just should very
    must am being does""",
    "de": """
    der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie
    nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man
    sein wurde sei ich du wir ihr mich mir dir uns kein keine wenn was wer wo warum weil doch schon dann immer kann muss
    hier habe bin mein meine ihre seine dieser diese dieses ohne gegen unter sondern denn nie nichts etwas jeder alle beim
    vom ins euch ihn ihm ihnen hatte hatten würde soll wieviel welche welcher welches warst bist wieder ganz sehr viel
    viele heute morgen gestern wollen will sollte werde ob seit während zwischen unser unsere""",
    "fr": """
    de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou son sa ses aux
    été cette mais comme nous vous je tu elle on leur lui même tout fait être avoir j'ai c'est n'est qu'il d'un d'une l'on
    ils elles mon ma mes ton ta notre votre où quand pourquoi parce donc sans sous entre aussi très bien peut ces était
    ont cela rien jamais toujours y moi toi l'a s'est qu'elle suis avait encore puis chez dont car chaque combien quel
    quelle quels quelles est-ce ai as fois après avant peu faut faire va vais veux dit hier demain aujourd'hui jusqu'à
    près""",
    "es": """
    de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta entre
    cuando muy sin sobre también me hasta hay donde quien desde todo nos durante uno ni contra ese eso mí qué yo él tanto
    esa estos mucho nada cual sea poco ella estar estas algo nosotros mi mis tú te ti tu es son era fue han he ha está
    están ser tengo tiene cómo dónde siempre nunca aunque pues según cada les unos unas había ir voy tienes cuánto cuánta
    cuántos cuántas cuál cuándo eres hacer hace puede puedo quiero vez así antes después hoy mañana""",
    "it": """
    di che è e la il un a per in una mi sono ho non ma lo ha le si ti i con cosa se io come da ci no questo qui hai sei
    del bene tu sì me più al mio perché lei solo te era gli tutto della così mia ne questa fare quando ora fatto essere
    mai chi o alla tutti dove anche nel loro dei delle degli nella sul suo sua suoi ogni senza dopo prima molto uno
    nessuno dal dalla""",
    "pt": """
    de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser
    quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas me
    esse eles você essa num nem suas meu às minha têm numa pelos havia seja qual nós lhe deles este tu te fosse dele""",
    "nl": """
    de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of wat mijn men
    dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze u want nog zal me zij nu
    ge geen omdat iets worden toch al waren veel meer doen moet ben zonder kan hun dus alles onder ja werd wezen zelf
    tegen komt wel wordt altijd niets nooit""",
    "sv": """
    och det att i en jag hon som han på den med var sig för så till är men ett om hade de av icke mig du henne då sin nu
    har inte hans honom skulle hennes där min man ej vid kunde något från ut när efter upp vi dem vara vad över än dig kan
    sina här ha mot alla under någon eller allt mycket sedan ju denna själv detta åt utan varit hur ingen mitt ni bli blev
    oss din dessa""",
    "da": """
    og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om vi min havde ham hun nu over
    da fra du ud sin dem os op man hans hvor eller hvad skal selv her alle vil blev kunne ind når være dog noget ha mod
    disse hvis din nogle hos blive mange ad bliver hendes været thi jer sådan går ned igen""",
    "fi": """
    ja on ei se että hän oli ovat mutta kun joka niin kuin tai myös jos minä sinä he me te mitä nyt sen sitä ole olen olla
    vain kaikki siitä mikä tämä sitten ollut voi kanssa enemmän koskaan siellä mukaan jo""",
    "pl": """
    i w na z do nie się że jest to o jak po co ale od za przez przy dla już tak tylko był być może czy go kiedy ich jego
    która który które mnie mu nikt nic oraz są tego też ten tym ty u więc ze bo bardzo gdy ja jej ma mi mam można my""",
    "cs": """
    a v se na je že s z do o to i k ve pro za by ale si po jako od jsem však být jsou u bylo jen nebo aby které který
    která tak jeho už při byl až co když není mi má jak než ani také jejich""",
    "hu": """
    a az és hogy nem is egy ez ha csak van meg már mert mint volt de én ő te mi ti ők azt ezt még el ki be fel aki ami
    amely minden vagy nincs lesz nagyon után senki őket azok legalább tovább nekem""",
    "tr": """
    ve bir bu da de için ile ne o var çok ben sen biz siz onlar daha gibi ama kadar sonra olan olarak değil en her mi ki
    ya şey bana sana onu hiç diye ise aynı ikisi""",
    "ro": """
    și de în la cu nu că pe o un să din este se pentru mai ce a au care sunt fi dar sau lui al ale cel prin după când dacă
    eu ea el noi voi foarte doar fără despre""",
    "la": """
    et in est non ad ut cum qui quae quod sed per ex ab si nec esse sunt aut enim quam hoc ac atque eius sibi eas omnia
    autem etiam""",
    "cy": """
    yn y mae'r a i ar o yr ac am mae wedi ei gan fel oedd hefyd bod ni chi nid ond cyn trwy pwy sydd i'r mae'n""",
    "ga": """
    agus an na ar is go tá sé sí mé tú bhí níl ach leis seo sin don ag nach chun""",
}
"""The commonest words that carry no matter."""
IN: dict[str, list[str]] = {}
for _code, _words in SMALL_WORDS.items():
    for _word in _words.split():
        IN.setdefault(_word, []).append(_code)
"""The languages of each small word."""
SCRIPTS = {
    "ja": r"\u3040-\u30ff", "ko": r"\uac00-\ud7af", "zh": r"\u3400-\u9fff", "ru": r"\u0400-\u04ff",
    "el": r"\u0370-\u03ff\u1f00-\u1fff",
    "ar": r"\u0600-\u06ff", "he": r"\u0590-\u05ff", "hi": r"\u0900-\u097f", "th": r"\u0e00-\u0e7f",
}  # fmt: skip
OTHER_SCRIPT = re.compile("|".join(f"(?P<{code}>[{letters}]+)" for code, letters in SCRIPTS.items()))
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
LETTERS = {
    sign: code
    for code, signs in {
        "de": "ß", "es": "ñ¿¡", "pt": "ãõ", "fr": "œ", "pl": "łęą", "cs": "řů",
        "hu": "őű", "tr": "ğı", "ro": "șț", "da": "ø", "sv": "å",
    }.items()
    for sign in signs
}  # fmt: skip
"""Signs that one of these languages alone has."""


def scores(text: str) -> defaultdict[str, float]:
    """How much speaks for each language: a small word counts 1, shared by the languages that have it."""
    counted: defaultdict[str, float] = defaultdict(float)
    if not text.isascii():
        letters = Counter(dict.fromkeys(SCRIPTS, 0))
        for run in OTHER_SCRIPT.finditer(text):
            letters[run.lastgroup or ""] += len(run[0])
        if letters["ja"] * 8 > letters["zh"]:  # Japanese has Chinese characters among its own
            letters["ja"] += letters.pop("zh")
        for code, number in letters.items():
            if number:
                counted[code] += number / 2
        for letter in set(text.lower()) & LETTERS.keys():
            counted[LETTERS[letter]] += 0.6
    for word in WORD.findall(text.lower().replace("’", "'")):
        known = IN.get(word)
        if known is None and "'" in word:
            known = IN.get(word.partition("'")[2])
        if known:
            for code in known:
                counted[code] += 1 / len(known)
    return counted


def language_of(text: str, least: float = 1.5) -> str | None:
    """The language of a text by ISO 639-1; None where too little speaks for one.

    >>> language_of("Who keeps the key of the tower?"), language_of("Wer hat den Schlüssel?"), language_of("OK")
    ('en', 'de', None)
    """
    ranked = sorted(scores(text).items(), key=itemgetter(1), reverse=True)[:2]
    if not ranked or ranked[0][1] < least or (len(ranked) > 1 and ranked[0][1] < 1.3 * ranked[1][1]):
        return None
    return ranked[0][0]


def languages_of(texts: Iterable[str], share: float = 0.1) -> frozenset[str]:
    """The languages of a collection of texts: each that at least that share of their known paragraphs is in."""
    found = Counter(code for text in texts for paragraph in text.split("\n") if (code := language_of(paragraph, 2.5)))
    return frozenset(code for code, times in found.items() if times >= share * found.total())
