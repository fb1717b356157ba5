"""Pairs become a dataset folder: parquet that `datasets.load_dataset` and trl read as it is, a card, a manifest."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.generate.mix import mix_lines
from curate.model import Pair, content_hash
from curate.publish.formats import write_formats
from curate.publish.split import held_out
from recipes.folders import BuildFolder, whole_folder, write_whole
from recipes.notes import with_notes
from recipes.schema import ControlQuestion, Recipe

Row = dict[str, Any]

SAMPLE = "sample"

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
    ]
)
CONTROL = pa.schema([("prompt", MESSAGES), ("id", pa.string()), ("about", pa.string())])


def publish(
    pairs: Sequence[Pair],
    control: Sequence[ControlQuestion],
    recipe: Recipe,
    sources: Sequence[dict[str, Any]],
    facts: dict[str, Any],
    folder: BuildFolder,
) -> tuple[str, dict[str, int]]:
    """Write a dataset version and make it the newest; the same rows give the same version, whenever they are built.

    A sample (`facts["sample"]`) goes to the version `sample`, replaces the last one and is never the newest.

    Args:
        pairs: the rows.
        control: the controlled questions.
        recipe: the recipe they come of.
        sources: path, sha256 and rights of each file.
        facts: stages, checks, mix and sample, for the manifest.
        folder: where to.

    Returns:
        The version's name, and its rows by split.

    Raises:
        MachineError: the folder cannot be written to.
    """
    held = held_out(pairs, recipe.split.validation, recipe.split.by)
    rows = {
        "train": [_row(pair, recipe) for pair in pairs if pair.id not in held],
        "validation": [_row(pair, recipe) for pair in pairs if pair.id in held],
    }
    questions = [_question(question, recipe) for question in control]
    fingerprint = content_hash("dataset", 1, rows, questions, length=64)
    counts = {split: len(entries) for split, entries in rows.items()} | {"control": len(questions)}
    sample = facts["sample"] is not None
    version = None if sample else _same_version(folder, fingerprint)
    if version is None:
        version = SAMPLE if sample else f"{_next_number(folder):03d}-{fingerprint[:8]}"
        manifest = {
            "version": version,
            "fingerprint": fingerprint,
            "parent": folder.latest.read_text(encoding="utf-8").strip() if folder.latest.exists() else None,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "recipe": portable(recipe),
            "sources": list(sources),
            "counts": counts | {"kinds": dict(Counter(pair.kind for pair in pairs))},
            **facts,
        }
        with whole_folder(folder.datasets / version) as part:
            _write_parquet(part / "sft", rows, SFT)
            if questions:
                _write_parquet(part / "control", {"test": questions}, CONTROL)
            write_formats(part / "formats", {split: entries for split, entries in rows.items() if entries})
            (part / "README.md").write_text(_card(recipe, manifest, bool(questions), bool(rows["validation"])), encoding="utf-8")
            (part / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if not sample:
        write_whole(folder.latest, version + "\n")
    return version, counts


def _row(pair: Pair, recipe: Recipe) -> Row:
    evidence = pair.evidence
    prompt = [{"role": "system", "content": recipe.persona.system_prompt}]
    prompt += [{"role": turn.role, "content": turn.content} for turn in pair.prompt]
    if pair.context:
        prompt[-1]["content"] = with_notes(pair.context, pair.instruction)
    return {
        "prompt": prompt,
        "completion": [{"role": "assistant", "content": pair.response}],
        "id": pair.id,
        "kind": pair.kind,
        "source": pair.document,
        "quote": evidence.quote if evidence else None,
        "quote_start": evidence.start if evidence else None,
        "quote_end": evidence.end if evidence else None,
        "words": len(pair.response.split()),
    }


def _question(question: ControlQuestion, recipe: Recipe) -> Row:
    prompt = [
        {"role": "system", "content": recipe.persona.system_prompt},
        {"role": "user", "content": question.question},
    ]
    return {"prompt": prompt, "id": question.id, "about": question.about}


def _write_parquet(folder: Path, splits: dict[str, list[Row]], schema: pa.Schema) -> None:
    folder.mkdir()
    for split, rows in splits.items():
        if rows:
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{split}.parquet", compression="zstd")


def _same_version(folder: BuildFolder, fingerprint: str) -> str | None:
    for manifest in folder.datasets.glob("[0-9]*/manifest.json"):
        known = json.loads(manifest.read_text(encoding="utf-8"))
        if known["fingerprint"] == fingerprint:
            return str(known["version"])
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


def _card(recipe: Recipe, manifest: dict[str, Any], control: bool, validation: bool) -> str:
    """The dataset card; its `configs` tell `load_dataset` what there is."""
    sft = ["  - {split: train, path: sft/train.parquet}"]
    if validation:
        sft.append("  - {split: validation, path: sft/validation.parquet}")
    configs = ["- config_name: sft", "  default: true", "  data_files:", *sft]
    if control:
        configs += ["- config_name: control", "  data_files:", "  - {split: test, path: control/test.parquet}"]
    counts = manifest["counts"]
    kinds = "\n".join(f"| {kind} | {rows} |" for kind, rows in sorted(counts["kinds"].items()))
    rights = sorted({f"{source['path']}: {source['rights']}" for source in manifest["sources"]})
    generator = (
        f"{recipe.generate.provider}, {Path(recipe.generate.model).name}" if recipe.generate else "none: the pairs came ready"
    )
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
            "`quote_start` and `quote_end` (the evidence, as character offsets in the document's text), `words`.",
            "",
            "## Rights",
            "",
            *[f"- {line}" for line in rights],
            "",
        ]
    )
