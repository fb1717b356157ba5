"""The way back: every bad answer of a run with the rows that may have taught it, and a command for each."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from train.compare.runs import RunView, read_runs

FIXES = {
    "likeness": "Add rows in the author's own words (kind own_words), or train for more epochs.",
    "unknown": "Add contrasts: questions about invented siblings, answered with “I don't know that one”.",
    "known": "There are too many “I don't know” rows against those that answer: add rows about known things.",
    "facts": "What the base never knew belongs in retrieval: set export.knowledge, or add rows of kind grounded.",
    "decision": "Add rows of kind decision, each asked in several wordings.",
    "echo": "Cap the phrase with balance.terms, or reject rows that hold it.",
    "memorised": "Train for fewer epochs, or drop rows that say nearly the same.",
    "learnt": "Hardly anything learnt: more epochs. Single rows not learnt: often the answer does not follow from the question. "
    "Many known by heart: fewer epochs.",
    "forgetting": "Lower train.sft.learning_rate or epochs, or take a weaker adapter (evaluate.strengths, merge_best).",
    "shape": "Give the kinds the `words` that you want back: a model answers as long as its rows do.",
    "degenerate": "Lower train.sft.learning_rate or epochs; look at rows without an end.",
}
"""What usually helps, by probe."""
UNTRUE = ("unknown", "known", "facts")
"""Probes whose bad answers say what is not so: a contrast task can be opened for each."""


def contrast_command(probe: str, case: dict[str, Any], recipe: str, run: str) -> str:
    """The command that opens a contrast task for a bad answer; "" if the probe's bad answers are not untrue.

    Args:
        probe: its name.
        case: the answer, as it is in `probes.json`.
        recipe: what commands name the recipe by, quoted for a shell.
        run: the run's name.
    """
    if probe not in UNTRUE or not case["asked"].strip() or not case["tuned"].strip():
        return ""
    question, wrong = (shlex.quote(" ".join(case[name].split())) for name in ("asked", "tuned"))
    return f"curate contrast add {recipe} --question {question} --answer {wrong} --run {shlex.quote(run)}"


MOST_CONTRASTS = 2


def trace(run: Path, recipe: str, names: list[str]) -> list[dict[str, Any]]:
    """Bad answers by probe: those of probes that alarm, or of the named ones.

    Args:
        run: the run's folder.
        recipe: what commands name the recipe by.
        names: probes to trace; those that alarm where none is named.

    Raises:
        CallError: the run has no probes, or none of a name that is given.
    """
    (view,) = read_runs([run])
    if unknown := [name for name in names if name not in view.probes]:
        raise CallError(f"this run has no probe {unknown[0]!r}", where=str(run), fix=f"It has: {', '.join(view.probes)}.")
    found = []
    for name, probe in view.probes.items():
        if (name in names) if names else probe["alarm"]:
            counts = Counter(row["id"] for case in probe["cases"] for row in case["rows"])
            commands = [f"curate show {identifier} --recipe {shlex.quote(recipe)}" for identifier, _ in counts.most_common(1)]
            note = shlex.quote(f"{name}: {probe['finding'][:80]}")
            apply = f"curate review apply {shlex.quote(recipe)}"
            commands += [f"{apply} {identifier} --verdict rewrite --note {note} --yes" for identifier, _ in counts.most_common(3)]
            commands += [
                command
                for case in probe["cases"][:MOST_CONTRASTS]
                if (command := contrast_command(name, case, shlex.quote(recipe), run.name))
            ]
            for phrase in list(probe["details"].get("phrases", {}))[:1]:
                if counts:
                    row = counts.most_common(1)[0][0]
                    commands.append(f"{apply} {row} --phrase {shlex.quote(phrase)}")
            if probe["alarm"]:
                commands += _next_run(view, probe, recipe)
            found.append(
                {
                    "probe": name,
                    "finding": probe["finding"] or f"skipped: {probe['skipped']}",
                    "cases": probe["cases"],
                    "rows": dict(counts.most_common()),
                    "fix": FIXES[name] if probe["alarm"] else "",
                    "commands": commands,
                }
            )
    return found


def _next_run(view: RunView, probe: dict[str, Any], recipe: str) -> list[str]:
    """The command of a run with the setting that may cure what a probe found, where one setting does."""
    sft = view.recipe["train"]["sft"]
    details = probe["details"]
    fewer, more = f"train.sft.epochs={sft['epochs'] / 2:g}", f"train.sft.epochs={min(100, 2 * sft['epochs']):g}"
    slower = f"train.sft.learning_rate={sft['learning_rate'] / 2:g}"
    match probe["name"]:
        case "likeness":
            setting = "evaluate.merge_best=true" if "caricature" in probe["finding"] else more
        case "learnt":
            setting = fewer if details.get("by_heart", 0) > details.get("untouched", 0) else more
        case "memorised":
            setting = fewer
        case "forgetting" | "degenerate":
            setting = slower
        case _:
            return []
    return [f"train run {shlex.quote(recipe)} --set {setting}"]


def lines(found: list[dict[str, Any]]) -> list[str]:
    """For the terminal."""
    shown: list[str] = []
    for each in found:
        shown += [f"{each['probe']}: {each['finding']}", f"  {each['fix'] or 'It does not alarm: there is nothing to change.'}"]
        for case in each["cases"]:
            shown += [f"  “{_cut(case['asked'], 100)}”", f"    {_cut(case['tuned'], 160)}", f"    {case['why']}"]
            shown += [f"    row {row['id']}: {row['why']}" for row in case["rows"]]
        shown += [f"  $ {command}" for command in each["commands"]] + [""]
    return shown or ["No probe alarms. `--probe NAME` shows what is behind one all the same."]


def _cut(text: str, length: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= length else f"{plain[: length - 1]}…"
