"""What a recipe will ask of its provider, what that will cost and how long it will take; and whether to do it at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from curate.engine.engine import engine_of
from curate.generate.asked_again import asked_again
from curate.generate.decided_before import decided_before
from curate.generate.estimate import estimate, expected_yield, experience_of
from curate.generate.planned import Plan
from curate.generate.planning import make_plan
from curate.generate.providers import keyed
from curate.generate.requests import Asking
from curate.generate.voice_samples import VoiceSamples, voice_samples
from curate.ledger.ledger import Ledger
from curate.llm.answers import answer_in
from curate.llm.prices import unknown_model
from curate.llm.request import Request
from curate.model import Document, Stage
from curate.read.read import Sources, find_files, read_sources
from curate.read.step import CutDocuments
from curate.sources import SourceTexts
from likeness.kinds import KINDS
from likeness.llama.smollm2 import SMOLLM2, TRYING
from likeness.metrics.text import count_of
from likeness.recipe.examples import refuse_examples
from likeness.recipe.folders import BuildFolder
from likeness.recipe.load import load_control, load_recipe
from likeness.recipe.schema import Recipe

Verdict = Literal["for", "doubtful", "against"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One criterion of whether fine-tuning is the right tool, and what it says of this recipe."""

    criterion: str
    verdict: Verdict
    why: str


def plan(recipe_path: Path, settings: Sequence[str] = ()) -> dict[str, Any]:
    """Requests, tokens, dollars and time of what a build would still ask, and reasons for and against; asks nothing.

    Args:
        recipe_path: the recipe's file.
        settings: `key=value` of the command line, merged over the recipe.

    Raises:
        CallError: the recipe or a source is wrong.
    """
    from curate.contrast.interview import pairs_of

    recipe = load_recipe(recipe_path, settings)
    refuse_examples(recipe)
    control = len(load_control(Path(recipe.control)).questions) if recipe.control else 0
    folder = BuildFolder.of(recipe)
    ledger = Ledger(folder.ledger)  # what is read for the plan is not read again by the build
    folder.claim(recipe)
    try:
        files = find_files(recipe, recipe_path.absolute().parent)
        with engine_of(recipe) as engine:
            sources = read_sources(files, ledger, Stage("read"), lambda *_: None, engine)
            documents = sources.documents.by_path
            samples = voice_samples(recipe, ledger, documents) if recipe.generate else VoiceSamples()
            planned = make_plan(Asking(recipe, samples), documents, ledger, engine)
        whole = planned.plan
        before = decided_before(recipe, ledger, documents, whole, sources.pairs + pairs_of(ledger.interviewed()))
        covered = before.covered() if recipe.generate and recipe.generate.provider != "recorded" else set()
        missing = whole.without(covered).missing()
        yields = expected_yield(ledger, whole.sizes())
        kinds = _by_kind(whole)
        to_ask = len(missing)
        sets = _contrast_requests(recipe, sources, documents, samples, ledger)
        sets_missing = [request for key, request in sets.items() if answer_in(ledger.responses(key), request.shape) is None]
        costs: dict[str, Any] = {}
        if recipe.generate and recipe.generate.provider == "anthropic":
            sizes = chain(missing.sizes(), (request.size for request in sets_missing))
            costs = estimate(recipe.generate, sizes, experience_of(whole.answered(), ledger), ledger)
        again = asked_again(whole, covered, recipe.generate, ledger) if recipe.generate else None
    finally:
        ledger.close()
    requests = sum(kind["requests"] for kind in kinds)
    found: dict[str, Any] = {
        "name": recipe.name,
        "documents": len(sources.documents),
        "words": planned.words,
        "passages": planned.passages,
        "ready_pairs": len(sources.pairs),
        "requests": requests,
        "answered_already": requests - to_ask,
        "asked_again": again.as_dict() if again else None,
        "decided": {
            "stay": len(before.stay),
            "second_look": len(before.second_look),
            "go": dict(Counter(pair.kind for pair in before.lost)),
        },
        "pairs": sum(kind["pairs"] for kind in kinds),
        "kinds": kinds,
        "contrast": {"sets": len(sets), "to_ask": len(sets_missing)},
        "tokens": {"input": 0, "output": 0},
        "usd": {"live": 0.0, "batch": 0.0},
        "seconds": {"live": 0.0, "batch": 0.0},
        "basis": "",
        "yield": yields,
        "notes": sources.notes(),
    }
    if recipe.generate and recipe.generate.provider == "anthropic":
        found["unknown_model"] = unknown_model(recipe.generate.model)
        found |= costs
    found["fit"] = [
        {"criterion": reason.criterion, "verdict": reason.verdict, "why": reason.why}
        for reason in reasons(recipe, kinds, len(sources.pairs), planned.words, control)
    ]
    return found


