"""Supervised fine-tuning of a LoRA adapter: trl's trainer, the best checkpoint by held-out loss, resumed where it was left."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from likeness.errors import GateError, MachineError
from likeness.files import atomic_folder, write_atomic
from likeness.recipe.schema import Sft, Train
from train.base import LARGE_PARAMETERS, parameters, public_name
from train.data import Row, Rows
from train.job import Job
from train.preflight import Prepared
from train.result import StepResult


@dataclass(frozen=True, slots=True)
class Trained(StepResult):
    """What training came to. Losses are nats per completion token."""

    steps: int
    seconds: float
    train_loss: float
    held_out_loss_before: float | None
    held_out_loss: float | None
    best_step: int
    tokens_per_second: float
    trainable_parameters: int

    @property
    def metrics(self) -> dict[str, Any]:
        """All figures."""
        return {"sft": asdict(self)}

    def __str__(self) -> str:
        held_out = ""
        if self.held_out_loss is not None:
            held_out = f", held-out loss {self.held_out_loss_before:.3f} -> {self.held_out_loss:.3f} at step {self.best_step}"
        return f"{self.steps} steps{held_out}, {self.tokens_per_second:,.0f} tokens/s"


def fine_tune(job: Job, prepared: Prepared) -> Trained:
    """Train the run's adapter; see `train_sft`.

    Args:
        job: the run.
        prepared: its tokenizer and rows.
    """
    rows, begin = prepared.rows, job.begins_with
    return train_sft(job.base, prepared.tokenizer, rows, job.settings, job.sft_adapter, job.progress, begin)


def train_sft(
    base: Path,
    tokenizer: Any,
    rows: Rows,
    settings: Train,
    adapter: Path,
    progress: Callable[[float, float, str], None],
    begin: Path | None = None,
) -> Trained:
    """Train an adapter and write its figures to `metrics.jsonl` beside it. An adapter that is there already is kept.

    A killed run goes on from its last good checkpoint.

    Args:
        base: the model's folder.
        tokenizer: its tokenizer, for padding.
        rows: ids and labels.
        settings: the recipe's `train`.
        adapter: the folder to write, in the run's folder.
        progress: called with steps done, steps in all, and the losses in words.
        begin: the adapter to go on from; a new one where none is given.

    Raises:
        GateError: the loss is no number any more.
        MachineError: memory ran out.
    """
    run = adapter.parent
    figures = run / "trained.json"
    if figures.is_file():
        return Trained(**json.loads(figures.read_text(encoding="utf-8")))
    import torch
    from transformers import set_seed

    set_seed(settings.seed)  # before the adapter is made: its first weights are drawn here
    checkpoints = run / "checkpoints"
    trainer = _trainer_class([number for number, row in enumerate(rows.trained_on) if row.id in rows.unknown])(
        model=load_adapted(base, settings, begin) if begin else load_base(base, settings),
        args=_arguments(settings, rows, base, checkpoints),
        train_dataset=_as_dataset(rows.trained_on),
        eval_dataset=_as_dataset(rows.validation) if rows.validation else None,
        processing_class=tokenizer,
        peft_config=None if begin else _lora(settings),
        callbacks=_callbacks(settings, rows),
    )
    only_ours(trainer, run / "metrics.jsonl", progress)
    began = time.monotonic()
    try:
        before = trainer.evaluate()["eval_loss"] if rows.validation else None
        last = last_good_checkpoint(checkpoints)
        result = trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.OutOfMemoryError:
        fix = "Lower train.sft.micro_batch_size or max_length, or take `method: qlora`."
        raise MachineError("the GPU's memory is too small", where="train", fix=fix) from None
    seconds = time.monotonic() - began
    save_adapter(trainer.model, adapter, settings.base_model)
    state = trainer.state
    best = state.best_global_step if rows.validation and state.best_global_step else state.global_step
    trained = Trained(
        steps=state.global_step,
        seconds=round(seconds, 1),
        train_loss=round(result.training_loss, 4),
        held_out_loss_before=round(before, 4) if before is not None else None,
        held_out_loss=round(state.best_metric, 4) if state.best_metric is not None else None,
        best_step=best,
        tokens_per_second=round(rows.tokens * (state.epoch or 0) / result.metrics["train_runtime"], 1),
        trainable_parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
    )
    write_atomic(figures, json.dumps(asdict(trained), indent=2))
    shutil.rmtree(checkpoints, ignore_errors=True)
    return trained


def steps_in_all(rows: int, sft: Sft) -> int:
    """Optimizer steps that so many rows come to, if nothing stops them early."""
    return math.ceil(math.ceil(rows / sft.batch_size) * sft.epochs)


def last_good_checkpoint(checkpoints: Path) -> Path | None:
    """The newest checkpoint that is whole (its state is the last file written) and all numbers; others are removed."""
    found = sorted(checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]), reverse=True)
    for checkpoint in found:
        if (checkpoint / "trainer_state.json").is_file() and _all_numbers(checkpoint / "adapter_model.safetensors"):
            return checkpoint
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def _all_numbers(weights: Path) -> bool:
    from safetensors.torch import load_file

    return weights.is_file() and all(bool(tensor.isfinite().all()) for tensor in load_file(weights).values())


def _trainer_class(first: Sequence[int] = ()) -> Any:
    """trl's trainer, which stops at once where the loss is no number: from there on every weight would be none either.

    Args:
        first: rows that come before all others in every epoch.
    """
    import torch
    from torch.utils.data import Sampler
    from trl import SFTTrainer

    these = set(first)

    class FirstThese(Sampler[int]):
        def __init__(self, order: Any) -> None:
            self.order = order

        def __len__(self) -> int:
            return len(self.order)

        def __iter__(self) -> Iterator[int]:
            yield from sorted(self.order, key=lambda number: number not in these)  # the sort keeps the order within both

    class Trainer(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *arguments: Any) -> Any:
            order = super()._get_train_sampler(*arguments)
            return FirstThese(order) if these else order

        def compute_loss(self, *arguments: Any, **named: Any) -> Any:
            loss = super().compute_loss(*arguments, **named)
            if not torch.isfinite(loss if isinstance(loss, torch.Tensor) else loss[0]):
                raise GateError(
                    f"the loss is not a number at step {self.state.global_step + 1}; training has stopped, and "
                    "the same command goes on from the last good checkpoint",
                    where="train.sft.learning_rate",
                    fix=f"Lower it: {self.args.learning_rate:g} is too high for this base and these rows, or the base's own "
                    "weights contain values that are not numbers.",
                )
            return loss

    return Trainer


def _as_dataset(rows: list[Row]) -> Any:
    import datasets

    datasets.disable_progress_bars()
    return datasets.Dataset.from_dict({"input_ids": [row.ids for row in rows], "labels": [row.labels for row in rows]})


def save_adapter(model: Any, folder: Path, base_model: str) -> None:
    """Write an adapter, whole or not at all. It names its base as the recipe does, and no folder of this machine.

    Args:
        model: peft's.
        folder: to write.
        base_model: `train.base_model`.
    """
    with atomic_folder(folder) as part:
        model.save_pretrained(part, selected_adapters=["default"])
        (part / "README.md").unlink(missing_ok=True)  # an empty form
        file = part / "adapter_config.json"
        config = json.loads(file.read_text(encoding="utf-8")) | {"base_model_name_or_path": public_name(base_model)}
        file.write_text(json.dumps(config, indent=2), encoding="utf-8")


def load_adapted(base: Path, settings: Train, adapter: Path) -> Any:
    """The base with an adapter to go on training.

    Args:
        base: the model's folder.
        settings: the recipe's `train`.
        adapter: the adapter's folder.
    """
    from peft import PeftModel

    model = PeftModel.from_pretrained(load_base(base, settings), adapter, is_trainable=True)
    model.peft_config["default"].base_model_name_or_path = str(base)  # its file names it for others; peft would ask the hub
    return model


def _lora(settings: Train) -> Any:
    from peft import LoraConfig

    lora = settings.lora
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.target_modules,
        use_rslora=lora.root_scaled,
        use_dora=lora.dora,  # arXiv 2402.09353
        task_type="CAUSAL_LM",
    )


def _callbacks(settings: Train, rows: Rows) -> list[Any]:
    from transformers import EarlyStoppingCallback

    return [EarlyStoppingCallback(settings.sft.patience)] if rows.validation else []


def load_base(base: Path, settings: Train) -> Any:
    """The base, in bf16 on a GPU that has it and in float32 on a CPU; for QLoRA in 4 bits (NF4, arXiv 2305.14314)."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    quantization = None
    if settings.method == "qlora":
        quantization = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
        )
    return AutoModelForCausalLM.from_pretrained(base, dtype=dtype, quantization_config=quantization, use_safetensors=True)


