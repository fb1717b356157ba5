"""What a recipe will ask of its provider, what that will cost and how long it will take; and whether to do it at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curate.build import voice_samples
from curate.generate.answers import answer_in
from curate.generate.generate import key_of, make_provider
from curate.generate.live import CHARACTERS_PER_TOKEN, expected_tokens
from curate.generate.prices import BATCH, price_of
from curate.generate.requests import Request, requests_for
from curate.generate.shapes import Answer
from curate.ledger import Ledger
from curate.model import Passage, Stage
from curate.read.passages import cut
from curate.read.read import Sources, find_files, read_sources
from recipes.folders import BuildFolder
from recipes.load import load_control, load_recipe
from recipes.schema import Generate, Recipe

SHORTEST_CACHED_PROMPT = 1024
"""Tokens below which the provider caches no prompt (platform.claude.com/docs/en/build-with-claude/prompt-caching)."""

SECONDS_BEFORE_THE_FIRST_TOKEN = 1.5
TOKENS_PER_SECOND = 60
"""Of one answer, where no earlier one has been timed."""

FEWEST_TO_LEARN_FROM = 20
"""Earlier answers from which their own tokens and seconds count, instead of rules of thumb."""

Verdict = Literal["for", "doubtful", "against"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One criterion of whether fine-tuning is the right tool, and how this recipe stands to it."""

    criterion: str
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Experience:
    """What earlier answers teach: factors on our rules of thumb for tokens, and the seconds of an answer."""

    answers: int
    input_factor: float = 1.0
    output_factor: float = 1.0
    seconds: float | None = None


def plan(recipe_path: Path) -> dict[str, Any]:
    """Requests, tokens, dollars and time of what a build would still ask, and reasons for and against; asks nothing.

    Raises:
        CallError: the recipe or a source is wrong.
    """
    recipe = load_recipe(recipe_path)
    control = len(load_control(Path(recipe.control)).questions) if recipe.control else 0
    ledger = Ledger(BuildFolder.of(recipe.name).ledger)  # what is read for the plan is not read again by the build
    try:
        stage = Stage("read")
        sources = read_sources(find_files(recipe, recipe_path.absolute().parent), ledger, stage, lambda *_: None)
        passages = {document.path: cut(document, recipe.passages.max_tokens) for document in sources.documents}
        requests = _requests(recipe, sources, passages, ledger)
        keyed = _keyed(recipe, requests)
        answered = {key for key in keyed if answer_in(ledger.responses(key), Answer) is not None}
        experience = _experience({key: keyed[key] for key in answered}, ledger)
    finally:
        ledger.close()
    words = sum(len(document.text.split()) for document in sources.documents)
    found: dict[str, Any] = {
        "name": recipe.name,
        "documents": len(sources.documents),
        "words": words,
        "passages": sum(map(len, passages.values())),
        "ready_pairs": len(sources.pairs),
        "requests": len(requests),
        "answered_already": len(answered),
        "pairs": sum(request.pairs for request in requests),
        "kinds": _by_kind(requests),
        "tokens": {"input": 0, "output": 0},
        "usd": {"live": 0.0, "batch": 0.0},
        "seconds": {"live": 0.0, "batch": 0.0},
        "basis": "",
    }
    if recipe.generate and recipe.generate.provider == "anthropic":
        found |= _estimate(recipe.generate, [keyed[key] for key in keyed if key not in answered], experience)
    found["fit"] = [
        {"criterion": reason.criterion, "verdict": reason.verdict, "why": reason.why}
        for reason in reasons(recipe, requests, len(sources.pairs), words, control)
    ]
    return found


def _requests(recipe: Recipe, sources: Sources, passages: dict[str, list[Passage]], ledger: Ledger) -> list[Request]:
    if not recipe.generate:
        return []
    return list(requests_for(recipe, sources.documents, passages, voice_samples(ledger, passages)))


def _keyed(recipe: Recipe, requests: Sequence[Request]) -> dict[str, Request]:
    """The requests by key, as a build would have them; needs no key of the provider's."""
    if not recipe.generate:
        return {}
    if recipe.generate.provider == "anthropic":
        return {key_of(request, recipe.generate.model): request for request in requests}
    provider = make_provider(recipe.generate)
    return {key_of(request, provider.identity(request)): request for request in requests}


