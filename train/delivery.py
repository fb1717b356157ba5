"""From an adapter to files for others: merged and compared with the adapter, then exported and checked."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from export.bundle import REPORT
from export.sampling import Sampling
from likeness.errors import CallError, GateError
from likeness.files import write_atomic
from likeness.recipe.folders import DOCUMENTS
from train.base import public_name
from train.evaluate.answers import AnswerStore
from train.job import Job
from train.parts import are_weights_whole, damaged_ggufs
from train.preflight import Prepared
from train.result import StepResult

MADE_WITH_ADAPTER = (
    "manifest.json",
    "answers.jsonl",
    "answers.parquet",
    "probes.part.json",
    "probes.json",
    "merge.json",
    "merged",
)
"""What the adapter made in a run's folder. The manifest is removed first: with it, the run would count as finished. The exported
files are not among them: they stay until others take their place."""

MADE_WITH_FILES = ("manifest.json", "probes.part.json", "probes.json")
"""What the exported files made there, but for their answers."""

DELIVERED_AS = "delivered-as.json"
"""The recipe's `export` that the exported files were made with; its `WITH_MERGED` alone where the files are still to be made."""
WITH_MERGED = ("merge", "sampling")
"""What of `export` decides on the merged model and on every answer."""


@dataclass(frozen=True, slots=True)
class MergeResult(StepResult):
    """How far the merged model is from the adapted one: mean KL in nats a token, its limit, and that in words.

    `base` is what it was merged onto. Where QLoRA trained it and that is the original, `as_trained` is the KL to the model that
    was trained.
    """

    kl: float
    limit: float
    message: str
    base: str = "original"
    as_trained: float | None = None

    @property
    def metrics(self) -> dict[str, Any]:
        """All figures."""
        return {"merge": asdict(self)}

    @property
    def notes(self) -> list[str]:
        """How far the model is from the one that was trained, where its base had 4 bits then."""
        if self.as_trained is None:
            return []
        return [f"onto the original base: KL {self.as_trained:.2g} to the model as it was trained, on 4 bits"]

    def __str__(self) -> str:
        return f"merged/, KL {self.kl:.2g} to the adapter (limit {self.limit:.2g})"


