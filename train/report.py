"""A run on one page: what it came to, how the loss went, and what base and tuned model answer to the controlled questions."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from export.sampling import Sampling
from likeness.metrics.text import count_of
from likeness.pages import environment
from likeness.recipe.schema import Recipe
from train.evaluate.probe import Score
from train.trace import FIXES, contrast_command
from train.watch.course import Point

WIDTH, HEIGHT, MARGIN = 420, 220, 44
MOST = 6
"""Next steps that a person will read."""


ABOUT = {
    "voice": "Voice: does it sound right?",
    "journaling": "Journaling: does it sound right?",
    "decision": "Decision: does it choose as the person does?",
    "facts": "Facts: does it know the sources?",
    "thin": "Thin terms: does it say no more than it knows?",
    "known": "Known terms: does it answer what it knows?",
    "invented": "Invented: does it admit that it does not know?",
    "unknown": "Unknown: does it admit that it does not know?",
    "off-topic": "Off topic: does the data echo?",
    "general": "General: what has it forgotten?",
}
EXAMPLES = 3
"""Questions that are shown before the details."""


def run_report(
    run: Path,
    recipe: Recipe,
    metrics: dict[str, Any],
    verdict: str,
    reasons: list[str],
    answers: list[dict[str, Any]],
    recipe_path: Path | None = None,
    probes: Sequence[dict[str, Any]] = (),
) -> str:
    """The page as HTML, self-contained.

    Args:
        run: its folder.
        recipe: what it was trained by.
        metrics: what its steps measured.
        verdict: passed or doubtful.
        reasons: for doubt.
        answers: of base and tuned model to the controlled questions.
        recipe_path: the recipe's file, for commands to be copied.
        probes: every probe as it is in `probes.json`.
    """
    recipe_name = shlex.quote(str(recipe_path or "RECIPE"))

    def marked_wrong(probe: dict[str, Any], case: dict[str, Any]) -> str:
        return contrast_command(probe["name"], case, recipe_name, run.name)

    history = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    checks = sorted(metrics["export"], key=lambda check: (check["passed"], check.get("severity") != "gate"))
    return str(
        environment("train")
        .get_template("run.html.j2")
        .render(
            run=run.name,
            recipe=recipe,
            metrics=metrics,
            verdict=verdict,
            reasons=reasons,
            answers=answers,
            examples=_examples(answers),
            groups=[(about, title) for about, title in ABOUT.items() if any(each["about"] == about for each in answers)],
            checks=checks,
            passed=sum(bool(check["passed"]) for check in checks),
            withheld=any(not check["passed"] and check.get("severity") == "gate" for check in checks),
            steps=next_steps(metrics, recipe_name, run.name, probes),
            marked_wrong=marked_wrong,
            curve=loss_curve(history),
            # by step: a run that was killed looks at the base once more when it goes on
            watched=list({point.step: point for point in map(Point.of, _looks(history))}.values()),
            rounded=rounded,
            probes=probes,
            score=as_text,
            duration=duration,
            sampling=str(Sampling(**recipe.export.sampling.model_dump())),
        )
    )


def as_text(probe: dict[str, Any], score: dict[str, float] | None) -> str:
    """A probe's score, rounded, with its bounds.

    Args:
        probe: as it is in `probes.json`.
        score: value, low and high.
    """
    return Score(**score).as_text(probe["unit"] == "share") if score else ""


def next_steps(metrics: dict[str, Any], recipe: str, run: str, probes: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """What to do after a run, what spoils the model first: `title`, `text`, `command`, and whether it is `good` news.

    Args:
        metrics: what its steps measured.
        recipe: the recipe's path, quoted for a shell.
        run: the run's name.
        probes: every probe as it is in `probes.json`.
    """
    steps: list[dict[str, Any]] = []

    def add(title: str, text: str, command: str, *, good: bool = False) -> None:
        steps.append({"title": title, "text": text, "command": command, "good": good})

    for probe in probes:
        if probe["alarm"]:
            add(
                f"The {probe['name']} probe alarms",
                f"{probe['finding']}. {FIXES[probe['name']]}",
                f"train trace {run} --probe {probe['name']}",
            )
    sft, control = metrics["sft"], metrics["control"]
    watched = metrics.get("watched")
    for finding in [watched["verdict"], *watched["also"]] if watched else []:
        if finding["spoils"]:
            told = finding["evidence"][0].upper() + finding["evidence"][1:]
            add(f"Training is {finding['state']}", f"{told}. {finding['fix']}", f"train plan {recipe}")
    before, after = sft["held_out_loss_before"], sft["held_out_loss"]
    if after is not None and after >= before:
        text = "What it learns does not carry over to rows it has not seen: more rows, or a lower learning_rate."
        add("Held-out loss did not fall", text, f"curate report {recipe}")
    unended = control["questions"] - control["stopped"]
    if control["questions"] and unended > 0.1 * control["questions"]:
        text = "A model that never stops has not learnt where an answer ends: see that rows end with the stop token."
        title = f"{count_of(unended, 'answer')} did not end by {'itself' if unended == 1 else 'themselves'}"
        add(title, text, f"train plan {recipe} --show-rows")
    if looping := control["looping"]:
        text = (
            "Draw them with a higher export.sampling.temperature or repeat_penalty, or train longer: nobody can talk to a loop."
        )
        add(
            f"{count_of(len(looping), 'answer')} of {control['questions']} {'loops' if len(looping) == 1 else 'loop'}",
            text,
            f"train run {recipe} --set train.sft.epochs=3",
        )
    if metrics["rows"].get("too_long"):
        beyond = any(row["reason"] == "beyond_context" for row in metrics["rows"].get("left_out", ()))
        longer = "choose a base with a longer context" if beyond else "raise train.sft.max_length"
        text = f"They were left out: {longer}, or ask for shorter answers."
        add(f"{count_of(metrics['rows']['too_long'], 'row')} too long", text, f"train plan {recipe}")
    failed = sorted({check["file"] for check in metrics["export"] if not check["passed"] and check.get("severity") == "gate"})
    if failed:
        add(f"{count_of(len(failed), 'file')} withheld", f"The checks below say why: {', '.join(failed)}.", f"train run {recipe}")
    steps_, best = sft.get("steps"), sft.get("best_step")
    if watched and watched["verdict"]["state"] == "overfitting":
        add(
            "It learnt by heart towards the end",
            f"{watched['verdict']['evidence']}. {watched['verdict']['fix']}",
            f"train plan {recipe}",
        )
    elif steps_ and best and after is not None and best < 0.6 * steps_ and after < before:
        text = f"It was best at step {best} of {steps_}: fewer epochs bring as much in less time, or more rows bring more."
        add("It learnt by heart towards the end", text, f"curate report {recipe}")
    add("Talk to it", "The same questions tell less than ten minutes of your own.", f"train chat {recipe}", good=True)
    add(
        "Hold it beside other runs",
        "Change one thing in the recipe, train again, and compare.",
        f"train runs {recipe}",
        good=True,
    )
    return steps[:MOST]


def _examples(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few answers that show what changed: of each sort of question the shortest that ended by itself, voice first."""
    chosen = []
    for about in ABOUT:
        of_it = [each for each in answers if each["about"] == about]
        of_it.sort(key=lambda each: (not each["tuned_stopped"], len(each["tuned"]) + len(each["base"])))
        chosen += of_it[:1]
    return chosen[:EXAMPLES]