def _by_kind(requests: Sequence[Request]) -> list[dict[str, Any]]:
    kinds: dict[str, dict[str, Any]] = {}
    for request in requests:
        row = kinds.setdefault(request.kind, {"kind": request.kind, "requests": 0, "pairs": 0, "words": list(request.words)})
        row["requests"] += 1
        row["pairs"] += request.pairs
    for row in kinds.values():
        row["share"] = round(row["pairs"] / sum(kind["pairs"] for kind in kinds.values()), 4)
    return list(kinds.values())


def _experience(answered: dict[str, Request], ledger: Ledger) -> Experience:
    """How far our rules of thumb were off for the answers that are there, and how long these took."""
    expected_in = expected_out = 0.0
    read = written = 0
    for key, request in answered.items():
        responses = [row for row in ledger.responses(key) if row["provider"].startswith("anthropic")]
        for response in responses:
            tokens = expected_tokens(request)
            expected_in, expected_out = expected_in + tokens[0], expected_out + tokens[1]
            read += response["input_tokens"] + response["cache_write_tokens"] + response["cache_read_tokens"]
            written += response["output_tokens"]
    count = ledger.spent()[0]
    if count < FEWEST_TO_LEARN_FROM or not expected_in or not expected_out:
        return Experience(count)
    return Experience(count, read / expected_in, written / expected_out, ledger.seconds_of_an_answer())


def _estimate(generate: Generate, missing: Sequence[Request], experience: Experience) -> dict[str, Any]:
    """Tokens, dollars and seconds of the requests that are still to be asked."""
    tokens = [expected_tokens(request) for request in missing]
    read = sum(in_ for in_, _ in tokens) * experience.input_factor
    written = sum(out for _, out in tokens) * experience.output_factor
    shared = len(missing[0].system) / CHARACTERS_PER_TOKEN * experience.input_factor if missing else 0.0
    price = price_of(generate)
    live = whole = price.cost(read, written)
    if shared >= SHORTEST_CACHED_PROMPT:  # the first request writes what all share to the cache, the others read it there
        rest = shared * (len(missing) - 1)
        live = price.cost(read - shared - rest, written, cache_write=shared, cache_read=rest)
    seconds, bound = _seconds(generate, len(missing), read, written, experience)
    learnt = experience.input_factor != 1.0
    return {
        "tokens": {"input": round(read), "output": round(written)},
        "usd": {"live": round(live, 4), "batch": round(whole * BATCH, 4)},
        "seconds": {"live": round(seconds, 1), "batch": 3600.0 if missing else 0.0},
        "bound_by": bound,
        "prices_as_of": price.as_of,
        "budget_usd": generate.budget_usd,
        "basis": f"from {experience.answers} earlier answers"
        if learnt
        else "by rules of thumb: 3.8 characters a token, 1.4 tokens a word",
    }


def _seconds(generate: Generate, requests: int, read: float, written: float, experience: Experience) -> tuple[float, str]:
    """How long it takes live, and what it is that takes so long."""
    if not requests:
        return 0.0, ""
    each = experience.seconds or SECONDS_BEFORE_THE_FIRST_TOKEN + written / requests / TOKENS_PER_SECOND
    limits = generate.per_minute
    bounds = {f"concurrency: {generate.concurrency}": each * requests / min(generate.concurrency, requests)}
    for amount, limit, of in (
        (requests, limits.requests, "requests"),
        (read, limits.input_tokens, "input tokens"),
        (written, limits.output_tokens, "output tokens"),
    ):
        if limit:
            bounds[f"{limit:,} {of} a minute"] = amount / limit * 60
    bound = max(bounds, key=lambda name: bounds[name])
    return bounds[bound] + each, bound  # the first request goes alone