def _contrast_requests(
    recipe: Recipe, sources: Sources, documents: Mapping[str, Document], samples: VoiceSamples, ledger: Ledger
) -> dict[str, Request]:
    """What the contrast sets ask for, by key; at most so many: pairs that are not written yet may explain some of the terms."""
    if not recipe.contrast or not recipe.generate:
        return {}
    from curate.contrast.sets import requests_for as contrast_requests
    from curate.contrast.terms import thin_terms

    number = ledger.newest_pairs()
    pairs = list(ledger.pairs_of(number, "kept", "awaiting")) if number else []
    terms = thin_terms(list(sources.documents), pairs, ledger.term_decisions())
    texts = SourceTexts(documents, CutDocuments(documents, recipe.passages.max_tokens))
    asked = contrast_requests(recipe, terms, texts, samples.shown)
    return keyed(list(asked.values()), recipe.generate, ledger)


def _by_kind(plan: Plan) -> list[dict[str, Any]]:
    kinds: dict[str, dict[str, Any]] = {}
    for request in plan.sizes():
        row = kinds.setdefault(request.kind, {"kind": request.kind, "requests": 0, "pairs": 0, "words": list(request.words)})
        row["requests"] += 1
        row["pairs"] += request.pairs
    for row in kinds.values():
        row["share"] = round(row["pairs"] / sum(kind["pairs"] for kind in kinds.values()), 4)
    return list(kinds.values())


def reasons(recipe: Recipe, kinds: Sequence[Mapping[str, Any]], ready_pairs: int, words: int, control: int) -> list[Reason]:
    """Whether fine-tuning is the right tool, by the criteria that are known.

    It teaches a voice or a form well, and facts badly: what the base model does not know is learnt slowly and then raises
    hallucination (Gekhman et al. 2024, arXiv 2405.05904). From about fifty examples it shows, from 500 to 3,000 it holds.

    Args:
        recipe: the recipe.
        kinds: what is asked for, by kind.
        ready_pairs: pairs that came ready.
        words: fewest and most words.
        control: how many controlled questions there are.
    """
    pairs = sum(kind["pairs"] for kind in kinds) + ready_pairs
    facts = sum(kind["pairs"] for kind in kinds if KINDS[kind["kind"]].asks == "facts") / pairs if pairs else 0.0
    found = []
    if recipe.generate and recipe.generate.provider == "llama-cpp" and recipe.generate.model == SMOLLM2:
        found.append(Reason("a model that can write", "against", f"{TRYING}."))
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
    if kinds and words < 3_000:
        found.append(
            Reason(
                "enough writing",
                "against",
                f"{words:,} words fit into one prompt: a model that reads them there comes closer than one trained on them.",
            )
        )
    elif kinds and words < 15_000:
        found.append(
            Reason(
                "enough writing",
                "doubtful",
                f"{words:,} words are little to learn a voice from: expect it to repeat itself, and watch for echoes.",
            )
        )
    elif kinds:
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
MOST_NOTES = 12


