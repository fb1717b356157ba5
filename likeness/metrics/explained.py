"""Whether a sentence explains a term, in four languages, and what it says the term is."""

from __future__ import annotations

import re
from functools import cache

from likeness.metrics.wording import SMALL, Tongue

HERE = "⟦⟧"
"""Stands in the patterns, and in the sentence, where the term does."""
FEWEST_WORDS = 2
"""Of a sentence beside the term; less explains nothing."""
Q = r"[\"“”„«»*_`'’)]*"

_KIN = {
    "en": r"(?:sister|brother|mother|father|uncle|aunt|wife|husband|son|daughter|friend|neighbour|neighbor|colleague|boss|apprentice|dog|cat"
    r"|horse|cousin|grand\w+|teacher|landlady|landlord|partner|foreman|mate|manager|director|teammate|lead)",
    "de": r"(?:schwester|bruder|mutter|vater|onkel|tante|frau|mann|sohn|tochter|freund(?:in)?|nachbar(?:in)?|kolleg(?:e|in)|chef(?:in)?|lehrling"
    r"|geselle|meister(?:in)?|hund|katze|oma|opa|groß\w+|lehrer(?:in)?|vetter|cousine?|kater|kundin?)",
    "fr": r"(?:sœur|frère|mère|père|oncle|tante|femme|mari|fils|fille|ami|amie|voisine?|collègue|patronn?e?|apprentie?|chien|chat|cousine?"
    r"|grand-\w+|maître|maîtresse)",
    "es": r"(?:hermana|hermano|madre|padre|tío|tía|mujer|marido|hijo|hija|amigo|amiga|vecin[oa]|colega|jefe|jefa|aprendiz|perro|perra|gato|gata"
    r"|prim[oa]|abuel[oa]|maestr[oa])",
}

