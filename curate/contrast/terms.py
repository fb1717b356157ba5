"""Find thin terms: terms that the sources do not explain, that no pair asks about, or that the sources use in two ways."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from curate.decisions.explanations import dismissed_keys, keys_of
from curate.model import OWN_WORDS, Document, Evidence, Pair, TermDecision, Thinness, ThinTerm
from curate.read.passages import blocks_of
from likeness.metrics.distinctive import Mention, Term, distinctive_terms, mentions_of, tongue_of_text
from likeness.metrics.explained import explains, goes_on_to_explain, heads_section, subject
from likeness.metrics.quantities import quantities_in
from likeness.metrics.text import count_of
from likeness.metrics.wording import Tongue

ORDER = ("high", "medium", "low")
SAME_MATTER = 0.5
"""Two sentences are about the same thing if the longer one has at least this share of the shorter one's content words."""
SPELT_ALIKE = 0.88
"""Least ratio of difflib for two names to be spellings of one."""
LONGEST_SENTENCE = 400
"""Most characters of the sentence that is shown with a mention."""


@dataclass(frozen=True, slots=True)
class _Place:
    mention: Mention
    evidence: Evidence
    explains: bool
    tongue: Tongue


def thin_terms(documents: Sequence[Document], pairs: Sequence[Pair], decisions: Sequence[TermDecision] = ()) -> list[ThinTerm]:
    """The thin terms of documents, those with the highest risk first.

    Args:
        documents: of the author.
        pairs: training pairs. Mentions in answers raise the risk of a term; a question about it, or an explanation, lowers it.
        decisions: of people about terms, oldest first. Dismissed terms are not listed, and added terms always are. Mentions of a
            merged term count for the other one. A term that a person explained counts as explained.
    """
    texts = [own_words_only(document) for document in documents]
    found = _merged(distinctive_terms(texts), texts, decisions)
    explained_by_person = _keys(each.term for each in decisions if each.action == "explain")
    wanted = _keys(each.term for each in decisions if each.action == "add")
    dismissed = dismissed_keys(decisions)
    uses = _Uses(pairs, found)
    thin = []
    for term, spellings in found:
        if term.key in dismissed:
            continue
        places = [_place(mention, documents, texts) for mention in term.mentions]
        explanations = [place for place in places if place.explains]
        said, answered = uses.of(term.key)
        by_person = term.key in explained_by_person
        verdict = _verdict(term, places, explanations, spellings, answered, explained=by_person)
        if verdict is None and term.key in wanted:
            verdict = "unanswered", "you added it"
        if verdict is None:
            continue
        kind, why = verdict
        documents_with = len({place.evidence.document for place in places})
        said_why = f"; {count_of(len(said), 'answer', 'say')} it" if said else ""
        where = f"{count_of(len(places), 'mention')} in {count_of(documents_with, 'document')}"
        thin.append(
            ThinTerm(
                term=_display(term),
                key=term.key,
                kind=kind,
                mentions=tuple(place.evidence for place in places),
                why=f"{where}, {why}{said_why}",
                risk=_risk(kind, len(places), documents_with, bool(said)),
                said_by=tuple(said),
                explanations=tuple(place.evidence for place in explanations),
            )
        )
    return sorted(thin, key=lambda each: (ORDER.index(each.risk), -len(each.mentions), each.key))


def own_words_only(document: Document) -> str:
    """A document's text with blanks in place of other people's words, so that offsets do not change."""
    parts, at = [], 0
    for block in blocks_of(document):
        if block.kind in OWN_WORDS:
            parts += [re.sub(r"[^\n]", " ", document.text[at : block.start]), document.text[block.start : block.end]]
            at = block.end
    return "".join(parts) + re.sub(r"[^\n]", " ", document.text[at:])


def _keys(typed: Iterable[str]) -> set[str]:
    return {key for each in typed for key in keys_of(each)}


def _display(term: Term) -> str:
    """The commonest form of a term, if possible one from within a sentence (in lower case)."""
    whole = [form for form in term.forms if term.key in keys_of(form)] or list(term.forms)
    within = [form for form in whole if not form[0].isupper()]
    return max(within or whole, key=lambda form: (term.forms[form], -len(form), form))