@dataclass(frozen=True, slots=True)
class Exported(StepResult):
    """The GGUF files (relative to the run) in the recipe's order, the names of those withheld, and every check."""

    files: list[str]
    withheld: list[str]
    checks: list[dict[str, Any]]

    @property
    def metrics(self) -> dict[str, Any]:
        """Every check."""
        return {"export": self.checks}

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Gates that failed."""
        return [check for check in self.checks if not check["passed"] and check["severity"] == "gate"]

    @property
    def notes(self) -> list[str]:
        """What a person chooses a file by: how much each lost, and whether it is what its name says."""
        return [
            f"{check['file']}: {check['message']}"
            for check in self.checks
            if check["name"] == "quality" or (check["name"] == "size" and not check["passed"])
        ] + [
            f"{name} failed and is withheld: it is beside the others, in a folder that ends in .failed" for name in self.withheld
        ]

    def __str__(self) -> str:
        count = Counter("passed" if check["passed"] else check["severity"] for check in self.checks)
        parts = [f"{len(self.files)} GGUF {_files(len(self.files))}"]
        if self.withheld:
            parts.append(f"{len(self.withheld)} withheld")
        parts.append(f"{count['passed']} of {len(self.checks)} checks passed")
        if count["warning"]:
            parts.append(f"{count['warning']} warning{'s' if count['warning'] > 1 else ''}")
        if count["gate"]:
            parts.append(f"{count['gate']} failed")
        return ", ".join(parts)


def scale_adapter(job: Job, alpha: float) -> None:
    """Set the adapter's alpha, by which every loader scales it; what was made with another alpha is removed.

    Args:
        job: the run.
        alpha: the adapter's, at the strength that is delivered.
    """
    file = job.adapter / "adapter_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    if settings["lora_alpha"] == alpha:
        return
    _remove(job, MADE_WITH_ADAPTER)  # before the alpha is written: a call that is killed in between begins here again
    _files_to_make(job)
    write_atomic(file, json.dumps(settings | {"lora_alpha": alpha}, indent=2))


def begin_delivery(job: Job) -> None:
    """Remove the merged model and the answers that were made with another base to merge onto, or with other sampling.

    What was trained stays. So do exported files: others take their place when these are whole.
    """
    before = _delivered_as(job)
    if any(before.get(key) != job.delivered_as[key] for key in WITH_MERGED):
        if before:
            _remove(job, MADE_WITH_ADAPTER)
        _files_to_make(job)  # last: a call that is killed before begins here again


def _delivered_as(job: Job) -> dict[str, Any]:
    return _json(job.folder / DELIVERED_AS)


def _json(file: Path) -> dict[str, Any]:
    """What a file says; nothing where it is gone or damaged: then it is made again."""
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found
    return {}


def _files_to_make(job: Job) -> None:
    write_atomic(job.folder / DELIVERED_AS, json.dumps({key: job.delivered_as[key] for key in WITH_MERGED}, indent=2))


def _remove(job: Job, names: Sequence[str]) -> None:
    for name in names:
        path = job.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def merge(job: Job, prepared: Prepared) -> MergeResult:
    """Merge the adapter into the base and compare the two; if that was done before, read the result.

    Raises:
        CallError: the adapter does not merge.
        GateError: the merged model does not answer as the adapted one does.
    """
    found = job.folder / "merge.json"
    merged = job.folder / "merged"
    if are_weights_whole(merged) and (known := _json(found)):
        return MergeResult(**known)
    from export.merge import merge_adapter
    from export.verify import verify_as_trained, verify_merged

    adapter = job.folder / "adapter"
    template = prepared.template.text if prepared.template.changed else None
    rounded = job.merges_dequantized
    merge_adapter(
        job.base,
        adapter,
        merged,
        template=template,
        sampling=sampling_of(job),
        dequantized=rounded,
        end=prepared.template.stop,
    )
    check = verify_merged(job.base, adapter, merged, prepared.samples, dequantized=rounded)
    assert isinstance(check.value, float)
    assert isinstance(check.limit, float)
    if not check.passed:
        raise GateError(
            f"the merged model does not answer as the adapted one does: {check.message} The limit is {check.limit:.2g}.",
            where=str(merged),
            fix="Adapt the layers that all bases merge alike: target_modules: all-linear.",
        )
    result = MergeResult(check.value, check.limit, check.message, job.recipe.export.merge.base)
    if job.settings.method == "qlora" and not rounded:
        result = replace(result, as_trained=verify_as_trained(job.base, adapter, merged, prepared.samples))
    write_atomic(found, json.dumps(asdict(result), indent=2))
    return result


def export(job: Job, prepared: Prepared) -> Exported:
    """Make and check the GGUF files; if that was done before, read their report.

    Args:
        job: the run.
        prepared: its tokenizer, template and rows.

    Raises:
        CallError: the model is not one that can be exported.
        GateError: no file passed its checks.
    """
    from export.export import export_model

    recipe, folder = job.recipe, job.folder
    made = folder / "export" / recipe.export.publisher / recipe.name
    if _delivered_as(job) != job.delivered_as or not _json(made / REPORT) or damaged_ggufs(made):
        _files_to_make(job)
        try:
            made = export_model(
                folder / "merged",
                folder / "export",
                publisher=recipe.export.publisher,
                model=recipe.name,
                quants=recipe.export.gguf,
                rows=prepared.samples,
                system_prompt=recipe.persona.system_prompt,
                progress=job.watch.begin,
                source=f"{public_name(job.settings.base_model)}, tuned on dataset {job.dataset.name}",
            ).folder
        except CallError as error:
            raise CallError(error.what, where=error.where or "export", fix=error.fix) from None
    report: dict[str, Any] = json.loads((made / REPORT).read_text(encoding="utf-8"))
    files = sorted(
        made.glob("*.gguf"), key=lambda file: [file.stem.endswith(f"-{kind}") for kind in recipe.export.gguf], reverse=True
    )
    exported = Exported([str(file.relative_to(folder)) for file in files], report["withheld"], report["checks"])
    if not report["passed"]:
        failures = "\n".join(f"{check['file']} {check['name']}: {check['message']}".strip() for check in exported.failed)
        raise GateError(
            failures,
            where="the export failed its checks",
            fix=f"What was made is in {made}; the adapter and the merged model are kept.",
        )
    _ship_knowledge(job, made)
    if _delivered_as(job) != job.delivered_as:
        _replace_earlier(job, made)
    return exported


def _replace_earlier(job: Job, made: Path) -> None:
    """Remove what earlier files were measured by, and those that another publisher's name was on."""
    _remove(job, MADE_WITH_FILES)
    AnswerStore(job.folder).forget("gguf")
    for folder in (job.folder / "export").iterdir():
        if folder != made.parent:
            shutil.rmtree(folder)
    write_atomic(job.folder / DELIVERED_AS, json.dumps(job.delivered_as, indent=2))  # last, as above


def _ship_knowledge(job: Job, made: Path) -> None:
    """Put the passages that may travel beside the model, once."""
    from export.knowledge import write_knowledge

    file, folder = job.dataset / DOCUMENTS, made / "knowledge"
    if file.is_file() and made.is_dir() and not folder.is_dir():
        import pyarrow.parquet as pq

        write_knowledge(folder, pq.read_table(file).to_pylist())


def sampling_of(job: Job) -> Sampling:
    """How answers are drawn, as the recipe says: of the controlled questions, in chat, and in the exported app."""
    return Sampling(**job.recipe.export.sampling.model_dump())


def _files(count: int) -> str:
    return "file" if count == 1 else "files"
