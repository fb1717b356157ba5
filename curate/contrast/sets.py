"""Draft contrast sets: the generator gets all passages that mention a term, and invalid parts of its draft are left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jinja2 import ChoiceLoader, PackageLoader

from curate.contrast.answer_schemas import Draft, draft_schema
from curate.decisions.explanations import keys_of
from curate.generate.answers import find_quote
from curate.generate.templates import Prompts
from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.ask import ask_missing, key_of
from curate.llm.live import Progress
from curate.llm.prompts import SHARED, environment
from curate.llm.provider import Provider
from curate.llm.request import Request
from curate.model import ContrastItem, ContrastSet, Evidence, Passage, Stage, ThinTerm, Usage, content_hash
from curate.read.passages import count_tokens
from curate.read.plain import as_laid_out
from curate.sources import SourceTexts
from likeness.metrics.distinctive import stem, tongue_of_text
from likeness.metrics.text import count_words
from likeness.recipe.schema import Recipe

WORDS = (25, 110)
"""Words of an answer: enough to show the voice, few enough to say one thing."""
SIBLINGS = 3
"""Number of invented siblings. One is held out, and the others are trained on."""
MOST_TOKENS = 3000
"""Most tokens of passages in one request."""
KNOWN = 2
"""Number of questions that the passages answer: as many as there are invented things to train on, so that the form of a question
does not tell that nothing is known."""
PARTS = 8
"""Number of answers in a draft, for the rate limit and the room for an answer."""
LENGTHS = (0.6, 1.67)
"""Bounds of the wrong answer's words divided by the right answer's. Beyond them, length alone would give the answer away."""
NOT_RECORDED = "not recorded"

ASK = {
    "en": "What do you mean by “{term}”? Say it as you would to somebody who has never heard of it.",
    "de": "Was meinst du mit „{term}“? Sag es so, wie du es jemandem sagen würdest, der nie davon gehört hat.",
    "fr": "Qu'entendez-vous par « {term} » ? Dites-le comme à quelqu'un qui n'en a jamais entendu parler.",
    "es": "¿Qué quieres decir con «{term}»? Dilo como se lo dirías a alguien que nunca ha oído hablar de ello.",
}
"""The question to the person, if the generator drafts no better one."""


def requests_for(recipe: Recipe, terms: Sequence[ThinTerm], texts: SourceTexts, samples: Sequence[str]) -> dict[str, Request]:
    """One request for each term, by the term's key, those with the highest risk first.

    Args:
        recipe: with a `contrast` section.
        terms: in the order of the list.
        texts: the documents with their passages.
        samples: the author's own prose, shown to the generator.
    """
    assert recipe.contrast is not None
    prompts = Prompts(recipe)
    system, keyed_system = prompts.system(samples), prompts.system(())
    template = environment(ChoiceLoader([PackageLoader("curate.contrast", "prompts"), SHARED])).get_template("contrast.md.j2")
    found = {}
    for term in terms[: recipe.contrast.terms]:
        passages = _passages(term, texts)
        shown = [(texts.documents[each.document].title, each.text) for each in passages]
        found[term.key] = Request(
            kind="contrast",
            document=_main_document(term),
            passage=None,
            start=0,
            material="\n\n".join(each.text for each in passages),
            count=PARTS,
            words=WORDS,
            system=system,
            user=template.render(documents=shown, term=term.term, words=WORDS, siblings=SIBLINGS, known=KNOWN),
            schema=draft_schema(),
            shape=Draft,
            about=term.term,
            keyed_system=keyed_system,
        )
    return found


def _main_document(term: ThinTerm) -> str:
    return Counter(each.document for each in term.mentions).most_common(1)[0][0]


def _passages(term: ThinTerm, texts: SourceTexts) -> list[Passage]:
    """The passages that mention a term, those that explain it first, as many as fit into a request."""
    chosen: list[Passage] = []
    size = 0
    for place in (*term.explanations, *term.mentions):
        passage = next((each for each in texts.passages.get(place.document, ()) if each.start <= place.start < each.end), None)
        if passage is None or passage in chosen:
            continue
        size += count_tokens(passage.text)
        if chosen and size > MOST_TOKENS:
            break
        chosen.append(passage)
    return chosen


def draft_sets(
    recipe: Recipe,
    terms: Sequence[ThinTerm],
    texts: SourceTexts,
    samples: Sequence[str],
    provider: Provider,
    ledger: Ledger,
    stage: Stage,
    progress: Progress,
    *,
    wait: bool = False,
) -> tuple[list[ContrastSet], Usage]:
    """Draft the contrast sets of the terms, those with the highest risk first; also returns the usage that was paid now.

    Args:
        recipe: with a `contrast` section.
        terms: in the order of the list.
        texts: the documents with their passages.
        samples: the author's own prose, shown to the generator.
        provider: answers the requests.
        ledger: keeps every answer, so that no request is asked twice.
        stage: counts the parts that were left out, by reason.
        progress: called with (requests done, requests in all, US dollars spent now).
        wait: whether to wait until batches have ended.

    Raises:
        As `curate.generate.generate.generate_pairs` does.
    """
    assert recipe.generate is not None
    asked = requests_for(recipe, terms, texts, samples)
    keys = {term: key_of(request, provider.identity(request)) for term, request in asked.items()}
    keyed = {keys[term]: request for term, request in asked.items()}
    usage = Usage()
    ask_missing(keyed, provider, ledger, recipe.generate, usage, progress, wait=wait)
    written = Written([document.text for document in texts.documents.values()])
    sets = []
    for term in terms[: len(asked)]:
        request = asked[term.key]
        answer = answer_in(ledger.responses(keys[term.key]), Draft)
        if not isinstance(answer, Draft):
            stage.count(answer or "no answer")
            continue
        if not (answer.statements or answer.neighbours or answer.premises or answer.known or answer.siblings or answer.ask):
            stage.count(NOT_RECORDED if recipe.generate.provider == "recorded" else "no set in the answer")
            continue
        sets.append(_set(term, request, keys[term.key], answer, _passages(term, texts), written, stage))
    return sets, usage


def _set(
    term: ThinTerm, request: Request, key: str, draft: Draft, passages: Sequence[Passage], written: Written, stage: Stage
) -> ContrastSet:
    items = list(_items(term, request, draft, passages, written, stage))
    ask = draft.ask.strip()
    if not any(item.role == "statement" for item in items):
        ask = ask or ASK[tongue_of_text(request.material)].format(term=term.term)
    else:
        ask = ""
    return ContrastSet(
        id=draft_name(term, items, ask),
        term=term.term,
        key=term.key,
        document=request.document,
        items=tuple(items),
        mentions=term.mentions,
        ask=ask,
        request=key,
    )


def draft_name(term: ThinTerm, items: Sequence[ContrastItem], ask: str) -> str:
    """The id of a draft: of its term and all that a reviewer reads, so that a decision never holds for another draft.

    Args:
        term: the term.
        items: the draft's questions and answers.
        ask: what the person is asked.
    """
    shown = [
        [
            each.role,
            each.about,
            each.question,
            each.other_question,
            each.chosen,
            each.rejected,
            each.evidence and each.evidence.quote,
        ]
        for each in items
    ]
    return f"contrast-{content_hash('contrast', term.key, shown, ask, length=12)}"


def _items(
    term: ThinTerm, request: Request, draft: Draft, passages: Sequence[Passage], written: Written, stage: Stage
) -> Iterator[ContrastItem]:
    def evidence(quote: str) -> Evidence | None:
        for passage in passages:
            here = replace(request, document=passage.document, start=passage.start, material=passage.text)
            if found := find_quote(quote, here):
                return found
        stage.count("quote is not in the passages")
        return None

    for statement in draft.statements[:1]:
        if quote := evidence(statement.quote):
            said = ContrastItem("statement", term.term, statement.question, statement.answer, statement.wrong, quote)
            yield _tidy(replace(said, other_question=as_laid_out(statement.other_question)))
    for neighbour in draft.neighbours[:1]:
        if quote := evidence(neighbour.quote):
            yield _tidy(ContrastItem("neighbour", neighbour.name, neighbour.question, neighbour.answer, neighbour.wrong, quote))
    for premise in draft.premises[:1]:
        if quote := evidence(premise.quote):
            yield _tidy(ContrastItem("premise", term.term, premise.question, premise.answer, premise.wrong, quote))
    for known in draft.known[:KNOWN]:
        if quote := evidence(known.quote):
            yield _tidy(ContrastItem("known", term.term, known.question, known.answer, known.wrong, quote))
    for sibling in draft.siblings[:SIBLINGS]:
        if written.has(sibling.name):
            stage.count("invented name is in the sources")
        elif not sibling.name.strip():
            stage.count("invented thing has no name")
        else:
            yield _tidy(ContrastItem("invented", sibling.name, sibling.question, sibling.answer, sibling.wrong))


class Written:
    """The words of the sources, to look up whether a name occurs in them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._bare = [re.sub(r"[\W_]", "", text.casefold()) for text in texts]
        self._stems = ["".join(stem(word, tongue_of_text(text)) for word in re.findall(r"[^\W_]+", text)) for text in texts]

    def has(self, name: str) -> bool:
        """Whether the sources have a name in any form, with or without blanks and hyphens."""
        bare = re.sub(r"[\W_]", "", name.casefold())
        return any(bare in text for text in self._bare) or any(key in text for key in keys_of(name) for text in self._stems)