PATTERNS: dict[Tongue, tuple[str, ...]] = {
    "en": (
        rf"{HERE}{Q},?(?: (?:itself|here|for us|with us|in our \w+|to us|then|at its \w+))*,? (?:is|are|was|were|'s|being)"
        r" (?:not (?:a|an|the|my|our) [^.;]{3,60}(?:but|:|;) )?(?:just |only |simply |really |basically |now |still |always |also |nothing but |nothing more"
        r" than |no more than |what |where |when |how )*(?:a|an|the|our|my|his|her|their|one|any|some|two|three|four|five|six|seven|eight|nine|ten|what"
        r"|where|when|how|that|those|made|short|\d)\b",
        rf"{HERE}{Q} (?:means?|meant|refers? to|stands? for|denotes?|consists? of|measures?|describes?|works like|comes from|holds|tells you|happens"
        r" (?:when|where)|is called (?:so|that)|got its name|takes its name|got that name)\b",
        rf"\b(?:we|i|they|people|he|she|everybody|everyone|who|here) (?:(?:all|have|has|had|always|used to|would|sometimes|still|just) )*(?:call|calls|called"
        rf"|name|named|say|nicknamed|dubbed|christened)(?: (?:it|them|this|that|him|her|these|those|such an? [\w ]+?|an? [\w -]+?|the [\w -]+?))?"
        rf" (?:the |a |an |my |our )?{Q}{HERE}",
        rf"\b(?:called|known as|named|dubbed|termed|nicknamed) (?:the |a |an |our |my )?{Q}{HERE}",
        rf"\b(?:that|this|which|it|these|those|he|she|here) (?:is|was|are|were|'s|is called|was called|is what \w+ (?:mean by|call))"
        rf"(?: simply| just| all)? (?:the |a |an |our |my |what we call (?:the |a )?)?{Q}{HERE}{Q}\s*(?:[.,;:!]|$|\bto me\b|\band\b)",
        rf"{HERE}{Q} ?(?:,|\(|—|–|--| - |:) ?(?:(?:which|who|that|where|and that) (?:is|was|are|were|means|holds|runs|does|we)\b|that is\b|i\.e\.|meaning\b"
        r"|short for\b|in other words|(?:a|an|one of (?:the|my|our)|our|my|the) (?:\w+[ -]){0,4}?\w+(?:,| (?:of|that|which|who|for|from|where|with|in|on"
        r"|to|by|we|he|she|they|i|behind|between|at)\b|\)|\.))",
        rf"{HERE}{Q} ?\([^)⟦]{{8,}}\)",
        rf"\b(?:by|with) (?:the |a )?{Q}{HERE}{Q},? (?:i|we) mean\b|\bwhen (?:i|we) say {Q}{HERE}{Q},? (?:i|we) mean\b",
        rf"^(?:the |a |an )?{Q}{HERE}{Q} ?(?::|—|–| - |=)\s*{Q} ?(?:\w+[ ,]){{3}}",
        rf"\b(?:my|our|his|her|their|the) (?:[\w-]+ ){{0,2}}{_KIN['en']}s?,? (?:called |named )?{HERE}",
        rf"{HERE},? (?:my|our|his|her|the) (?:[\w-]+ ){{0,3}}{_KIN['en']}\b",
        rf"\b(?:the (?:village|town|hamlet|city|river|stream|hill|farm|island|boat|ship|ferry|dog|cat|horse|firm|company|library|tool|service|script|team"
        rf"|project|database|house|mill|street)|an? (?:[\w-]+ )?(?:village|town|hamlet|river|stream|hill|farm|island|boat|ship|tool|service|script|database|house|mill)) (?:of |called |named )?{Q}{HERE}(?:,| is| was|$)",
        rf"\b(?:think of|imagine|picture) (?:the |a )?{HERE} as\b",
    ),
    "de": (
        rf"{HERE}{Q}(?:,[^,.]{{3,40}},)? (?:ist|sind|war|waren)(?: (?:nicht|also|eigentlich|nur|nichts anderes als|immer|bei uns|hier|für mich|für uns|im grunde"
        r"|einfach|ja|noch|ganz))* (?:ein|eine|einer|eines|der|die|das|den|mein|meine|unser|unsere|sein|seine|ihr|ihre|wenn|was|wo|jene[rs]?|so etwas wie"
        r"|nichts|aus|zwei|drei|vier|\d)\b",
        rf"{HERE}{Q} (?:heißt|bedeutet|bezeichnet|meint|steht für|nennt man|nennen wir|nenne ich|besteht aus|misst|kommt von|entsteht|hält|beschreibt"
        r"|heißen|bedeuten|bezeichnen)\b",
        rf"\b(?:heißt|heiße|hieß|heißen|hießen|nenne|nennen|nannte|nannten|nennt|genannt|getauft|namens|sogenannte\w*|sag(?:en|e|t)|sagte)"
        rf"(?: (?:man|wir|ich|er|sie|das|es|ihn|ihm|bei uns|hier|sich|dazu|die leute|alle|immer|so etwas|so ein\w* \w+))*,? ?:? ?(?:der|die|das|den|ein|eine"
        rf"|einen|unser|unsere|mein|meine)? ?{Q}{HERE}",
        rf"{HERE}{Q} (?:nennt|nennen|nenne|nannte|sagt|sagen|heißt) (?:man|wir|ich|er|sie|das|es|bei)\b",
        rf"\b(?:das|dies|es) (?:ist|war|sind|waren|heißt)(?: also| dann| für mich| bei uns)? (?:der |die |das |ein |eine |unser |unsere )?{Q}{HERE}{Q}\s*(?:[.,;:!]|$)",
        rf"{HERE}{Q} ?(?:,|\(|—|–|--| - |:) ?(?:also\b|das heißt|d\. ?h\.|das (?:ist|war|sind)\b|(?:der|die|das|wo|in der|in dem) [^,.]+ (?:ist|war|hält|steht|liegt"
        r"|heißt|macht|trägt|gehört|hat)\b|(?:ein|eine|einer|mein|meine|unser|unsere|der|die|das) (?:[\w-]+ ){0,3}[A-ZÄÖÜ][\w-]+(?:,| (?:von|der|die|das|aus"
        r"|mit|für|auf|in|am|im|an|zum|zur|ohne|zwischen)\b|\)|\.))",
        rf"{HERE}{Q} ?\([^)⟦]{{8,}}\)",
        rf"\bunter (?:einem |einer |dem |der |den )?{Q}{HERE}{Q} (?:verstehe|verstehen|versteht|meine)\b|\bmit {Q}{HERE}{Q} (?:meine|meinen|meint)\b",
        rf"^(?:der |die |das )?{Q}{HERE}{Q} ?(?::|—|–| - |=)\s*{Q} ?(?:\w+[ ,]){{3}}",
        rf"\b(?:mein|meine|meinem|meiner|meinen|unser|unsere|unserem|unserer|sein|seine|ihr|ihre) (?:[\w-]+ ){{0,2}}{_KIN['de']},? {HERE}",
        rf"{HERE},? (?:mein|meine|unser|unsere|der|die) (?:[\w-]+ ){{0,2}}{_KIN['de']}\b",
    ),
    "fr": (
        rf"{HERE}{Q},? (?:est|sont|était|étaient|c'est|ce sont|c'était)(?: (?:pas|donc|en fait|simplement|tout simplement|chez nous|pour moi|pour nous|toujours"
        r"|seulement))* (?:une?|le|la|l'|les|des|mon|ma|mes|notre|nos|son|sa|ce qu|celui|celle|quand|lorsqu|là où|deux|trois|\d)",
        rf"{HERE}{Q} (?:signifie|désigne|veut dire|consiste|mesure|correspond|se compose|vient de|décrit|s'appelle)\b",
        rf"\b(?:on|nous|je|ils|elle|il|les gens|qui|qu'on|que nous|tout le monde|s') ?(?:l'|les |le |la |l’)?(?:appel\w+|nomm\w+|baptis\w+|dis\w*|surnomm\w+)"
        rf"(?: (?:ça|cela|ici|chez nous|toujours|tous|cet?te? [\w]+))* ?:? ?(?:le |la |l'|les |une? )?{Q}{HERE}",
        rf"\b(?:appelée?s?|nommée?s?|dite?s?|surnommée?s?|baptisée?s?) (?:le |la |l'|les |une? )?{Q}{HERE}",
        rf"\b(?:c'est|c’est|c'était|voilà|ce sont|cela est) (?:donc |ça, )?(?:le |la |l'|les |une? |notre |mon |ma )?{Q}{HERE}{Q}\s*(?:[.,;:!]|$)",
        rf"{HERE}{Q} ?(?:,|\(|—|–|--| - |:) ?(?:c'est-à-dire|soit\b|qui (?:est|était|sont|veut|sert|tient|garde)\b|autrement dit|où\b|(?:une?|le|la|notre|mon|ma"
        r"|l'une? des?) (?:[\w'-]+ ){0,3}?[\w'-]+(?:,| (?:de|du|des|d'|qui|que|où|pour|avec|en|dans|sur|sans|entre|à)\b|\)|\.))",
        rf"{HERE}{Q} ?\([^)⟦]{{8,}}\)",
        rf"\bpar (?:le |la |l'|les )?{Q}{HERE}{Q},? (?:j'entends|nous entendons|on entend)\b",
        rf"^(?:le |la |l'|les )?{Q}{HERE}{Q} ?(?::|—|–| - |=)\s*{Q} ?(?:[\w']+[ ,]){{3}}",
        rf"\b(?:mon|ma|mes|notre|nos|son|sa|leur) (?:[\w-]+ ){{0,2}}{_KIN['fr']},? {HERE}",
        rf"{HERE},? (?:mon|ma|notre|le|la) (?:[\w-]+ ){{0,2}}{_KIN['fr']}\b",
    ),
    "es": (
        rf"{HERE}{Q},? (?:es|son|era|eran|fue)(?: (?:pues|en realidad|simplemente|siempre|solo|sólo|para mí|para nosotros|aquí|nada más que))* (?:una?|unos|unas|el"
        r"|la|los|las|lo que|mi|mis|nuestr[oa]s?|su|cuando|donde|aquell[oa]|algo|dos|tres|\d)",
        rf"{HERE}{Q} (?:significa|quiere decir|se llama|se refiere a|consiste|mide|designa|viene de|equivale|se compone|describe)\b",
        rf"\b(?:llamamos|llaman|llamaba|llamaban|llamo|llama|decimos|dicen|decía|nombramos|bautizamos|apodamos)(?: (?:aquí|a eso|a esto|todos|siempre|así))* ?:? ?(?:el"
        rf" |la |los |las |una? )?{Q}{HERE}",
        rf"\b(?:llamad[oa]s?|conocid[oa]s? como|apodad[oa]|dich[oa]|bautizad[oa]) (?:el |la |los |las |una? )?{Q}{HERE}",
        rf"\b(?:eso|esto|así|ese|esa|ése|ésa) (?:es|era|son|eran)(?: pues)? (?:el |la |los |las |una? |nuestr[oa] )?{Q}{HERE}{Q}\s*(?:[.,;:!]|$)",
        rf"{HERE}{Q} ?(?:,|\(|—|–|--| - |:) ?(?:es decir|o sea|que (?:es|era|son|sirve|guarda|quiere)\b|donde\b|(?:una?|el|la|nuestr[oa]|mi) (?:[\w-]+ ){0, 3}?[\w-]+"
        r"(?:,| (?:de|del|que|donde|para|con|en|sin|sobre|entre|a)\b|\)|\.))",
        rf"{HERE}{Q} ?\([^)⟦]{{8,}}\)",
        rf"\bpor (?:el |la )?{Q}{HERE}{Q},? (?:entiendo|entendemos|se entiende)\b",
        rf"^(?:el |la |los |las )?{Q}{HERE}{Q} ?(?::|—|–| - |=)\s*{Q} ?(?:[\w]+[ ,]){{3}}",
        rf"\b(?:mi|mis|nuestr[oa]|su) (?:[\w-]+ ){{0,2}}{_KIN['es']},? {HERE}",
        rf"{HERE},? (?:mi|nuestr[oa]|el|la) (?:[\w-]+ ){{0,2}}{_KIN['es']}\b",
    ),
}
"""What an explanation looks like: "a X is a …", "what we call a X", "that is X", "X, a …", "X (…)", "my sister X"."""