def plan_lines(found: dict[str, Any]) -> list[str]:
    """The plan for a terminal."""
    read = [count_of(found[f"{thing}s"], thing) for thing in ("document", "word", "passage")]
    if found["ready_pairs"]:
        read.append(count_of(found["ready_pairs"], "pair") + " that came ready")
    lines = [f"{found['name']}: {', '.join(read)}"]
    for kind in found["kinds"]:
        words = f"{kind['words'][0]}-{kind['words'][1]} words"
        lines.append(
            f"  {kind['kind']:<16} {count_of(kind['requests'], 'request'):>15} {count_of(kind['pairs'], 'pair'):>13}"
            f" {kind['share']:>5.0%}   {words}"
        )
    lines += [f"note: {note}" for note in found["notes"][:MOST_NOTES]]
    if (more := len(found["notes"]) - MOST_NOTES) > 0:
        lines.append(f"and {more:,} more notes: `curate plan --passages` shows all")
    to_ask = found["requests"] - found["answered_already"]
    missing = to_ask + found["contrast"]["to_ask"]
    lines.append(
        f"to ask: {to_ask:,} of {count_of(found['requests'], 'request')}"
        + (" (the others are answered)" if found["answered_already"] else "")
    )
    if sets := found["contrast"]["sets"]:
        lines.append(f"and at most {count_of(sets, 'contrast set')}, {found['contrast']['to_ask']} of them to ask for")
    if found.get("unknown_model"):
        lines.append(f"model:  {found['unknown_model']}")
    if found["asked_again"]:
        lines.append(f"again:  {found['asked_again']['summary']}")
    if decided := _decided_in_words(found["decided"]):
        lines.append(f"decided: {decided}")
    if found["basis"] and missing:
        lines += [
            f"tokens: about {found['tokens']['input']:,} in, {found['tokens']['output']:,} out ({found['basis']})",
            f"live:  about ${found['usd']['live']:.2f} and {_duration(found['seconds']['live'])} (bound by {found['bound_by']})",
            f"batch: about ${found['usd']['batch']:.2f}, mostly within an hour, at most a day (`mode: batch`)",
            f"prices: {found['prices_as_of']}",
        ]
        budget, least = found["budget_usd"], found["smallest_budget_usd"]
        if budget is not None and budget < least:
            lines.append(
                f"budget: ${budget:.2f} lets nothing through: the next answer might pass it. The smallest that is of use is "
                f"${least:.2f}, which sets aside what one answer may cost at worst; all takes about ${found['usd']['live']:.2f}"
            )
        elif budget is None:
            lines.append("budget: none; `budget_usd` under `generate` sets a ceiling that is never passed")
        elif budget < found["usd"]["live"]:
            lines.append(f"budget: ${budget:.2f} will not be enough live: the build stops there and keeps what it has")
        else:
            lines.append(f"budget: ${budget:.2f}, which is never passed")
    elif missing:
        lines.append("nothing is paid for")
    if found["yield"]:
        lines.append(_yield_in_words(found["yield"]))
    lines.append("is fine-tuning the right tool?")
    for reason in found["fit"]:
        lines.append(f"  {reason['verdict']:<9} {reason['criterion']}: {reason['why']}")
    return lines


def _yield_in_words(found: dict[str, Any]) -> str:
    """What was kept of what was asked for, and what to expect of all."""
    of = f"a sample of {count_of(found['sample'], 'passage')}" if found["sample"] else "the last build"
    each = f", at ${found['usd_per_kept']:.4f} a kept pair" if found["usd_per_kept"] else ""
    kept = f"{found['kept']:,} of {count_of(found['asked'], 'pair')} asked for"
    return f"yield:  {of} kept {kept}: expect about {count_of(found['expected'], 'pair')} in all{each}"


def _decided_in_words(decided: dict[str, Any]) -> str:
    """What becomes of what people decided where a document, a prompt or the model has changed."""
    parts = []
    if decided["stay"]:
        parts.append(f"{count_of(decided['stay'], 'pair', 'stay')}, for the quotes they rest on are still there")
    if decided["second_look"]:
        parts.append(f"{count_of(decided['second_look'], 'pair', 'await')} a second look, for their quotes have changed")
    if decided["go"]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in decided["go"].items())
        parts.append(
            f"{count_of(sum(decided['go'].values()), 'pair')} must go, for what they rest on is gone ({kinds}); a build asks"
        )
    return "; ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
