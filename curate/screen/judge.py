"""Claude as a judge, where a recipe asks for it: which claims of a response its passage does not support.

The judge always sees the passage: without it, it could only say what it happens to know. It is asked through the same road as
the pairs themselves, so its answers are kept, never paid for twice, and counted against the budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from jinja2 import ChoiceLoader, PackageLoader
from pydantic import BaseModel, ConfigDict

from curate.check import Check
from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.ask import ask_missing, key_of
from curate.llm.live import Progress
from curate.llm.prompts import SHARED, environment
from curate.llm.request import Request, as_object
from curate.model import Finding, Pair, Span, Usage
from curate.screen.settings.judge import JudgeSettings
from curate.sources import SourceTexts
from likeness.recipe.schema import Generate, Recipe

WORDS_OF_A_JUDGEMENT = (30, 400)


def judge(
    pairs: Sequence[Pair],
    findings: Mapping[str, Sequence[Finding]],
    sources: SourceTexts,
    recipe: Recipe,
    ledger: Ledger,
    progress: Progress,
    *,
    wait: bool = False,
) -> tuple[list[Finding], Usage]:
    """What the judge finds, a warning for each pair with claims that are absent from its passage or contradicted by it.

    The score is the share of a response's claims that the passage does not support, in (0, 1].

    Args:
        pairs: to judge; those without a passage, and the author's own words, are passed over.
        findings: by pair: where the recipe has only flagged pairs judged, those are.
        sources: the passages.
        recipe: with `screen.judge`.
        ledger: keeps the answers.
        progress: called with (requests done, requests in all, US dollars spent now).
        wait: stay until batches have ended.

    Raises:
        As `generate_pairs` does.
    """
    settings = recipe.screen[JudgeSettings]
    asking = _asking(settings, recipe.generate)
    system, user = judge_prompts()
    requests: dict[str, tuple[Pair, Request]] = {}
    for pair in pairs:
        passage = sources.passage_of(pair)
        if passage is None or pair.wrote == "author" or (settings.pairs == "flagged" and not findings.get(pair.id)):
            continue
        title = sources.documents[passage.document].title if passage.document in sources.documents else ""
        request = Request(
            kind="judge",
            document=passage.document,
            passage=passage.id,
            start=passage.start,
            material=passage.text,
            count=1,
            words=WORDS_OF_A_JUDGEMENT,
            system=system,
            user=user(title=title, text=passage.text, question=pair.instruction, answer=pair.response),
            schema=SCHEMA,
            shape=Judgement,
        )
        requests[key_of(request, asking.model)] = pair, request
    usage = Usage()
    keyed = {key: request for key, (_, request) in requests.items()}
    from curate.llm.claude import Claude  # here: its library takes half a second

    ask_missing(keyed, Claude(asking), ledger, asking, usage, progress, wait=wait)
    found: list[Finding] = []
    for key, (pair, _) in requests.items():
        answer = answer_in(ledger.responses(key), Judgement)
        if isinstance(answer, Judgement):
            found += _finding(pair, answer)
    return found, usage


class Claim(BaseModel):
    """A claim of a response, and what the passage says to it."""

    model_config = ConfigDict(extra="forbid")
    claim: str
    verdict: Literal["supported", "absent", "contradicted"]
    why: str


class Judgement(BaseModel):
    """A whole answer of the judge's."""

    model_config = ConfigDict(extra="forbid")
    claims: list[Claim]


_TEXT = {"type": "string"}
SCHEMA = as_object(
    claims={
        "type": "array",
        "items": as_object(claim=_TEXT, verdict={"type": "string", "enum": ["supported", "absent", "contradicted"]}, why=_TEXT),
    }
)


def _finding(pair: Pair, judgement: Judgement) -> Iterable[Finding]:
    """One finding for a pair, which points at the first claim that does not hold; a contradiction comes before an absence."""
    bad = sorted(
        (claim for claim in judgement.claims if claim.verdict != "supported"), key=lambda claim: claim.verdict == "absent"
    )
    if not bad:
        return
    first = bad[0]
    said = "says otherwise than" if first.verdict == "contradicted" else "says nothing of"
    more = f"; and {len(bad) - 1} more" if len(bad) > 1 else ""
    at = pair.response.find(first.claim)
    yield Finding(
        pair.id,
        "judge",
        "warning",
        len(bad) / len(judgement.claims),
        f"the passage {said} “{first.claim}”: {first.why}{more}",
        Span("response", at, at + len(first.claim)) if first.claim and at >= 0 else None,
        first.verdict,
    )


def _asking(settings: JudgeSettings, generate: Generate | None) -> Generate:
    """The recipe's own ways of asking (how many at once, live or batched, the budget), with the judge's model."""
    assert generate is not None
    same = generate.provider == "anthropic" and generate.model == settings.model
    update = {"provider": "anthropic", "recordings": None, "model": settings.model, "price": generate.price if same else None}
    return generate.model_copy(update=update)


def judge_prompts() -> tuple[str, Callable[..., str]]:
    """The judge's prompt that all requests share, and the template of one request."""
    ours = environment(ChoiceLoader([PackageLoader("curate.screen", "prompts"), SHARED]))
    return ours.get_template("judge_system.md.j2").render(), ours.get_template("judge.md.j2").render


CHECK = Check(
    name="judge",
    about="Claims that the passage does not support, as Claude judges; only where the recipe asks for it.",
    scope="row",
    order=1000,
    reasons={"absent": "claims what its passage does not say", "contradicted": "claims what its passage denies"},
    find=None,  # a step of its own: it costs money
    settings=JudgeSettings,
    example=(
        "The passage says: *There are ninety trees, and one of them is dead.* Found: *Ninety, and I planted them in 1990* "
        "(`absent`: the passage gives no year) and *There are sixty trees* (`contradicted`). "
        "Left alone: *Ninety, one of them dead.*"
    ),
)
