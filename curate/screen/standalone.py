"""Pairs that make no sense to somebody who has not read what they were made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from curate.check import Check
from curate.model import Finding, Pair, Span
from curate.sources import SourceTexts
from likeness.metrics.embedding import Embedding
from likeness.metrics.meant import Reading
from likeness.metrics.prose import mask, unquoted
from likeness.metrics.sentences import Classifier, fold, sentences_of
from likeness.metrics.text import FUNCTION_WORDS, WORD
from likeness.metrics.unnamed import points_elsewhere, unnamed
from likeness.metrics.wording import tongue_of

SOURCE = r"(?:passage|text|excerpt|extract|document|article|essay|chapter|section|paragraph|sample|source material|snippet)"
SAYS = (
    r"(?:says?|states?|mentions?|describes?|explains?|suggests?|tells us|argues|implies|discusses|refers?|claims?|notes?"
    r"|provides?|does not (?:say|mention|state|provide))"
)

TO_THE_SOURCE = re.compile(
    rf"\b(?:according to|based on|as (?:stated|described|mentioned|said|told|shown|noted) in|in|from|of) (?:the"
    rf"|this) (?:(?:given|provided|above|following|present|same|quoted) )?{SOURCE}\b(?! (?:of|that|to|from|behind|between"
    rf"|under|on the|by|i|he|she|my)\b)|\b(?:the|this) (?:(?:given|provided|above) )?{SOURCE} {SAYS}\b"
    rf"|\b(?:the|this) (?:given|provided|above) {SOURCE}\b|\bas the {SOURCE} (?:says|has it|puts it)\b",
)
TO_THE_AUTHOR = re.compile(r"\b(?:the|this) (?:author|narrator|writer|speaker)(?:['’]s)?\b(?! of\b| who\b| or that\b)")
AUTHOR_SAYS = re.compile(
    r"\b(?:the|this) (?:author|narrator|writer|speaker)(?:['’]s\b| (?:\w+ly )?(?:(?:say|think|write|argue|describe|feel|believe|recall"
    r"|remember|mention|compare|mean|want|use|regret|prefer|like|explain|suggest|note|tell|see|claim|conclude|admit|know|seem|live|grow"
    r"|learn|keep|find|call|ask|refer|state)s?|wrote|said|thought|felt|told|knew|grew|kept|found|saw|is|was|has|had|did|does|would|can|could)\b)",
)
"""In an answer: "the author" may be any, what the author says is one's."""
ELSEWHERE = re.compile(
    r"\b(?:(?:as|that) (?:i|we|he|she|you) (?:have |had )?(?:said|mentioned|wrote|noted|described|told you) (?:earlier"
    r"|above|before|previously)|as (?:said|mentioned|noted|described|discussed|stated|shown) (?:earlier|above|before|below"
    r"|previously)|mentioned (?:earlier|above|previously)|(?:said|described|quoted) above|aforementioned"
    r"|the above(?=[,.]| (?:example|story|question|text))"
    r"|in the (?:previous|preceding|last|next|following) (?:chapter|section|paragraph|essay)"
    r"|see (?:above|below|figure|table|chapter|page)\b|(?:figure|table|fig\.) \d+"
    r"|(?:earlier|later) in (?:the|this) (?:book|essay|chapter|text|letter))",
)
POINTING = re.compile(r"\b(?:this|these|those)\s+(?P<thing>[^\W\d_]+)|\b(?:this|that)(?=\s*\?)", re.IGNORECASE)
PERSON = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b(?! who\b)", re.IGNORECASE)
NOW = frozenset(
    """day days morning evening night week weeks month year years season spring summer autumn fall winter time times moment age
    century decade world life country kind sort thing way point question one ones mean means much many early late far""".split()
)
"""What "this" may point to without anybody having said so: here and now, and what follows at once."""
FRAGMENT = re.compile(r"\A\W*(?:and|but|so|or|because|then|also)\b[^.!]*\?\s*\Z", re.IGNORECASE)
QUESTION = re.compile(
    r"\b(?:who|whom|whose|what|which|where|when|why|how|is|are|was|were|am|do|does|did|have|has|had|can|could|will|would"
    r"|shall|should|may|might|must)\b",
    re.IGNORECASE,
)

CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
LIKELY, LIKELY_NAMED = 0.65, 0.85
"""Probability from which a question that no rule knows is worth a warning, and where it names somebody or something."""
OPEN = 0.2
"""Probability by words alone from which a question is read for what it means."""
NAMED = re.compile(r"(?<=[\w,:] )(?!I\b|I['’])[A-ZÄÖÜÀÉÈÁÍÓÚÑ][\w'’-]+|`[^`]+`")
CODE_THING = frozenset(
    "function code line script command query snippet error output expression regex pattern loop class method file config test".split()
)
"""What "this" points to where the pair shows code."""
PLACED = re.compile(
    r"\b(?:in|im|in der|in dem|dans|en|de|of|from|according to|laut|selon|según) (?:this|the|dies\w+|de[mr]|ce|cet|cette|l[ae]|l'|est[ea]|el) ?"
    r"(?:passage|text|excerpt|article|story|post|thread|chat|email|conversation|abschnitt|artikel|auszug|beitrag|texte?|extrait|récit|pasaje|texto|fragmento|artículo|relato)\b"
    r"|\b(?:der|die) (?:autorin|autor|verfasser(?:in)?|erzähler(?:in)?) (?:sagt|meint|schreibt|nennt|beschreibt|erinnert|ist der|vergleicht|erwähnt)"
    r"|\b(?:l'aut(?:eur|rice)|le narrateur|la narratrice) (?:dit|pense|écrit|cite|décrit|se souvient|compare|mentionne|explique)"
    r"|\b(?:el autor|la autora|el narrador|la narradora) (?:dice|cree|escribe|da|describe|recuerda|compara|menciona|explica)"
    r"|\bwie (?:oben|bereits|vorhin|zuvor|schon) (?:erwähnt|beschrieben|gesagt|genannt)|\bcomme (?:mentionné|indiqué|dit|décrit)e? (?:plus haut|ci-dessus|précédemment)"
    r"|\bcomo (?:se )?(?:mencion\w+|dij\w+|indic\w+|describ\w+) (?:arriba|antes|anteriormente)|\b(?:siehe|voir|véase) (?:oben|unten|tabelle|abbildung|le tableau|la figure|la tabla|la figura)",
)
"""The same in German, French and Spanish, and what English says of a text by its kind."""


def find_dependent(pairs: Sequence[Pair], sources: SourceTexts, meaning: Embedding | None = None) -> Iterable[Finding]:
    """Pairs that lean on their source: "as the passage says", "the author", "mentioned earlier", "Why did he do this?".

    An instruction with a conversation before it may point back as it likes. Words about texts that the author's own passage
    has are the author's. Chinese and Japanese are judged by rules alone; score is 1 where a rule says so.

    Args:
        pairs: those to look at.
        sources: their passages.
        meaning: a sentence model, which has its say where words leave it open; None for words alone.
    """
    reading = Reading(_classifier(), meaning, OPEN)
    reading.read(sentence for pair in pairs if (sentence := _alone(pair.instruction)))
    for pair in pairs:
        passage = sources.passage_of(pair)
        own = passage.text.casefold() if passage else ""
        for part, text in pair.sides:
            for start, end, reason, why in _leaning(text, own, part == "instruction"):
                yield Finding(pair.id, "standalone", "warning", 1.0, why, Span(part, start, end), reason)
        if len(pair.prompt) == 1:
            found = False
            for start, end, reason, why in _dangling(pair.instruction, "`" in pair.instruction):
                found = True
                yield Finding(pair.id, "standalone", "warning", 1.0, why, Span("instruction", start, end), reason)
            named = _tongue_has_names(pair.instruction) and NAMED.search(pair.instruction)
            likely = reading.probability(alone, LIKELY) if not found and (alone := _alone(pair.instruction)) else 0.0
            if likely >= (LIKELY_NAMED if named else LIKELY):
                words = ", ".join(_classifier().reasons(pair.instruction)) or "alone"
                why = f"leans on something that was not said, by its words {words}"
                span = Span("instruction", 0, len(pair.instruction))
                yield Finding(pair.id, "standalone", "warning", round(likely, 2), why, span, "nothing_named")