def reasons(recipe: Recipe, requests: Sequence[Request], ready_pairs: int, words: int, control: int) -> list[Reason]:
    """Whether fine-tuning is the right tool, by the criteria that are known.

    It teaches a voice or a form well, and facts badly: what the base model does not know is learnt slowly and then raises
    hallucination (Gekhman et al. 2024, arXiv 2405.05904). From about fifty examples it shows, from 500 to 3,000 it holds.
    """
    pairs = sum(request.pairs for request in requests) + ready_pairs
    facts = sum(request.pairs for request in requests if request.kind == "question_answer") / pairs if pairs else 0.0
    found = []
    if facts > MOSTLY_FACTS:
        why = (
            f"{facts:.0%} of the pairs are questions about what the documents say. Fine-tuning teaches how to answer, not what is"
        )
        found.append(
            Reason(
                "voice or form",
                "doubtful",
                f"{why} true: keep the documents at hand for retrieval, and ask for more own_words, essay or grounded.",
            )
        )
    elif recipe.persona.description or any(source.as_ == "conversations" for source in recipe.sources):
        found.append(
            Reason("voice or form", "for", "What is taught is how somebody writes. The facts still belong in retrieval.")
        )
    else:
        found.append(
            Reason(
                "voice or form", "doubtful", "persona.description says nothing of the voice; without one a prompt may do as well."
            )
        )
    if pairs < 50:
        found.append(
            Reason(
                "enough examples", "against", f"{pairs} pairs: put the best of them into the prompt of a larger model instead."
            )
        )
    elif pairs < 500:
        found.append(
            Reason(
                "enough examples",
                "doubtful",
                f"{pairs} pairs will show in the tone; 500 to 3,000 hold it. More per passage, or more documents.",
            )
        )
    else:
        found.append(
            Reason(
                "enough examples",
                "for",
                f"{pairs:,} pairs; 500 to 3,000 are enough, and beyond that quality counts for more than number.",
            )
        )
    if requests and words < 3_000:
        found.append(
            Reason(
                "enough writing",
                "against",
                f"{words:,} words fit into one prompt: a model that reads them there comes closer than one trained on them.",
            )
        )
    elif requests and words < 15_000:
        found.append(
            Reason(
                "enough writing",
                "doubtful",
                f"{words:,} words are little to learn a voice from: expect it to repeat itself, and watch for echoes.",
            )
        )
    elif requests:
        found.append(Reason("enough writing", "for", f"{words:,} words of the author's own."))
    if control < 10:
        found.append(
            Reason(
                "a way to tell",
                "doubtful",
                f"{control} controlled questions: with fewer than ten nobody will know whether it got better. See `control`.",
            )
        )
    else:
        found.append(Reason("a way to tell", "for", f"{control} controlled questions, the same for every run."))
    return found


MOSTLY_FACTS = 0.7


def told(found: dict[str, Any]) -> list[str]:
    """The plan for a terminal."""
    ready = f", {found['ready_pairs']:,} pairs that came ready" if found["ready_pairs"] else ""
    lines = [
        f"{found['name']}: {found['documents']:,} documents, {found['words']:,} words, {found['passages']:,} passages{ready}"
    ]
    for kind in found["kinds"]:
        words = f"{kind['words'][0]}-{kind['words'][1]} words"
        lines.append(
            f"  {kind['kind']:<16} {kind['requests']:>6,} requests {kind['pairs']:>7,} pairs {kind['share']:>5.0%}   {words}"
        )
    to_ask = found["requests"] - found["answered_already"]
    lines.append(
        f"to ask: {to_ask:,} of {found['requests']:,} requests"
        + (" (the others are answered)" if found["answered_already"] else "")
    )
    if found["basis"] and to_ask:
        lines += [
            f"tokens: about {found['tokens']['input']:,} in, {found['tokens']['output']:,} out ({found['basis']})",
            f"live:  about ${found['usd']['live']:.2f} and {_duration(found['seconds']['live'])} (bound by {found['bound_by']})",
            f"batch: about ${found['usd']['batch']:.2f}, mostly within an hour, at most a day (`mode: batch`)",
            f"prices: {found['prices_as_of']}",
        ]
        budget = found["budget_usd"]
        if budget is None:
            lines.append("budget: none; `budget_usd` under `generate` sets a ceiling that is never passed")
        elif budget < found["usd"]["live"]:
            lines.append(f"budget: ${budget:.2f} will not be enough live: the build stops there and keeps what it has")
        else:
            lines.append(f"budget: ${budget:.2f}, which is never passed")
    elif to_ask:
        lines.append("nothing is paid for")
    lines.append("is fine-tuning the right tool?")
    for reason in found["fit"]:
        lines.append(f"  {reason['verdict']:<9} {reason['criterion']}: {reason['why']}")
    return lines


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