SUBJECT = 2
"""How many of each language's patterns need the term as their subject: after a preposition it is none."""
PREPOSITION = re.compile(
    r"\b(?:in|at|on|from|with|after|before|by|to|of|for|about|under|into|near|bei|beim|nach|von|vom|mit|im|an|am|auf|aus|für|durch|über|vor"
    r"|seit|zu|zum|zur|ohne|à|au|aux|dans|après|avant|avec|pour|sur|en|de|du|des|sans|con|por|para|sobre|tras|desde|del|al|a|sin|hasta)"
    rf" (?:(?:the|a|an|my|our|his|her|der|die|das|dem|den|einer|einem|meiner|meinem|le|la|les|l'|une?|el|los|las|un) ?)?{Q}{HERE}",
    re.IGNORECASE,
)


@cache
def _compiled(tongue: Tongue, first: int) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in PATTERNS[tongue][first:]), re.IGNORECASE)


QUESTION = re.compile(r"[?？]\W*$")


def explains(sentence: str, start: int, end: int, tongue: Tongue) -> bool:
    """Whether a sentence says what the term at `start` to `end` in it is.

    >>> explains("Slack water is the half minute in which nothing moves.", 0, 11, "en"), explains("I read the Pellow gauge at six.", 11, 23, "en")
    (True, False)

    Args:
        sentence: the whole sentence.
        start: the term's first character in it.
        end: the character after the term.
        tongue: of the text.
    """
    marked = sentence[:start] + HERE + sentence[end:]
    marked = marked.replace("’", "'")
    words = re.findall(r"[^\W_]+", marked)
    if len(words) < FEWEST_WORDS or QUESTION.search(sentence):
        return False
    return _compiled(tongue, SUBJECT if PREPOSITION.search(marked) else 0).search(marked) is not None


