"""Pairs become a dataset folder: parquet that `datasets.load_dataset` and trl read as it is, a card, a manifest."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.model import Contrast, Pair, ProbeQuestion, content_hash
from curate.publish.formats import write_formats
from curate.select.mix import mix_lines
from curate.select.split import Split
from likeness.files import atomic_folder, write_atomic
from likeness.metrics.text import count_words
from likeness.recipe.folders import BuildFolder
from likeness.recipe.notes import with_notes
from likeness.recipe.schema import ControlQuestion, Recipe
from likeness.sums import FILES, changed_table, table_sums

Row = dict[str, Any]

SAMPLE = "sample"
MARKUP, ESCAPED = re.compile(r"([\\<>`*\[\]&])"), r"\\\1"
"""Marks of Markdown that a file's name may hold; the card is shown where the dataset is."""

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SFT = pa.schema(
    [
        ("prompt", MESSAGES),
        ("completion", MESSAGES),
        ("id", pa.string()),
        ("kind", pa.string()),
        ("source", pa.string()),
        ("quote", pa.string()),
        ("quote_start", pa.int64()),
        ("quote_end", pa.int64()),
        ("words", pa.int64()),
        ("review", pa.string()),
        ("rating", pa.float64()),
    ]
)
PREFERENCE = pa.schema(
    [
        ("prompt", MESSAGES),
        ("chosen", MESSAGES),
        ("rejected", MESSAGES),
        ("id", pa.string()),
        ("term", pa.string()),
        ("origin", pa.string()),
        ("source", pa.string()),
        ("evidence", pa.string()),
    ]
)
PROBES = pa.schema(
    [("id", pa.string()), ("about", pa.string()), ("prompt", MESSAGES), ("term", pa.string()), ("set", pa.string())]
)
CONTROL = pa.schema(
    [("prompt", MESSAGES)]
    + [(name, pa.string()) for name in ("id", "about", "answer", "choice", "retest")]
    + [(name, pa.list_(pa.string())) for name in ("choices", "paraphrases")]
)


