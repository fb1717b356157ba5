"""The order of the steps from a dataset to a model that talks, and nothing else."""

from __future__ import annotations

import hashlib
import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from recipes.errors import CallError, GateError, MachineError
from recipes.folders import BuildFolder, cannot_write, write_whole
from recipes.load import load_recipe
from recipes.lock import only_one
from recipes.schema import Recipe
from train import __version__
from train.base import base_folder, identity
from train.data import load_rows, read_manifest


class Watcher(Protocol):
    """Whoever is told how a run goes."""

    def begin(self, label: str) -> None:
        """A step starts."""

    def update(self, done: float, total: float, usd: float = 0.0, note: str = "") -> None:
        """How far the step is."""

    def line(self, text: str) -> None:
        """Something that stays to be read."""


@dataclass
class Run:
    """What a run came to."""

    folder: Path
    dataset: str
    verdict: str = "unfinished"
    reasons: list[str] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    gguf: list[str] = field(default_factory=list)
    unchanged: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "run": str(self.folder),
            "dataset": self.dataset,
            "adapter": str(self.folder / "adapter"),
            "merged": str(self.folder / "merged"),
            "gguf": [str(self.folder / name) for name in self.gguf],
            "verdict": self.verdict,
            "reasons": self.reasons,
            "metrics": self.metrics,
            "steps": self.steps,
            "unchanged": self.unchanged,
        }


def train(recipe_path: Path, watch: Watcher) -> Run:
    """Train, ask the controlled questions, merge, export: each step once, taken up where a killed run left it.

    Raises:
        CallError: the recipe or the base model is wrong, or no dataset has been built.
        GateError: the export failed a check; what was made is kept for a look.
        MachineError: the machine failed.
    """
    recipe = load_recipe(recipe_path)
    if recipe.train is None:
        raise CallError("this recipe trains nothing: it has no `train` section", where=str(recipe_path))
    build = BuildFolder.of(recipe.name)
    dataset = build.dataset()
    watch.begin("base")
    base = base_folder(recipe.train.base_model, watch.update)
    folder = _run_folder(build, recipe, dataset, base)
    if done := _finished(folder):
        return done

    with only_one(folder, "training run"):
        _begin(folder, recipe)
        run = Run(folder, dataset=dataset.name)

        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(base)
        _check_tokenizer(tokenizer, recipe.train.base_model)

        with _step(run, watch, "rows") as tell:
            rows = load_rows(dataset, tokenizer, recipe.train.sft.max_length)
            _check_exportable(base, rows, recipe.train.base_model)
            held = len(rows.validation) if rows.validation else 0
            run.metrics["rows"] = {
                "train": len(rows.train),
                "held_out": held,
                "too_long": len(rows.too_long),
                "tokens": rows.tokens,
            }
            cut = f" · {len(rows.too_long)} longer than {recipe.train.sft.max_length} tokens, left out" if rows.too_long else ""
            tell(f"{len(rows.train)} to train on, {held} held out, {rows.tokens:,} tokens{cut}")

        with _step(run, watch, "train") as tell:
            from train.sft import train_sft

            figures = folder / "trained.json"
            if not figures.is_file():
                trained = train_sft(
                    base,
                    tokenizer,
                    rows,
                    recipe.train,
                    folder,
                    lambda done, total, note: watch.update(done, total, note=note),
                )
                write_whole(figures, json.dumps(asdict(trained), indent=2))
            run.metrics["sft"] = json.loads(figures.read_text(encoding="utf-8"))
            tell(_losses(run.metrics["sft"]))

        with _step(run, watch, "answer") as tell:
            from train.answers import answer_control

            answers = _answers(folder / "answers.parquet")
            if answers is None:
                answers = answer_control(
                    base, folder / "adapter", tokenizer, rows.control, folder / "answers.parquet", watch.update
                )
            stopped = sum(answer["tuned_stopped"] for answer in answers)
            run.metrics["control"] = {"questions": len(answers), "stopped": stopped}
            tell(f"{len(answers)} controlled questions, {stopped} answers ended by themselves")

        with _step(run, watch, "merge") as tell:
            from export.merge import merge_adapter

            if not (folder / "merged").is_dir():
                merge_adapter(base, folder / "adapter", folder / "merged")
            tell("merged/")

        with _step(run, watch, "export") as tell:
            report = _export(recipe, run, rows, watch)
            run.gguf = report["files"]
            run.metrics["export"] = report["checks"]
            failed = [check for check in report["checks"] if not check["passed"] and check["severity"] == "gate"]
            tell(f"{len(run.gguf)} GGUF files, {len(report['checks']) - len(failed)} of {len(report['checks'])} checks passed")

        run.reasons = [f"{check['name']}: {check['message']}" for check in failed] + _doubts(run.metrics)
        run.verdict = "failed" if failed else "doubtful" if run.reasons else "passed"
        if failed:
            raise GateError(
                "\n".join(run.reasons),
                where="the export failed its checks",
                mend=f"What was made lies in {folder / 'export'} for a look; the adapter and merged model are kept.",
            )
        run.metrics["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
        _finish(run, recipe, dataset, answers)
    return run


def _run_folder(build: BuildFolder, recipe: Recipe, dataset: Path, base: Path) -> Path:
    """The folder of the run of just these inputs: the one begun before, or a new one with the next number."""
    assert recipe.train
    inputs = [
        __version__,
        read_manifest(dataset)["fingerprint"],
        recipe.train.model_dump(mode="json", exclude={"base_model"}),
        recipe.export.model_dump(mode="json"),
        recipe.persona.system_prompt,
        identity(base),
    ]
    name = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:8]
    known = sorted(path.name for path in build.runs.glob("[0-9][0-9][0-9]-*") if path.is_dir())
    same = next((run for run in known if run.endswith(f"-{name}")), None)
    number = max((int(run.split("-")[0]) for run in known), default=0) + 1
    return build.runs / (same or f"{number:03d}-{name}")