GOES_ON = {
    "en": r"(?:it|this|that|he|she|they|these) (?:is|was|are|were|'s|means?|meant)(?: (?:only|just|simply|really|not much more than))? (?:an?|the|my|our|what|when|where|one"
    r"|two|three|\d)\b",
    "de": r"(?:es|er|sie|das|dies|so) (?:ist|sind|war|waren|heißt|bedeutet|nennt|nennen)(?: (?:nur|einfach|nichts als|bei uns))? (?:ein|eine|der|die|das|mein|meine|unser|wenn|was)\w*\b",
    "fr": r"(?:c'est|ce sont|c'était|il est|elle est|il s'agit d|cela désigne|ce n'est qu)[' ]?\s?(?:une?|le|la|l'|les|mon|ma|notre|deux|trois|ce qu|quand)",
    "es": r"(?:(?:eso|esto|él|ella|ésta?|éste) )?(?:es|son|era|eran|se trata de|consiste en) (?:una?|el|la|los|las|mi|nuestr[oa]|lo que|cuando|dos|tres)\b",
}


def goes_on_to_explain(text: str, end: int, tongue: Tongue) -> bool:
    """Whether the sentence after the one that ends at `end` says what was just named: "It is a walled basin beside the lock.".

    Args:
        text: the whole text.
        end: the character after the first sentence.
        tongue: of the text.
    """
    following = text[end : end + 200].lstrip(' .!?”"»)\u201c').replace("’", "'")
    return not text[end : end + 3].startswith("\n\n") and re.match(GOES_ON[tongue], following, re.IGNORECASE) is not None


def heads_section(text: str, start: int, end: int) -> bool:
    """Whether a term is all that a heading says, and what follows is longer than a line: a section of its own explains it.

    Args:
        text: the whole text.
        start: the term's first character in it.
        end: the character after the term.
    """
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    if not line.startswith("#"):
        return False
    rest = re.sub(r"(?i)^(?:the|a|an|der|die|das|le|la|les|el|los|las|on|what is|was ist)\s", "", line.lstrip("# ").strip())
    section = re.split(r"\n#{1,6} ", text[line_end:], maxsplit=1)[0] if line_end >= 0 else ""
    return len(rest) - (end - start) <= 3 and len(section.split()) >= 25


def subject(sentence: str, start: int, end: int, tongue: Tongue) -> frozenset[str]:
    """Content words of what a sentence says of the term: what two explanations are compared by.

    Args:
        sentence: the whole sentence.
        start: the term's first character in it.
        end: the character after the term.
        tongue: of the text.
    """
    from likeness.metrics.distinctive import stem

    words = re.findall(r"[^\W\d_]{3,}", sentence[:start] + " " + sentence[end:])
    return frozenset(stem(word, tongue) for word in words if word.casefold() not in SMALL[tongue])