def _arguments(settings: Train, rows: Rows, base: Path, checkpoints: Path) -> Any:
    import torch
    from trl import SFTConfig

    sft = settings.sft
    micro = sft.rows_at_once
    steps_per_epoch = math.ceil(len(rows.trained_on) / sft.batch_size)
    every = max(1, math.ceil(steps_per_epoch / sft.evaluations_per_epoch))
    on_gpu = torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(checkpoints),
        num_train_epochs=sft.epochs,
        learning_rate=sft.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=sft.warmup,  # below 1 it is a share of the steps
        per_device_train_batch_size=micro,
        per_device_eval_batch_size=micro,
        gradient_accumulation_steps=sft.batch_size // micro,
        train_sampling_strategy="group_by_length",  # rows of similar length share a batch: little padding
        max_length=None,  # rows that are too long were left out before
        completion_only_loss=False,  # the labels say what is learnt
        logging_nan_inf_filter=False,
        bf16=on_gpu,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        gradient_checkpointing=recomputes(settings, base, on_gpu),
        eval_strategy="steps" if rows.validation else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=bool(rows.validation),
        metric_for_best_model="eval_loss" if rows.validation else None,
        greater_is_better=False if rows.validation else None,
        logging_steps=max(1, every // 4),
        seed=settings.seed,
        data_seed=settings.seed,
        report_to="none",
        disable_tqdm=True,
    )