def _finished(folder: Path) -> Run | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    told = {key: manifest[key] for key in ("dataset", "verdict", "reasons", "metrics", "steps", "gguf")}
    run = Run(folder, **told, unchanged=True)
    whole = [folder / "adapter", folder / "merged", *(folder / name for name in run.gguf)]
    return run if all(path.exists() for path in whole) else None


def _begin(folder: Path, recipe: Recipe) -> None:
    """The recipe as it is now, with everything that it extends: the run can be made again from it."""
    import io

    from ruamel.yaml import YAML

    text = io.StringIO()
    YAML().dump(recipe.model_dump(mode="json", by_alias=True, exclude_none=True), text)
    write_whole(folder / "recipe.yaml", text.getvalue())


def _check_tokenizer(tokenizer: Any, base_model: str) -> None:
    where = f"train.base_model: {base_model}"
    if not tokenizer.chat_template:
        raise CallError("has no chat template", where=where, mend="Choose its instruction-tuned sibling.")
    if tokenizer.eos_token_id is None:
        raise CallError("has no end token, so it could not learn to stop", where=where, mend="Choose another model.")
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        # padding is masked by attention here; a pad token of its own keeps it out of the loss as well
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.pad_token or tokenizer.eos_token


def _check_exportable(base: Path, rows: Any, base_model: str) -> None:
    """Hours of training are not spent on a model that no chat app could load."""
    from export.errors import ExportError
    from export.export import check_exportable

    try:
        check_exportable(base, _conversations(rows))
    except ExportError as error:
        raise CallError(error.message, where=f"train.base_model: {base_model}", mend=error.mend) from None


def _conversations(rows: Any) -> list[list[dict[str, str]]]:
    """Rows that the export is checked with: enough to meet the dataset's words, few enough to be quick."""
    return [row["prompt"] + row["completion"] for row in rows.train.select(range(min(100, len(rows.train))))]


