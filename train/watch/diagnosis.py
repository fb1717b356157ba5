"""What a training comes to: a word, its evidence, and the line of the recipe that helps; while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from likeness.metrics.text import count_of
from likeness.recipe.schema import Train
from train.evaluate.forgetting import WORSE
from train.evaluate.learnt import BY_HEART, LITTLE
from train.evaluate.memorised import GOES_ON, LONGEST
from train.watch.choice import breaks, forgotten, leaks
from train.watch.course import Course, Point

Look = Callable[[Course, Train, Point], "Finding | None"]
State = Literal["diverging", "degenerate", "forgetting", "memorising", "overfitting", "underfitting", "healthy"]

ROSE = 1.05
"""Held-out loss beside the one before training, from which a training whose loss does not fall diverges."""
OVERFITS = 1.03
"""Held-out loss beside its lowest, from which it rises by more than chance."""
STILL_FALLS = 0.5
"""Of its mean pace: a held-out loss that falls faster at the end, where the learning rate is low, would go on falling."""
USUAL_RATE = 2.0e-4
NAMES = {"loop": "go round in a loop", "empty": "say nothing", "cut": "do not end", "garbage": "are no text"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is found. `fix` is a line for the recipe, in YAML's flow style."""

    state: State
    evidence: str
    fix: str = ""
    spoils: bool = True
    """Whether the adapter that is kept has it."""

    def __str__(self) -> str:
        return f"{self.state}: {self.evidence}" + (f". What helps: {self.fix}" if self.fix else "")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The verdict, and whatever else was found. `kept` is the step whose checkpoint is kept."""

    verdict: Finding
    also: tuple[Finding, ...] = ()
    kept: int | None = None

    @property
    def spoils(self) -> bool:
        """Whether the adapter that is kept has a fault."""
        return any(finding.spoils for finding in (self.verdict, *self.also))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"spoils": self.spoils}

    def __str__(self) -> str:
        return str(self.verdict)


def diagnose(course: Course, settings: Train, kept: Point | None = None) -> Diagnosis:
    """The verdict on a training.

    Args:
        course: how it went so far.
        settings: the recipe's `train`.
        kept: the checkpoint that is kept; the newest one while it runs. Answers are judged there.
    """
    point = kept or course.last
    found = list(_findings(course, settings, point))
    if not found:
        found = [Finding("healthy", _healthy(course, point), spoils=False)]
    return Diagnosis(found[0], tuple(found[1:]), kept.step if kept else None)


def _findings(course: Course, settings: Train, point: Point) -> Iterator[Finding]:
    """What was found, causes before what follows from them: who says rows by heart has forgotten other things as well."""
    if diverging := _diverging(course, settings):
        yield diverging
    found = [finding for look in (_degenerate, _memorising) if (finding := _now_or_later(look, course, settings, point))]
    if not diverging and (overfitting := _overfitting(course, settings, point)):
        found.append(overfitting)
    if forgetting := _now_or_later(_forgetting, course, settings, point):
        found.append(forgetting)
    yield from found
    if not (diverging or found) and (underfitting := _underfitting(course, settings, point)):
        yield underfitting


def _now_or_later(look: Look, course: Course, settings: Train, point: Point) -> Finding | None:
    """What a checkpoint has, or else what the training came to after it."""
    if found := look(course, settings, point):
        return found
    last = course.last
    if last.step == point.step or not (later := look(course, settings, last)):
        return None
    kept = f" at step {last.step}; the checkpoint of step {point.step} is kept, from before that"
    return replace(later, evidence=later.evidence + kept, spoils=False)


def _diverging(course: Course, settings: Train) -> Finding | None:
    ends, before, last = course.ends(), course.before.loss, course.last.loss
    if ends is None or ends[1] < 0.9 * ends[0]:
        return None
    fix = rate_line(min(settings.sft.learning_rate / 10, USUAL_RATE))
    if before is not None and last is not None and course.points and last > ROSE * before:
        return Finding("diverging", f"held-out loss rose {before:.2f} -> {last:.2f} while the loss on the rows did not fall", fix)
    if before is None and ends[1] > 1.2 * ends[0]:
        return Finding("diverging", f"the loss on the rows rose {ends[0]:.2f} -> {ends[1]:.2f}", fix)
    return None


def _degenerate(course: Course, settings: Train, point: Point) -> Finding | None:
    if not breaks(point, course.before):
        return None
    kinds = ", ".join(f"{number} {NAMES[fault]}" for fault, number in point.faults.items())
    evidence = f"{point.broken} of {point.asked} answers are broken ({kinds}), before training {course.before.broken}"
    if point.broken_rows:
        evidence += f"; so are {count_of(point.broken_rows, 'row')} that it learns"
        return Finding("degenerate", evidence, "reject those rows: `train trace RUN --probe degenerate` names them")
    return Finding("degenerate", evidence, _gentler(settings))


def _forgetting(course: Course, settings: Train, point: Point) -> Finding | None:
    if forgotten(point, course.before) <= WORSE or point.general_low <= 0:
        return None
    evidence = f"the loss on general answers rose {course.before.general:.2f} -> {point.general:.2f} nats a token"
    share = settings.replay.most if settings.replay else 0.0
    more = round(min(0.5, max(0.1, 2 * share)), 2)
    fix = f"train: {{replay: {{share: {more:g}}}}}" if more > share else rate_line(settings.sft.learning_rate / 2)
    return Finding("forgetting", evidence, fix)


def _memorising(course: Course, settings: Train, point: Point) -> Finding | None:
    loss = course.loss_at(point.step)
    if leaks(point, course.before):
        if point.by_heart:
            evidence = f"{point.by_heart} of {point.begun} begun rows are gone on with by heart, {GOES_ON} tokens word for word"
        else:
            evidence = f"an answer shares {point.longest_run} tokens in a row with a row, from {LONGEST} on that is no chance"
    elif loss is not None and loss < BY_HEART:
        evidence = f"the rows cost {loss:.2f} nats a token: below {BY_HEART} they are known by heart"
    else:
        return None
    return Finding("memorising", evidence, _fewer(course, settings, point))


def _overfitting(course: Course, settings: Train, point: Point) -> Finding | None:
    measured = [each for each in course.points if each.loss is not None]
    if len(measured) < 2:
        return None
    best = min(measured, key=lambda each: each.loss or 0.0)
    last = measured[-1]
    assert best.loss is not None
    assert last.loss is not None
    then, now = course.loss_at(best.step), course.loss_at(last.step)
    if last.loss <= OVERFITS * best.loss or then is None or now is None or now >= then:
        return None
    evidence = (
        f"held-out loss rose {best.loss:.2f} -> {last.loss:.2f} after step {best.step}, while the loss on the rows fell "
        f"{then:.2f} -> {now:.2f}"
    )
    kept = f"; the checkpoint of step {point.step} is kept" if point.step < last.step else ""
    return Finding("overfitting", evidence + kept, _fewer(course, settings, best), spoils=point.step >= last.step)


def _underfitting(course: Course, settings: Train, point: Point) -> Finding | None:
    sft = settings.sft
    before, loss = course.before.loss, point.loss
    if before is None or loss is None or not course.points:
        ends = course.ends()
        if ends is None:
            return None
        before, loss = ends
    planned = sft.epochs * course.steps_per_epoch
    if course.last.step < planned / 2 and point is course.last:
        return None  # it has hardly begun
    if before - loss < LITTLE * before:
        evidence = f"the loss hardly fell: {before:.2f} -> {loss:.2f}"
        return Finding(
            "underfitting", evidence, rate_line(USUAL_RATE) if sft.learning_rate < USUAL_RATE / 2 else _epochs(2 * sft.epochs)
        )
    earlier = [each for each in (course.before, *course.points) if each.step < point.step and each.loss is not None]
    if point.step >= planned and point.loss is not None and earlier and earlier[-1].step:
        near = earlier[-1]
        assert near.loss is not None
        pace = (near.loss - loss) / (point.step - near.step)
        if near.loss - loss > LITTLE / 2 * loss and pace > STILL_FALLS * (before - loss) / point.step:
            evidence = f"held-out loss still fell at the end: {near.loss:.2f} -> {loss:.2f} after step {near.step}"
            return Finding("underfitting", evidence, _epochs(2 * sft.epochs))
    return None


def _healthy(course: Course, point: Point) -> str:
    said = []
    if course.before.loss is not None and point.loss is not None:
        said.append(f"held-out loss {course.before.loss:.2f} -> {point.loss:.2f}")
    said.append(f"general loss {forgotten(point, course.before):+.2f}")
    if point.likeness is not None:
        said.append(f"likeness {point.likeness:.0f}")
    return ", ".join([*said, f"{count_of(point.broken, 'broken answer')} of {point.asked}"])


def _gentler(settings: Train) -> str:
    """A lower learning rate; more of it where the loss has hardly fallen and the rate is low."""
    rate = settings.sft.learning_rate
    return rate_line(rate / 2 if rate > USUAL_RATE / 2 else USUAL_RATE)


def _fewer(course: Course, settings: Train, point: Point) -> str:
    """Epochs up to a checkpoint, to a quarter, and always fewer than now; a lower rate where they are few already."""
    epochs = max(0.25, round(4 * point.step / course.steps_per_epoch) / 4)
    epochs = min(epochs, settings.sft.epochs / 2) if epochs >= settings.sft.epochs else epochs
    return _epochs(epochs) if settings.sft.epochs > 1 else rate_line(settings.sft.learning_rate / 2)


def rate_line(rate: float, stage: str = "sft") -> str:
    """The line of the recipe that sets the learning rate."""
    return f"train: {{{stage}: {{learning_rate: {rate:.1e}}}}}"


def _epochs(epochs: float) -> str:
    return f"train: {{sft: {{epochs: {min(100, epochs):g}}}}}"
