"""`train compare`: in the terminal, and as one page that holds everything and reads on a phone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from likeness.files import write_atomic
from likeness.metrics.degenerate import SAID
from likeness.pages import environment
from likeness.recipe.folders import BuildFolder
from train.compare.runs import Layer, RunView, beside, best_layer, differences, layers, read_runs, tokenizers_differ, verdict
from train.evaluate.probe import Score

WIDTH, HEIGHT, EDGE = 300, 26, 8
OTHER_TOKENS = "The bases have different tokenizers: losses a token and counts of tokens cannot be compared."


def compare(folders: Sequence[Path]) -> tuple[list[RunView], Path]:
    """Compare runs and write the page, beside the runs of the first.

    Args:
        folders: of finished runs, the earliest first.

    Raises:
        CallError: one of them has no probes.
    """
    runs = read_runs(folders)
    build = BuildFolder(runs[0].folder.parent.parent)
    page = build.root / "compare" / f"{_page_name(runs)}.html"
    write_atomic(page, as_html(runs))
    return runs, page


def _page_name(runs: Sequence[RunView]) -> str:
    """Numbers of a recipe's own runs; whole ids where another recipe's are among them, whose numbers are the same."""
    own = len({run.folder.absolute().parent for run in runs}) == 1
    names = [run.name.split("-")[0] if own else run.name for run in runs]
    if len(runs) < 8:
        return "-".join(names)
    return f"{len(runs)}-runs-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:6]}"


def as_dict(runs: Sequence[RunView]) -> dict[str, Any]:
    """For `--json`."""
    return {
        "runs": [run.name for run in runs],
        "same_questions": len({run.control for run in runs}) == 1,
        "differences": dict(differences(runs)),
        "probes": {name: {run.name: run.probes.get(name, {}).get("tuned") for run in runs} for name in _names(runs)},
        "moved": {name: verdict(name, runs) for name in _names(runs)},
        "ship": {run.name: best_layer(layers(run)).cell for run in runs if run.answers},
    }


def lines(runs: Sequence[RunView]) -> list[str]:
    """For the terminal."""
    shown = [f"{'':<12}" + "".join(f"{run.name:>24}" for run in runs)]
    for name in _names(runs):
        scores = [_score(run.probes.get(name, {})) for run in runs]
        flags = ["!" if run.probes.get(name, {}).get("alarm") else " " for run in runs]
        last = verdict(name, runs) if len(runs) > 1 else ""
        shown.append(
            f"{name:<12}" + "".join(f"{score:>23}{flag}" for score, flag in zip(scores, flags, strict=True)) + f"  {last}"
        )
    if len({run.control for run in runs}) > 1:
        shown.append("The runs were asked different questions: scores are of different things.")
    if tokenizers_differ(runs):
        shown.append(OTHER_TOKENS)
    if changed := differences(runs):
        shown += ["", "What differs:"]
        shown += [f"  {name}: {' -> '.join(_cut(value) for value in values)}" for name, values in changed]
    for run in runs:
        if run.lost:
            shown.append(str(run.lost))
        if run.answers:
            best = best_layer(layers(run))
            like = "" if best.likeness is None else f", likeness {best.likeness:.0f}"
            shown.append(f"Ship of {run.name}: {best.cell}{like}")
    return shown


def as_html(runs: Sequence[RunView]) -> str:
    """The page, self-contained."""
    tables: list[tuple[RunView, list[Layer], Layer]] = []
    for run in runs:
        if run.answers:
            found = layers(run)
            tables.append((run, found, best_layer(found)))
    page: str = (
        environment("train")
        .get_template("compare.html.j2")
        .render(
            title=runs[0].recipe["name"],
            runs=runs,
            same_questions=len({run.control for run in runs}) == 1,
            other_tokens=OTHER_TOKENS if tokenizers_differ(runs) else "",
            probes=[_probe_row(name, runs) for name in _names(runs)],
            differences=differences(runs),
            layers=tables,
            questions=beside(runs),
            trend=[line for name in _names(runs) if (line := trend(name, runs))] if len(runs) > 2 else [],
            said=SAID,
            percent=lambda value: "–" if value is None else f"{value:.0%}",
        )
    )
    return page


def _names(runs: Sequence[RunView]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run.probes))


def _score(probe: dict[str, Any]) -> str:
    if not probe.get("tuned"):
        return "–"
    return Score(**probe["tuned"]).as_text(probe["unit"] == "share")


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:38]}…"


def _probe_row(name: str, runs: Sequence[RunView]) -> dict[str, Any]:
    """A probe's scores with where to draw them: base and tuned of every run on one scale."""
    found = [run.probes.get(name, {}) for run in runs]
    known = next(probe for probe in found if probe)
    scores = [probe[key] for probe in found for key in ("base", "tuned") if probe.get(key)]
    bounds = [score[edge] for score in scores for edge in ("low", "high")]
    low, high = (0.0, 1.0) if known["unit"] == "share" else (min([0.0, *bounds]), max([1.0, *bounds]))

    def place(value: float) -> float:
        return round(EDGE + (value - low) / (high - low) * (WIDTH - 2 * EDGE), 1)

    rows = []
    for run, probe in zip(runs, found, strict=True):
        drawn = [key for key in ("base", "tuned") if probe.get(key)]
        marks = {key: {edge: place(probe[key][edge]) for edge in ("value", "low", "high")} for key in drawn}
        rows.append({"run": run.name, "text": _score(probe), "probe": probe, "marks": marks})
    return {
        "name": name,
        "measures": known["measures"],
        "better": known["better"],
        "rows": rows,
        "moved": verdict(name, runs) if len(runs) > 1 else "",
        "width": WIDTH,
        "height": HEIGHT,
    }


def trend(name: str, runs: Sequence[RunView]) -> dict[str, Any] | None:
    """A probe across runs as points of a line; None where it was made fewer than twice.

    Args:
        name: the probe's.
        runs: in the order they were made.
    """
    values = [(number, run.value(name)) for number, run in enumerate(runs)]
    known = [(number, value) for number, value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(value for _, value in known), max(value for _, value in known)
    span = (high - low) or 1.0
    step = (WIDTH - 2 * EDGE) / (len(runs) - 1)
    points = [(round(EDGE + number * step, 1), round(70 - (value - low) / span * 60, 1)) for number, value in known]
    return {
        "name": name,
        "points": points,
        "line": " ".join(f"{x},{y}" for x, y in points),
        "low": f"{low:.3g}",
        "high": f"{high:.3g}",
        "runs": [runs[number].name for number, _ in known],
    }