def _tidy(item: ContrastItem) -> ContrastItem:
    return replace(
        item,
        question=as_laid_out(item.question),
        chosen=as_laid_out(item.chosen),
        rejected=matched(as_laid_out(item.chosen), as_laid_out(item.rejected)),
    )


SENTENCE = re.compile(
    r"\S(?:[^.!?…。！？]++|[.!?…。！？]++(?![\"”’»)]*(?:\s|$)))*+(?:[.!?…。！？]++[\"”’»)]*|$)",
)


def matched(chosen: str, rejected: str) -> str:
    """Cut the wrong answer after a sentence, so that its length is as near as possible to the right answer's."""
    wanted = count_words(chosen)
    sentences = SENTENCE.findall(rejected)
    if count_words(rejected) <= wanted or len(sentences) < 2:
        return rejected
    best = min(range(1, len(sentences) + 1), key=lambda n: abs(count_words(" ".join(sentences[:n])) - wanted))
    cut = rejected.find(sentences[best - 1]) + len(sentences[best - 1])
    return rejected[:cut].strip()


def alike_in_length(chosen: str, rejected: str) -> bool:
    """Whether two answers are so similar in length that length does not show which is wrong."""
    return LENGTHS[0] <= count_words(rejected) / max(1, count_words(chosen)) <= LENGTHS[1]
