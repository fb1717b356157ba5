"""What people decided outlives a change of its document, its prompt or the model: pairs stay while their quote is there.

A request that changes by a word brings other pairs under other ids. Those of before that somebody approved, edited or sent back
are taken along: as they are where their quote is still in the document, for a second look where it is nearly there.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from curate.decisions.outcomes import Outcome, outcomes_of
from curate.decisions.queue import review_of
from curate.generate.answers import find_in
from curate.generate.planned import Plan
from curate.ledger.ledger import Ledger
from curate.llm.request import Request
from curate.model import Document, Evidence, Pair, Turn, content_hash
from curate.read.plain import tidy
from likeness.kinds import KINDS
from likeness.metrics.text import SPACELESS
from likeness.recipe.schema import Recipe

NEARLY = 0.75
"""Share of a quote's words that a stretch of the document has to have, in their order, to be what the quote has become."""

WORD = re.compile(rf"{SPACELESS.pattern}|[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class DecidedBefore:
    """Pairs that people decided about and that no request of now brings again."""

    stay: tuple[Pair, ...] = ()
    """Their quote is there: what was decided holds."""
    second_look: tuple[Pair, ...] = ()
    """Their quote is nearly there: new pairs, with the texts as people edited them, which await review."""
    lost: tuple[Pair, ...] = ()
    """What they rest on is gone, or the recipe asks for their kind no more."""
    in_place_of: Mapping[str, tuple[str, Request]] = field(default_factory=dict)
    """By pair: the request of now (its key, itself) that asks about the same place for the same kind."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Those that are taken along."""
        return self.stay + self.second_look

    def taken(self, pairs: Iterable[Pair]) -> Counter[str]:
        """How many of the given pairs there are in place of each request's own, by its key."""
        return Counter(self.in_place_of[pair.id][0] for pair in pairs if pair.id in self.in_place_of)

    def covered(self) -> set[str]:
        """Keys of the requests that need not be asked: as many pairs as they would bring are there."""
        asked = dict(self.in_place_of.values())
        return {key for key, taken in self.taken(self.pairs).items() if taken >= asked[key].pairs}

    def lost_in_words(self) -> str:
        """How many of which kind: "2 question_answer, 1 own_words"."""
        return ", ".join(f"{count} {kind}" for kind, count in Counter(pair.kind for pair in self.lost).most_common())


def decided_before(
    recipe: Recipe, ledger: Ledger, documents: Mapping[str, Document], plan: Plan, ready: Sequence[Pair]
) -> DecidedBefore:
    """What becomes of the newest build's decided pairs that a build of now would not bring.

    Args:
        recipe: as it is now.
        ledger: knows the newest build's pairs and all decisions.
        documents: as they are now, by path.
        plan: what a build asks now.
        ready: pairs that come ready now.
    """
    number = ledger.newest_pairs()
    if number is None:
        return DecidedBefore()
    kinds = {kind.kind for kind in recipe.generate.kinds} if recipe.generate else set()
    stay: list[Pair] = []
    second_look: list[Pair] = []
    lost: list[Pair] = []
    in_place_of: dict[str, tuple[str, Request]] = {}
    for pair, outcome in _going(recipe, ledger, number, plan, ready):
        kept = _where_it_stands(pair, outcome, documents) if pair.kind in kinds else None
        if kept is None:
            lost.append(pair)
            continue
        if kept.evidence and (found := plan.about(kept.kind, kept.evidence)):
            in_place_of[kept.id] = found
            if KINDS[kept.kind].shows_passage:
                kept = replace(kept, context=tidy(found[1].material))
        (stay if kept.id == pair.id else second_look).append(kept)
    return DecidedBefore(tuple(stay), tuple(second_look), tuple(lost), in_place_of)


def _going(
    recipe: Recipe, ledger: Ledger, build: int, requests: Container[str], ready: Sequence[Pair]
) -> Iterator[tuple[Pair, Outcome]]:
    """The pairs of a build that hold a person's work and that neither a request of now nor a ready pair brings again."""
    here = {pair.id for pair in ready} | {_says(pair) for pair in ready}
    pairs = {pair.id: pair for pair in ledger.pairs_worked_on(build)}
    outcomes = outcomes_of(pairs, ledger.decisions(), review_of(recipe))
    rewritten = {pair.replaces for pair in pairs.values()}
    for pair in pairs.values():
        outcome = outcomes[pair.id]
        if outcome.state == "reject" or (outcome.state == "awaiting" and not pair.replaces and not pair.earlier):
            continue
        if outcome.state == "rewrite" and pair.id in rewritten:  # the one in its place is what counts
            continue
        first = pair
        while first.replaces and (before := pairs.get(first.replaces) or ledger.pair(first.replaces)):
            first = before
        if first.request in requests or pair.id in here or _says(pair) in here:
            continue
        yield pair, outcome


def _says(pair: Pair) -> tuple[object, ...]:
    return pair.kind, pair.prompt, pair.response


def _where_it_stands(pair: Pair, outcome: Outcome, documents: Mapping[str, Document]) -> Pair | None:
    """The pair with its evidence where it is now; None where that is nowhere.

    A document that is gone may be there under another name.
    """
    if pair.evidence is None:
        return None
    quote, path = pair.evidence.quote, pair.document
    for name in [path] if path in documents else documents:
        text = documents[name].text
        if found := find_in(quote, text):
            return replace(pair, document=name, evidence=Evidence(name, *found, text[slice(*found)]))
    text = documents[path].text if path in documents else ""
    found = nearest(quote, text)
    if found is None:
        return None
    now = text[slice(*found)]
    own = KINDS[pair.kind].response_is_material
    response = pair.response if outcome.response is None else outcome.response
    return replace(
        pair,
        id=f"{pair.kind.replace('_', '-')}-{content_hash(pair.id, now, length=12)}",
        prompt=pair.prompt if outcome.instruction is None else (*pair.prompt[:-1], Turn("user", outcome.instruction)),
        response=now if own else response,
        evidence=Evidence(path, *found, now),
        replaces=None,
        earlier=pair.earlier or pair.id,
    )


def nearest(quote: str, text: str) -> tuple[int, int] | None:
    """Find the words of a text that are nearest to a quote: (start, end), at word boundaries; None if nothing is similar enough.

    The window of as many words as the quote has that shares the most words with it is found first; its neighbourhood is then
    aligned with the quote word by word.
    """
    wanted = [word.casefold() for word in WORD.findall(quote)]
    found = list(WORD.finditer(text))
    words = [match[0].casefold() for match in found]
    if len(wanted) < 3 or len(words) < 3:
        return None
    size, left = len(wanted), Counter(wanted)
    shared = best = 0
    where = -1
    for at, word in enumerate(words):  # a window of `size` words that ends here; `left`: wanted, and not in it
        if left[word] > 0:
            shared += 1
        left[word] -= 1
        if at >= size:
            gone = words[at - size]
            left[gone] += 1
            if left[gone] > 0:
                shared -= 1
        if shared > best:
            best, where = shared, at
    if best < NEARLY * size:
        return None
    begin = max(0, where - size + 1 - size // 4)
    window = words[begin : where + 1 + size // 4]
    blocks = [
        block for block in difflib.SequenceMatcher(None, wanted, window, autojunk=False).get_matching_blocks() if block.size
    ]
    if sum(block.size for block in blocks) < NEARLY * size:
        return None
    while len(blocks) > 1 and blocks[-1].size < 3 and _strays(blocks[-2], blocks[-1]):  # a "the" of the next sentence
        blocks.pop()
    while len(blocks) > 1 and blocks[0].size < 3 and _strays(blocks[0], blocks[1]):
        blocks.pop(0)
    first, last = blocks[0], blocks[-1]
    start = max(0, begin + first.b - first.a)  # words at the quote's edges that are other ones now
    end = min(len(words) - 1, begin + last.b + last.size - 1 + size - last.a - last.size)
    stop = found[end].end()
    closing = re.match(r"[.!?…。！？]?[\"'”’»)]?", text[stop:])
    return found[start].start(), stop + (closing.end() if closing and quote[-1:] in closing[0] else 0)


def _strays(one: difflib.Match, other: difflib.Match) -> bool:
    """Whether two runs of common words are farther apart in the text than in the quote."""
    return other.b - one.b - one.size > other.a - one.a - one.size


def without_surplus(
    pairs: Sequence[Pair], before: DecidedBefore, requests: Mapping[str, Request]
) -> tuple[list[Pair], list[Pair]]:
    """(new pairs, pairs taken along): of the new ones only as many as the recipe asks for beside those taken along.

    A pair that comes again word for word is the new one, to which the decision is carried.

    Args:
        pairs: what the requests brought.
        before: what people decided.
        requests: by key, which the pairs name.
    """
    again = {_says(pair) for pair in pairs}
    along = [pair for pair in before.pairs if _says(pair) not in again]
    taken = before.taken(along)
    room = {key: requests[key].pairs - taken[key] for key in taken if key in requests}
    new = []
    for pair in pairs:
        if pair.request in room and not pair.replaces:
            room[pair.request] -= 1
            if room[pair.request] < 0:
                continue
        new.append(pair)
    return new, along
