"""Watches a training: looks at the model at every evaluation, says what it sees, chooses the checkpoint, stops what diverges."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from likeness.errors import GateError
from likeness.recipe.schema import Train
from train.result import peak_memory_gb
from train.watch.choice import choose, forgotten
from train.watch.course import PREFIX, Course, Point
from train.watch.diagnosis import USUAL_RATE, Diagnosis, diagnose, rate_line
from train.watch.look import Looker

CHOICE = f"{PREFIX}choice"
"""How often a checkpoint was better than all before it. The trainer keeps the one with the highest number."""
DIVERGED = 1.5
"""Times the first loss on the rows, and a nat above it: from there on a training does not come back."""


@dataclass
class Watch:
    """The eyes on one training.

    Args:
        settings: the recipe's `train`.
        tokens_per_epoch: of the rows.
        steps_per_epoch: optimizer steps.
        looker: looks at the model; without one, losses alone are watched.
        tell: shows a line that stays.
    """

    settings: Train
    tokens_per_epoch: int
    steps_per_epoch: int
    looker: Looker | None = None
    tell: Callable[[str], None] = lambda _line: None
    before: Point = field(default_factory=lambda: Point(0))
    _began: tuple[float, float] | None = None

    def begin(self, model: Any) -> None:
        """Look at the model before the first step.

        Args:
            model: peft's.
        """
        if self.looker:
            self.before = self.looker.look(model)

    def memory(self) -> dict[str, Any]:
        """What was seen before the first step, for JSON."""
        return {"before": asdict(self.before), "looker": self.looker and self.looker.memory()}

    def recall(self, memory: dict[str, Any]) -> None:
        """Go on from what `memory` gave.

        Args:
            memory: as it comes out of JSON.
        """
        self.before = Point(**memory["before"])
        if self.looker and memory["looker"]:
            self.looker.recall(memory["looker"])

    def look(self, model: Any, state: Any, metrics: dict[str, float]) -> None:
        """Add to an evaluation's figures what is seen beside the loss, and whether this checkpoint is the best so far.

        Args:
            model: peft's.
            state: the trainer's.
            metrics: the evaluation's; with `eval_loss` where rows are held out.
        """
        loss = metrics.get(f"{PREFIX}loss")
        if not state.global_step:
            self.before = replace(self.before, loss=loss)
            metrics |= self.before.as_metrics() | {CHOICE: 0}
            return
        point = replace(self.see(model, state), loss=loss)
        earlier = self.course(state.log_history)
        course = replace(earlier, points=(*earlier.points, point))
        metrics |= point.as_metrics() | {CHOICE: len(choose(course.points, self.before))}
        self.tell(f"step {point.step:<5} {self._in_words(course, point)}")

    def see(self, model: Any, state: Any) -> Point:
        """What is seen of the model now.

        Args:
            model: peft's.
            state: the trainer's.
        """
        return replace(self.looker.look(model) if self.looker else Point(0), step=state.global_step)

    def _in_words(self, course: Course, point: Point) -> str:
        loss, held = course.loss_at(point.step), point.loss
        said = [f"loss {loss:.2f}" if loss is not None else "", f"held out {held:.2f}" if held is not None else ""]
        if self.looker:
            said += [f"general {point.general:.2f} ({forgotten(point, course.before):+.2f})"]
            said += [f"likeness {point.likeness:.0f}" if point.likeness is not None else ""]
            said += [f"echo {point.echoed} of {point.off_topic}", f"by heart {point.by_heart} of {point.begun}"]
            said += [f"broken {point.broken} of {point.asked}"]
        verdict = diagnose(course, self.settings).verdict
        return f"{', '.join(filter(None, said))}: {verdict.state if verdict.state == 'healthy' else verdict}"

    def course(self, history: list[dict[str, Any]]) -> Course:
        """How it went so far.

        Args:
            history: the trainer's `log_history`.
        """
        return Course.of(self.before, history, self.steps_per_epoch)

    def kept(self, history: list[dict[str, Any]]) -> Point | None:
        """The checkpoint that is kept.

        Args:
            history: the trainer's `log_history`.
        """
        chosen = choose(self.course(history).points, self.before)
        return chosen[-1] if chosen else None

    def verdict(self, history: list[dict[str, Any]], final: Point | None = None) -> Diagnosis:
        """The verdict at the end.

        Args:
            history: the trainer's `log_history`.
            final: what is seen at the end where no row is held out, so that nothing was evaluated on the way.
        """
        course = self.course(history)
        if final:
            course = replace(course, points=(*course.points, final))
        return diagnose(course, self.settings, final or self.kept(history))

    def pace(self, state: Any) -> dict[str, float]:
        """Tokens a second since training began here, and the most memory that was held, in GB.

        Args:
            state: the trainer's.
        """
        now, epoch = time.monotonic(), float(state.epoch or 0)
        if self._began is None:
            self._began = (now, epoch)
        import torch

        gigabytes = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else peak_memory_gb()
        found = {} if gigabytes is None else {"memory_gb": round(gigabytes, 2)}
        seconds = now - self._began[0]
        if seconds > 0 and epoch > self._began[1]:
            found["tokens_per_second"] = round((epoch - self._began[1]) * self.tokens_per_epoch / seconds, 1)
        return found

    def check(self, history: list[dict[str, Any]], logs: Mapping[str, float]) -> None:
        """Stop a training that diverges.

        Args:
            history: the trainer's `log_history`.
            logs: the figures of the last steps.

        Raises:
            GateError: the loss on the rows rose far above where it began.
        """
        losses = [entry["loss"] for entry in history if "loss" in entry]
        loss = logs.get("loss")
        if loss is None or not losses or not math.isfinite(loss):
            return
        if loss > DIVERGED * losses[0] and loss > losses[0] + 1:
            rate = self.settings.sft.learning_rate
            raise GateError(
                f"training diverges: the loss on the rows rose {losses[0]:.2f} -> {loss:.2f}; it was stopped",
                where="train.sft.learning_rate",
                fix=f"{rate:g} is too high for this base and these rows: {rate_line(min(rate / 10, USUAL_RATE))}",
            )