def _export(recipe: Recipe, run: Run, rows: Any, watch: Watcher) -> dict[str, Any]:
    """Make and prove the GGUF files; gives their report, and the files (relative to the run) in the recipe's order."""
    from export.errors import ExportError
    from export.export import export_model

    folder = run.folder
    made = folder / "export" / recipe.export.publisher / recipe.name
    if not (made / "export-report.json").is_file():
        try:
            made = export_model(
                folder / "merged",
                folder / "export",
                publisher=recipe.export.publisher,
                model=recipe.name,
                quants=recipe.export.gguf,
                rows=_conversations(rows),
                system_prompt=recipe.persona.system_prompt,
                progress=watch.begin,
                source=f"{recipe.train.base_model if recipe.train else ''}, tuned on dataset {run.dataset}",
            ).folder
        except ExportError as error:
            raise CallError(error.message, where="export", mend=error.mend) from None
    report: dict[str, Any] = json.loads((made / "export-report.json").read_text(encoding="utf-8"))
    files = sorted(
        made.glob("*.gguf"), key=lambda path: [path.stem.endswith(quant) for quant in recipe.export.gguf], reverse=True
    )
    return report | {"files": [str(path.relative_to(folder)) for path in files]}


def _answers(path: Path) -> list[dict[str, Any]] | None:
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pylist() if path.is_file() else None


def _losses(sft: dict[str, Any]) -> str:
    held_out = ""
    if sft["held_out_loss"] is not None:
        held_out = f", held-out loss {sft['held_out_loss_before']:.3f} -> {sft['held_out_loss']:.3f} at step {sft['best_step']}"
    return f"{sft['steps']} steps{held_out}, {sft['tokens_per_second']:,.0f} tokens/s"


def _doubts(metrics: dict[str, Any]) -> list[str]:
    """What a person should look at before they trust the model."""
    doubts = []
    sft, control = metrics["sft"], metrics["control"]
    if sft["held_out_loss"] is not None and sft["held_out_loss"] >= sft["held_out_loss_before"]:
        doubts.append("held-out loss did not fall: the model learnt nothing that carries over")
    if control["questions"] and control["stopped"] < 0.9 * control["questions"]:
        doubts.append(f"{control['questions'] - control['stopped']} of {control['questions']} answers did not end by themselves")
    return doubts


def _finish(run: Run, recipe: Recipe, dataset: Path, answers: list[dict[str, Any]]) -> None:
    from train.report import run_report

    write_whole(run.folder / "report.html", run_report(run.folder, recipe, run.metrics, run.verdict, run.reasons, answers))
    manifest = {
        "run": run.folder.name,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "dataset": run.dataset,
        "dataset_fingerprint": read_manifest(dataset)["fingerprint"],
        "base_model": recipe.train.base_model if recipe.train else None,
        "versions": _versions(),
        "verdict": run.verdict,
        "reasons": run.reasons,
        "gguf": run.gguf,
        "steps": run.steps,
        "metrics": run.metrics,
    }
    write_whole(run.folder / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("likeness", "torch", "transformers", "peft", "trl", "gguf", "llama-cpp-python")
    return {name: version(name) for name in names}


@contextmanager
def _step(run: Run, watch: Watcher, name: str) -> Iterator[Any]:
    """Time a step; what it tells is shown when it ends."""
    told: list[str] = []
    watch.begin(name)
    began = time.monotonic()
    try:
        yield told.append
    except OSError as error:
        if error.errno in (13, 28, 30):
            raise cannot_write(run.folder, error) from error
        raise
    except MemoryError:
        raise MachineError("the machine's memory is too small", where=name, mend="Choose a smaller base model.") from None
    seconds = time.monotonic() - began
    run.steps.append({"name": name, "seconds": round(seconds, 1), "told": told[-1] if told else ""})
    watch.line(f"{name:<9} {told[-1] if told else '':<60} {seconds:>6.1f} s")
