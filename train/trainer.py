"""trl's trainer as it is used here: rows in our order, a look at every evaluation, figures on our bar and in our file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from likeness.errors import CallError, GateError, LikenessError
from likeness.files import write_atomic
from likeness.recipe.schema import Train
from train.base_weights import first_without_numbers
from train.order import RowOrder
from train.packing import PackingCollator, empty_pack, packs_of
from train.parallel.ranks import ALONE, Ranks
from train.watch.diagnosis import USUAL_RATE, rate_line
from train.watch.watch import Watch

Progress = Callable[[float, float, str], None]


def trainer_class(
    base: Path,
    order: RowOrder | None = None,
    watch: Watch | None = None,
    packed: PackingCollator | None = None,
    ranks: Ranks = ALONE,
) -> Any:
    """trl's trainer, which stops at once where the loss is no number: from there on every weight would be none either.

    Args:
        base: the model's folder, which is looked through where the loss is no number: its own weights may be the reason.
        order: the rows of each epoch; the trainer's own where none is given.
        watch: looks at the model at every evaluation.
        packed: lays the rows of a step end to end; without one, each batch is padded to its longest row.
        ranks: the processes that train together.
    """
    from torch.utils.data import DataLoader, Sampler
    from transformers.trainer_utils import EvalLoopOutput
    from trl import SFTTrainer

    class Ordered(Sampler[int]):
        def __init__(self, order: RowOrder, state: Any) -> None:
            self.order, self.state = order, state

        def __len__(self) -> int:
            return len(self.order)

        def __iter__(self) -> Iterator[int]:
            return iter(self.order.of(self.state().global_step // self.order.steps))

    class Trainer(SFTTrainer):  # type: ignore[misc]
        data_collator: Any

        def _get_train_sampler(self, *arguments: Any) -> Any:
            return Ordered(order, lambda: self.state) if order else super()._get_train_sampler(*arguments)

        def get_train_dataloader(self) -> Any:
            padded = self.data_collator
            self.data_collator = packed or padded  # held-out rows are padded as ever
            try:
                return super().get_train_dataloader()
            finally:
                self.data_collator = padded

        def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
            """A packed step is one sequence after another; each loss is already a part of the whole step's."""
            parts = packs_of(inputs) if packed else [inputs]
            if packed:  # processes compute together: who has fewer sequences computes empty ones
                parts += [empty_pack(parts[0])] * (max(ranks.each(len(parts))) - len(parts))
            return sum(super(Trainer, self).training_step(model, part, num_items_in_batch) for part in parts)

        def evaluation_loop(self, dataloader: Any, *arguments: Any, **named: Any) -> Any:
            if ranks.number == 1:
                output = super().evaluation_loop(dataloader, *arguments, **named)
            else:
                output = EvalLoopOutput(None, None, {"eval_loss": self._held_out_loss()}, len(self.eval_dataset))
            if watch and ranks.looks:
                watch.look(self.accelerator.unwrap_model(self.model), self.state, output.metrics)
            said = ranks.agree(output.metrics)
            output.metrics.update(said)
            return output

        def _held_out_loss(self) -> float:
            """As one process computes it, batch by batch; each takes its turn, and who has none repeats the first for nothing."""
            rows = len(self.eval_dataset)
            at_once = self.args.per_device_eval_batch_size
            batches = list(DataLoader(self.eval_dataset, batch_size=at_once, collate_fn=self.data_collator))
            self.model.eval()
            found = 0.0
            for start in range(0, len(batches), ranks.number):
                turn = start + ranks.rank
                batch = batches[turn if turn < len(batches) else 0]
                size = len(batch["labels"])  # before the model takes the batch
                loss, _, _ = self.prediction_step(self.model, batch, prediction_loss_only=True)
                found += float(loss) * size if turn < len(batches) else 0.0
            return float(sum(ranks.each(found))) / rows

    return as_we_train(Trainer, base, "sft")


def as_we_train(trainer: Any, base: Path, stage: Literal["sft", "preference"]) -> Any:
    """A trainer's class that stops at the first loss that is not a number, before a step is taken with it, and takes no step for
    nothing: the libraries' warmup begins at a learning rate of 0.

    Args:
        trainer: a class of the libraries'.
        base: the model's folder, whose own weights may hold none.
        stage: the section of `train` whose learning rate is told.
    """
    import torch

    class Stopping(trainer):  # type: ignore[misc]
        lr_scheduler: Any

        def compute_loss(self, *arguments: Any, **named: Any) -> Any:
            loss = super().compute_loss(*arguments, **named)
            if not torch.isfinite(loss if isinstance(loss, torch.Tensor) else loss[0]):
                raise _no_number(base, self.state.global_step + 1, self.args.learning_rate, stage)
            return loss

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            if self.lr_scheduler is None:
                warmup = self.args.get_warmup_steps(num_training_steps)
                share = partial(share_of_rate, warmup=warmup, steps=num_training_steps)
                self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, share)
                self._created_lr_scheduler = True
            return self.lr_scheduler

    return Stopping