def _leaning(text: str, own: str, asked: bool) -> Iterator[tuple[int, int, str, str]]:
    """References to a text that the reader does not have; `asked` says whether it is the instruction's."""
    if CJK.search(text):
        if found := points_elsewhere(text, asked):
            yield found.start(), found.end(), "elsewhere", f"points to something that is elsewhere: “{found[0]}”"
        return
    folded = fold(text)  # a search that ignores case takes three times as long
    for pattern, reason, why in (
        (TO_THE_SOURCE, "text", "speaks of a text that the reader does not have"),
        (PLACED, "text", "speaks of a text that the reader does not have"),
        (TO_THE_AUTHOR if asked else AUTHOR_SAYS, "author", "speaks of the author as of somebody else"),
        (ELSEWHERE, "elsewhere", "points to something that is elsewhere"),
    ):
        found = next((match for match in pattern.finditer(folded) if pattern is ELSEWHERE or match[0] not in own), None)
        if found:
            yield found.start(), found.end(), reason, f"{why}: “{text[slice(*found.span())]}”"


def _tongue_has_names(instruction: str) -> bool:
    """Whether a capital within a sentence is a name's: German gives every noun one."""
    return "`" in instruction or tongue_of(instruction) != "de"


def _alone(instruction: str) -> str | None:
    """An instruction of one sentence that shows nothing; others give themselves a ground."""
    prose = unquoted(mask(instruction))
    if len(prose.split()) < len(instruction.split()):
        return None  # it shows what it asks about
    sentences = [sentence for _, sentence in sentences_of(prose)]
    return sentences[0] if len(sentences) == 1 else None


@cache
def _classifier() -> Classifier:
    return Classifier.load(Path(__file__).with_name("models") / "standalone.json", {})


def _dangling(instruction: str, shows_code: bool) -> Iterator[tuple[int, int, str, str]]:
    """Pronouns that stand for nothing in the instruction, and questions that are no whole sentence."""
    words = list(WORD.finditer(instruction))
    first = next((word.start() for word in words if word[0].casefold() not in FUNCTION_WORDS), len(instruction))
    """Where the first word is that could name somebody or something."""
    if (person := PERSON.search(instruction)) and person.start() < first:
        yield *person.span(), "nobody_named", f"“{person[0]}” is somebody whom nobody has named"
    elif not shows_code and (pronoun := unnamed(instruction, tongue_of(instruction))):
        yield *pronoun.span(), "nobody_named", f"“{pronoun[0]}” is somebody whom nobody has named"
    for pointing in POINTING.finditer(instruction):
        thing = (pointing["thing"] or "").casefold()
        if shows_code and thing in CODE_THING:
            continue
        if pointing.start() < first and thing not in NOW and (thing not in FUNCTION_WORDS or not pointing.start()):
            yield *pointing.span(), "nothing_named", f"“{pointing[0]}” points to something that nobody has named"
            break
    if FRAGMENT.search(instruction):
        yield 0, len(instruction), "no_question", "goes on from something that was not said"
    elif len(words) <= 3 and instruction.rstrip().endswith("?") and not QUESTION.search(instruction):
        yield 0, len(instruction), "no_question", "is no whole question"
    elif len(words) == 1:
        yield 0, len(instruction), "no_question", "one word is not a question that makes sense alone"


CHECK = Check(
    name="standalone",
    about="Pairs that make sense only beside their source: “as the passage says”, a “this” that points to nothing.",
    scope="row",
    order=120,
    reasons={
        "text": "speaks of a text that the reader does not have",
        "author": "speaks of the author as of somebody else",
        "elsewhere": "points to something that is elsewhere",
        "nobody_named": "speaks of somebody whom nobody has named",
        "nothing_named": "points to something that nobody has named",
        "no_question": "is not a question that makes sense alone",
    },
    find=lambda given: find_dependent(given.pairs, given.sources, given.meaning),
    languages=frozenset({"en", "de", "fr", "es", "zh", "ja"}),
)