def rounded(value: float) -> str:
    """A number as a person reads it: three digits that count, no more."""
    if not math.isfinite(value):
        return "not a number"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 or not value else f"{value:.1e}"


def duration(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def loss_curve(history: list[dict[str, Any]]) -> dict[str, Any]:
    """Points of the three loss lines of SFT, and the ticks of both axes, in the picture's units."""
    history = [entry for entry in history if entry.get("stage", "sft") == "sft"]
    training = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
    held_out = [(entry["step"], entry["eval_loss"]) for entry in history if "eval_loss" in entry]
    general = [(entry["step"], entry["eval_general"]) for entry in history if "eval_general" in entry]
    everything = training + held_out + general
    if not everything:
        return {}
    last = max(step for step, _ in everything) or 1
    low, high = min(loss for _, loss in everything), max(loss for _, loss in everything)
    span = (high - low) or 1.0

    def place(step: float, loss: float) -> tuple[float, float]:
        x = MARGIN + step / last * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN + (low - loss) / span * (HEIGHT - 2 * MARGIN)
        return round(x, 1), round(y, 1)

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "training": " ".join("{},{}".format(*place(*point)) for point in training),
        "held_out": [place(*point) for point in held_out],
        "general": " ".join("{},{}".format(*place(*point)) for point in general),
        "steps": [(place(step, low)[0], f"{step:g}") for step in (0, last // 2, last)],
        "losses": [(place(0, loss)[1], f"{loss:.2f}") for loss in (low, (low + high) / 2, high)],
    }


def _looks(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The evaluations of fine-tuning that a look at the model belongs to."""
    return [entry for entry in history if "eval_general" in entry and entry.get("stage", "sft") == "sft"]