def share_of_rate(done: int, warmup: int, steps: int) -> float:
    """The share of the learning rate that a step is taken with: it rises evenly, from above 0, and falls along a cosine.

    Args:
        done: steps taken before it.
        warmup: steps in which it rises.
        steps: in all.
    """
    if done < warmup:
        return (done + 1) / (warmup + 1)
    return (1 + math.cos(math.pi * (done - warmup) / max(1, steps - warmup))) / 2


USUAL = {"sft": USUAL_RATE, "preference": 5e-6}


def _no_number(base: Path, step: int, rate: float, stage: str) -> LikenessError:
    """Why the loss is not a number: the base's own weights are none, or training diverges."""
    if odd := first_without_numbers(base):
        return CallError(
            f"the loss is not a number at step {step}: the base's own weights are not all numbers, {odd} holds NaN or infinity",
            where=f"train.base_model: {base}",
            fix="Fetch the model again, or choose another: no learning rate helps here.",
        )
    return GateError(
        f"training diverges: the loss is not a number at step {step}; it was stopped, and the same command goes on from the last "
        "good checkpoint",
        where=f"train.{stage}.learning_rate",
        fix=f"Lower it: {rate:g} is too high for this base and these rows ({rate_line(min(rate / 10, USUAL[stage]), stage)}).",
    )


def only_ours(
    trainer: Any, metrics: Path, progress: Progress, stage: str = "sft", watch: Watch | None = None, ranks: Ranks = ALONE
) -> None:
    """Take off the library's own printing; write figures to a file and show them on our bar.

    Args:
        trainer: the library's.
        metrics: the file, a JSON object a line.
        progress: called with steps done, steps in all, and the losses in words.
        stage: what is being trained, in the file's lines.
        watch: adds tokens a second and memory, and stops what diverges.
        ranks: the processes that train together.
    """
    from transformers import PrinterCallback, TrainerCallback

    class Tell(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if watch:
                watch.pace(state)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps, _in_words(state.log_history, watch.pace(state) if watch else {}))

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
            figures = {"stage": stage, "step": state.global_step} | (logs or {})
            if watch and "loss" in figures:
                figures |= watch.pace(state)
            if ranks.is_main:
                with metrics.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(figures) + "\n")
            if watch and logs:
                watch.check(state.log_history, logs)

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Tell())


def look_when_wrapped(trainer: Any, watch: Watch, memory: Path, ranks: Ranks) -> None:
    """Have the first look taken when the model is dealt to the processes; a training that goes on remembers it.

    Args:
        trainer: the library's.
        watch: looks at the model.
        memory: the file that keeps what the first look saw.
        ranks: the processes that train together.
    """
    from transformers import TrainerCallback

    class First(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step:
                watch.recall(ranks.agree(json.loads(memory.read_text(encoding="utf-8")) if ranks.is_main else None))
                return
            if ranks.looks:
                watch.begin(trainer.model)
            if trainer.eval_dataset:
                trainer.evaluate()
            state.log_history.clear()  # of training it is to be
            if ranks.is_main:
                write_atomic(memory, json.dumps(watch.memory()))

    trainer.add_callback(First())


def reporting(settings: Train, run: Path) -> tuple[list[str], list[Any]]:
    """The services that get the figures: those that the trainer calls by name, and callbacks for the others.

    TensorBoard's files go to the run's folder: the trainer would put them among the checkpoints, which are removed at the end.

    Args:
        settings: the recipe's `train`.
        run: the run's folder.
    """
    named: list[str] = [name for name in settings.report_to if name != "tensorboard"]
    if "tensorboard" not in settings.report_to:
        return named, []
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return named, [TensorBoardCallback(SummaryWriter(run / "tensorboard"))]


def _in_words(history: list[dict[str, float]], pace: dict[str, float]) -> str:
    """The latest figures, in words."""
    said = []
    for key, words in (("loss", "loss {:.2f}"), ("eval_loss", "held out {:.2f}"), ("eval_general", "general {:.2f}")):
        newest = next((entry[key] for entry in reversed(history) if key in entry), None)
        said += [words.format(newest)] if newest is not None else []
    for key, words in (("tokens_per_second", "{:,.0f} tokens/s"), ("memory_gb", "{:.1f} GB")):
        said += [words.format(pace[key])] if key in pace else []
    return ", ".join(said)