def _merged(terms: list[Term], texts: Sequence[str], decisions: Sequence[TermDecision]) -> list[tuple[Term, tuple[str, ...]]]:
    """The terms, with those that people added and merged; each with its other spellings."""
    by_key = {term.key: term for term in terms}
    typed = [name for each in decisions if each.action in ("add", "merge", "explain") for name in (each.term, each.into) if name]
    asked = _keys(typed) - by_key.keys()
    for key, mentions in mentions_of(asked, texts).items():
        term = by_key[key] = Term(key, "marked", mentions=mentions)
        term.forms.update(texts[each.text][each.start : each.end] for each in mentions)
    for each in decisions:
        here, into = sorted(keys_of(each.term) & by_key.keys()), sorted(keys_of(each.into) & by_key.keys())
        if each.action == "merge" and here and into and here[0] != into[0]:
            gone = by_key.pop(here[0])
            by_key[into[0]].mentions = _apart([*by_key[into[0]].mentions, *gone.mentions])
    merged: list[tuple[Term, tuple[str, ...]]] = []
    for term in by_key.values():
        twin = next((i for i, (other, _) in enumerate(merged) if _misspelt(term, other)), None)
        if twin is None:
            merged.append((term, ()))
            continue
        other, variants = merged[twin]
        keep, goes = (other, term) if len(other.mentions) >= len(term.mentions) else (term, other)
        keep.mentions = _apart([*keep.mentions, *goes.mentions])
        merged[twin] = keep, (*variants, goes.name)
    return merged


def _apart(mentions: Sequence[Mention]) -> list[Mention]:
    """Mentions in order, without overlaps: of two in one place, the longer one is kept."""
    kept: list[Mention] = []
    for each in sorted(mentions, key=lambda at: (at.text, at.start, -at.end)):
        if not kept or (each.text, each.start) >= (kept[-1].text, kept[-1].end):
            kept.append(each)
    return kept


def _misspelt(one: Term, other: Term) -> bool:
    """Whether two names differ by a letter or two, but not by an ending or a word."""
    if {one.why, other.why} - {"name", "coined"} or min(len(one.key), len(other.key)) < 6 or one.key[:2] != other.key[:2]:
        return False
    if one.key.startswith(other.key) or other.key.startswith(one.key) or len(one.name.split()) != len(other.name.split()):
        return False
    return difflib.SequenceMatcher(None, one.key, other.key, autojunk=False).ratio() >= SPELT_ALIKE


def _place(mention: Mention, documents: Sequence[Document], texts: Sequence[str]) -> _Place:
    text = texts[mention.text]
    tongue = tongue_of_text(text)
    sentence = text[mention.first : mention.last]
    start, end = mention.start - mention.first, mention.end - mention.first
    tells = (
        explains(sentence, start, end, tongue)
        or heads_section(text, mention.start, mention.end)
        or goes_on_to_explain(text, mention.last, tongue)
    )
    last = min(mention.last, max(mention.first + LONGEST_SENTENCE, mention.end))
    evidence = Evidence(documents[mention.text].path, mention.first, last, text[mention.first : last])
    return _Place(mention, evidence, tells, tongue)


def _verdict(
    term: Term,
    places: Sequence[_Place],
    explanations: Sequence[_Place],
    spellings: Sequence[str],
    answered: bool,
    *,
    explained: bool,
) -> tuple[Thinness, str] | None:
    if spellings:
        return "inconsistent", f"written in two ways: {', '.join([term.name, *spellings])}"
    if not explained and (clash := _clash(places)):
        one, other = clash
        return "inconsistent", f"said to be two things: “{_short(one)}” and “{_short(other)}”"
    if not explanations and not explained:
        return "unexplained", "explained nowhere"
    if not answered:
        return (
            "unanswered",
            "explained by you, and no pair asks for it" if explained else "explained, and no pair asks for it or explains it",
        )
    return None


def _short(text: str, most: int = 110) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _clash(places: Sequence[_Place]) -> tuple[str, str] | None:
    """Two sentences that give different amounts of the same thing, or say that the term is two different kinds of thing."""
    said = [(place, place.evidence.quote, _subject(place)) for place in places]
    for at, (one, ones, mine) in enumerate(said):
        for other, others, theirs in said[at + 1 :]:
            if ones == others:
                continue
            shared = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
            if shared >= SAME_MATTER and len(mine & theirs) >= 2 and _amounts_differ(_clause(one), _clause(other), one.tongue):
                return ones, others
            if one.explains and other.explains and one.evidence.document != other.evidence.document:
                heads = _head(one), _head(other)
                if all(heads) and heads[0] != heads[1] and not (mine & theirs):
                    return ones, others
    return None