def publish(
    sides: Split,
    contrasts: Sequence[Contrast],
    control: Sequence[ControlQuestion],
    recipe: Recipe,
    sources: Sequence[dict[str, Any]],
    facts: dict[str, Any],
    folder: BuildFolder,
    probes: Sequence[ProbeQuestion] = (),
) -> tuple[str, dict[str, int]]:
    """Write a dataset version and make it the newest; the same rows give the same version, whenever they are built.

    A sample (`facts["sample"]`) goes to the version `sample`, replaces the last one and is never the newest.

    Args:
        sides: the rows to train on, and those that are held out.
        contrasts: right and wrong answers to one prompt, for preference training.
        control: the controlled questions.
        recipe: the recipe they come of.
        sources: path, sha256 and rights of each file.
        facts: stages, checks, mix and sample, for the manifest.
        folder: where to.
        probes: questions held out of training: about what is invented, and about terms that the rows explain.

    Returns:
        The version's name, and its rows by split.

    Raises:
        MachineError: the folder cannot be written to.
    """
    rows = {
        "train": [_row(pair, recipe) for pair in sides.train],
        "validation": [_row(pair, recipe) for pair in sides.validation],
    }
    preferences = {
        split: [_preference(contrast, recipe) for contrast in beside] for split, beside in sides.with_contrasts(contrasts).items()
    }
    preferred = sum(map(len, preferences.values()))
    questions = [_question(question, recipe) for question in control]
    held_out = [_probe(probe, recipe) for probe in probes]
    more: list[Any] = [preferences] if preferred else []
    more += [held_out] if held_out else []
    fingerprint = content_hash("dataset", 1, rows, questions, *more, length=64)
    counts = {split: len(entries) for split, entries in rows.items()} | {"control": len(questions)}
    if preferred:
        counts["preference"] = preferred
    if held_out:
        counts["probes"] = len(held_out)
    sample = facts["sample"] is not None
    known = None if sample else _same_version(folder, fingerprint)
    if known and changed_table(folder.datasets / known["version"]) is None:
        version = str(known["version"])
    else:  # a version whose tables were changed by hand is written again as it was
        version = SAMPLE if sample else str(known["version"]) if known else f"{_next_number(folder):03d}-{fingerprint[:8]}"
        parent = folder.latest.read_text(encoding="utf-8").strip() if folder.latest.exists() else None
        manifest = {
            "version": version,
            "fingerprint": fingerprint,
            "parent": known["parent"] if known else parent,
            "created_at": known["created_at"] if known else datetime.now(UTC).isoformat(timespec="seconds"),
            "recipe": portable(recipe),
            "sources": list(sources),
            "control": content_hash("control", questions) if questions else None,
            "counts": counts | {"kinds": dict(Counter(pair.kind for pair in sides.pairs))},
            **facts,
        }
        with atomic_folder(folder.datasets / version) as part:
            _write_parquet(part / "sft", rows, SFT)
            if preferred:
                _write_parquet(part / "preference", preferences, PREFERENCE)
            if held_out:
                _write_parquet(part / "probes", {"test": held_out}, PROBES)
            if questions:
                _write_parquet(part / "control", {"test": questions}, CONTROL)
            write_formats(part / "formats", {split: entries for split, entries in rows.items() if entries})
            (part / "README.md").write_text(_card(recipe, manifest, part), encoding="utf-8")
            manifest[FILES] = table_sums(part)
            (part / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if not sample:
        write_atomic(folder.latest, version + "\n")
    return version, counts


def _row(pair: Pair, recipe: Recipe) -> Row:
    evidence = pair.evidence
    return {
        "prompt": _prompt(pair, recipe),
        "completion": [{"role": "assistant", "content": pair.response}],
        "id": pair.id,
        "kind": pair.kind,
        "source": pair.document,
        "quote": evidence.quote if evidence else None,
        "quote_start": evidence.start if evidence else None,
        "quote_end": evidence.end if evidence else None,
        "words": count_words(pair.response),
    } | ({"review": pair.review, "rating": pair.rating} if pair.review else {})


def _prompt(asked: Pair | Contrast, recipe: Recipe) -> list[dict[str, str]]:
    prompt = [{"role": "system", "content": recipe.persona.system_prompt}]
    prompt += [{"role": turn.role, "content": turn.content} for turn in asked.prompt]
    if asked.context:
        prompt[-1]["content"] = with_notes(asked.context, asked.prompt[-1].content)
    return prompt


def _preference(contrast: Contrast, recipe: Recipe) -> Row:
    return {
        "prompt": _prompt(contrast, recipe),
        "chosen": [{"role": "assistant", "content": contrast.chosen}],
        "rejected": [{"role": "assistant", "content": contrast.rejected}],
        "id": contrast.pair,
        "term": contrast.term or None,
        "origin": contrast.origin,
        "source": contrast.document,
        "evidence": contrast.evidence or None,
    }


def _probe(probe: ProbeQuestion, recipe: Recipe) -> Row:
    prompt = [{"role": "system", "content": recipe.persona.system_prompt}, {"role": "user", "content": probe.question}]
    return {"id": probe.id, "about": probe.about, "prompt": prompt, "term": probe.term, "set": probe.contrast_set}


def _question(question: ControlQuestion, recipe: Recipe) -> Row:
    prompt = [
        {"role": "system", "content": recipe.persona.system_prompt},
        {"role": "user", "content": question.question},
    ]
    own = {name: getattr(question, name) for name in ("answer", "choice", "retest", "choices", "paraphrases")}
    return {"prompt": prompt, "id": question.id, "about": question.about} | {name: value for name, value in own.items() if value}


def _write_parquet(folder: Path, splits: dict[str, list[Row]], schema: pa.Schema) -> None:
    folder.mkdir()
    for split, rows in splits.items():
        if rows:
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{split}.parquet", compression="zstd")


def _same_version(folder: BuildFolder, fingerprint: str) -> Row | None:
    """The manifest of the version that has just these rows."""
    for manifest in folder.datasets.glob("[0-9]*/manifest.json"):
        known: Row = json.loads(manifest.read_text(encoding="utf-8"))
        if known["fingerprint"] == fingerprint:
            return known
    return None


def _next_number(folder: BuildFolder) -> int:
    numbers = [int(p.parent.name.split("-")[0]) for p in folder.datasets.glob("[0-9]*/manifest.json")]
    return max(numbers, default=0) + 1


def portable(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON, its paths relative to the folder that the command was called in: no home folder travels."""
    data = recipe.model_dump(mode="json", by_alias=True, exclude_none=True)

    def shortened(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shortened(item) for key, item in value.items()}
        if isinstance(value, list):
            return [shortened(item) for item in value]
        return os.path.relpath(value) if isinstance(value, str) and os.path.isabs(value) else value

    shortened_data: dict[str, Any] = shortened(data)
    return shortened_data


def _generator(recipe: Recipe) -> str:
    """Who wrote the pairs, as far as the recipe says: whoever wrote recorded answers is known only where it is named."""
    if recipe.generate is None:
        return "none: the pairs came ready"
    if recipe.generate.provider == "recorded" and "model" not in recipe.generate.model_fields_set:
        return "recorded answers, and the recipe does not say whose"
    return f"{recipe.generate.provider}, {Path(recipe.generate.model).name}"


def _card(recipe: Recipe, manifest: dict[str, Any], folder: Path) -> str:
    """The card of the dataset in `folder`; its `configs` tell `load_dataset` what there is."""
    configs = []
    for config in ("sft", "preference", "probes", "control"):
        files = [split for split in ("train", "validation", "test") if (folder / config / f"{split}.parquet").exists()]
        if files:
            configs += [f"- config_name: {config}", *(["  default: true"] if config == "sft" else []), "  data_files:"]
            configs += [f"  - {{split: {split}, path: {config}/{split}.parquet}}" for split in files]
    counts = manifest["counts"]
    kinds = "\n".join(f"| {kind} | {rows} |" for kind, rows in sorted(counts["kinds"].items()))
    rights = sorted({f"{MARKUP.sub(ESCAPED, source['path'])}: {source['rights']}" for source in manifest["sources"]})
    generator = _generator(recipe)
    return "\n".join(
        [
            "---",
            "configs:",
            *configs,
            "---",
            f"# {recipe.name}, version {manifest['version']}",
            "",
            f"Instruction and response pairs in the voice of {recipe.persona.name}. {recipe.persona.description}".strip(),
            "",
            f"{counts['train']} rows to train on, {counts['validation']} held out, {counts['control']} controlled questions.",
            f"Generator: {generator}.",
            "",
            "| kind | rows |",
            "| --- | --- |",
            kinds,
            "",
            "Asked of the generator, and got (words: tenth, fiftieth and ninetieth percentile):",
            "",
            "```",
            *mix_lines(manifest["mix"]),
            "```",
            "",
            "Each row: `prompt` and `completion` (chat messages), `id`, `kind`, `source` (the document), `quote` with",
            "`quote_start` and `quote_end` (the evidence, as character offsets in the document's text), `words`; reviewed rows",
            "have `review` (approved or edited) and `rating` (1 to 5). In `preference`, `chosen` is right, and `rejected`",
            "must not be said; `term` is the one that it is about, and `evidence` the quote that the right answer rests on. The",
            "questions in `probes` are never trained on: about what is invented, and about terms that the rows explain.",
            "",
            "`reference/author.json` has the author's style in numbers, to measure likeness by; no sentence can be read from it.",
            "",
            "## Rights",
            "",
            *[f"- {line}" for line in rights],
            "",
        ]
    )