def recomputes(settings: Train, base: Path, on_gpu: bool) -> bool:
    """Whether activations are computed again on the way back; small models do not need the memory that this saves.

    Args:
        settings: the recipe's `train`, which may say it.
        base: the model's folder.
        on_gpu: whether it is trained there.
    """
    if settings.gradient_checkpointing is not None:
        return settings.gradient_checkpointing
    return on_gpu and parameters(base) > LARGE_PARAMETERS


def only_ours(trainer: Any, metrics: Path, progress: Callable[[float, float, str], None], stage: str = "sft") -> None:
    """Take off the library's own printing; write figures to a file and show them on our bar.

    Args:
        trainer: the library's.
        metrics: the file, a JSON object a line.
        progress: called with steps done, steps in all, and the losses in words.
        stage: what is being trained, in the file's lines.
    """
    from transformers import PrinterCallback, TrainerCallback

    class Tell(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps, _in_words(state.log_history))

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
            with metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"stage": stage, "step": state.global_step} | (logs or {})) + "\n")

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Tell())


def _in_words(history: list[dict[str, float]]) -> str:
    """The latest losses, in words."""
    loss = next((entry["loss"] for entry in reversed(history) if "loss" in entry), None)
    held_out = next((entry["eval_loss"] for entry in reversed(history) if "eval_loss" in entry), None)
    losses = [f"loss {loss:.2f}" if loss is not None else "", f"held out {held_out:.2f}" if held_out is not None else ""]
    return ", ".join(filter(None, losses))