def _clause(place: _Place) -> str:
    """The part of a sentence about the term: from the last comma before it to the next comma after it."""
    mention, quote = place.mention, place.evidence.quote
    start, end = mention.start - mention.first, mention.end - mention.first
    before, after = re.split(r"[,;:—]", quote[:start])[-1], re.split(r"[,;:—]", quote[end:])[0]
    return f"{before} {after}"


def _subject(place: _Place) -> frozenset[str]:
    words = subject(_clause(place), 0, 0, place.tongue)
    return frozenset(word for word in words if not NUMBER.fullmatch(word))


NUMBER = re.compile(
    r"\d+|one|two|three|four|fiv\w*|six|seven|eight|nin\w*|ten|zwei|drei|vier|fünf|sechs|sieb\w*|acht|neun|zehn|deux|trois|quatr\w*|cinq|sept|huit|neuf|dix|dos|tres|cuatr\w*|cinc\w*|seis|siet\w*|ocho|nuev\w*|diez"
)
IS_A = re.compile(
    r"⟦⟧[\"”“„«»*_`)]* (?:is|are|was|were|ist|sind|war|est|sont|était|es|son|era) "
    r"(?:(?:just|only|simply|nur|einfach|simplement|simplemente) )?"
    r"(?:an?|the|my|our|ein|eine|der|die|das|mein|meine|unser|unsere|une?|le|la|un|una|el|mi) ((?:[\w-]+ ){0,2}[\w-]+)",
    re.IGNORECASE,
)


def _head(place: _Place) -> str:
    """The kind of thing that a sentence says the term is, in up to three words; "" if it does not say "X is a …"."""
    mention, quote = place.mention, place.evidence.quote
    marked = quote[: mention.start - mention.first] + "⟦⟧" + quote[mention.end - mention.first :]
    found = IS_A.search(marked)
    return found[1].casefold() if found else ""


def _amounts_differ(one: str, other: str, tongue: Tongue) -> bool:
    """Whether two sentences give amounts of the same dimension, none of which may be equal."""
    mine, theirs = list(quantities_in(one, tongue)), list(quantities_in(other, tongue))
    shared = {each.dimension for each in mine} & {each.dimension for each in theirs}
    return any(
        not any(a.may_equal(b) for a in mine for b in theirs if a.dimension == b.dimension == dimension) for dimension in shared
    )


def _risk(kind: Thinness, mentions: int, documents: int, said: bool) -> Literal["high", "medium", "low"]:
    if said and kind != "unanswered":
        return "high"
    return "medium" if kind == "inconsistent" or mentions >= 3 or documents >= 2 else "low"


class _Uses:
    """The pairs that mention a term, ask about it or explain it."""

    def __init__(self, pairs: Sequence[Pair], terms: Sequence[tuple[Term, tuple[str, ...]]]) -> None:
        keys = [term.key for term, _ in terms]
        self._pairs = pairs
        self._asked = mentions_of(keys, [pair.instruction for pair in pairs])
        self._responses = [pair.response for pair in pairs]
        self._said = mentions_of(keys, self._responses)

    def of(self, key: str) -> tuple[list[str], bool]:
        """Ids of the pairs whose answer mentions a term; and whether any pair asks about it or explains it."""
        said = list(dict.fromkeys(self._pairs[each.text].id for each in self._said.get(key, ())))
        return said, bool(self._asked.get(key)) or any(self._explains(each) for each in self._said.get(key, ()))

    def _explains(self, mention: Mention) -> bool:
        text = self._responses[mention.text]
        sentence = text[mention.first : mention.last]
        return explains(sentence, mention.start - mention.first, mention.end - mention.first, tongue_of_text(text))


def term_lines(terms: Iterable[ThinTerm], mentions: int = 2) -> Iterator[str]:
    """The lines of a terminal's list: each term with its risk, the reason, and its first mentions.

    Args:
        terms: the terms to show.
        mentions: number of mentions that are quoted for each.
    """
    for term in terms:
        yield f"{term.risk:<7} {term.term}: {term.kind}; {term.why}"
        for place in term.mentions[:mentions]:
            yield f"          {place.document}: {_short(place.quote)}"
