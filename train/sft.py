"""Supervised fine-tuning of a LoRA adapter: trl's trainer, the best checkpoint by held-out loss, resumed where it was left."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.errors import MachineError
from recipes.folders import whole_folder
from recipes.schema import Train
from train.base import LARGE_PARAMETERS, parameters
from train.data import Rows, check_stop_token


@dataclass(frozen=True, slots=True)
class Trained:
    """What training came to. Losses are nats per completion token."""

    steps: int
    seconds: float
    train_loss: float
    held_out_loss_before: float | None
    held_out_loss: float | None
    best_step: int
    tokens_per_second: float
    trainable_parameters: int


def train_sft(
    base: Path, tokenizer: Any, rows: Rows, settings: Train, run: Path, progress: Callable[[float, float, str], None]
) -> Trained:
    """Train an adapter into `run/adapter`, its figures line by line into `run/metrics.jsonl`.

    Loss is on the completion only. A killed run goes on from its last checkpoint.

    Raises:
        CallError: the rows would not teach the model to stop.
        MachineError: memory ran out.
    """
    import torch
    from peft import LoraConfig
    from transformers import EarlyStoppingCallback, set_seed
    from trl import SFTTrainer

    set_seed(settings.seed)  # before the adapter is made: its first weights are drawn here
    checkpoints = run / "checkpoints"
    arguments = _arguments(settings, rows, base, checkpoints)
    lora = settings.lora
    trainer = SFTTrainer(
        model=_model(base, settings),
        args=arguments,
        train_dataset=rows.train.select_columns(["prompt", "completion"]),
        eval_dataset=rows.validation.select_columns(["prompt", "completion"]) if rows.validation else None,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=lora.r,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=lora.target_modules,
            use_rslora=lora.r > 64,
            task_type="CAUSAL_LM",
        ),
        callbacks=[EarlyStoppingCallback(settings.sft.patience)] if rows.validation else [],
    )
    _only_ours(trainer, run / "metrics.jsonl", progress)
    check_stop_token(trainer.data_collator([trainer.train_dataset[0]])["labels"][0].tolist(), tokenizer)
    began = time.monotonic()
    try:
        before = trainer.evaluate()["eval_loss"] if rows.validation else None
        last = _last_checkpoint(checkpoints)
        result = trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.OutOfMemoryError:
        mend = "Lower train.sft.micro_batch_size or max_length, or take `method: qlora`."
        raise MachineError("the GPU's memory is too small", where="train", mend=mend) from None
    seconds = time.monotonic() - began
    with whole_folder(run / "adapter") as part:
        trainer.model.save_pretrained(part)
        (part / "README.md").unlink(missing_ok=True)  # a form with nothing filled in
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
    shutil.rmtree(checkpoints, ignore_errors=True)
    return trained


def _model(base: Path, settings: Train) -> Any:
    """The base, in bf16 on a GPU that has it and in float32 on a CPU; for QLoRA in 4 bits (NF4, arXiv 2305.14314)."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    quantization = None
    if settings.method == "qlora":
        quantization = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
        )
    return AutoModelForCausalLM.from_pretrained(
        base, dtype=dtype, quantization_config=quantization, use_safetensors=True, attn_implementation="sdpa"
    )


def _arguments(settings: Train, rows: Rows, base: Path, checkpoints: Path) -> Any:
    import torch
    from trl import SFTConfig

    sft = settings.sft
    micro = sft.micro_batch_size or sft.batch_size
    steps_per_epoch = math.ceil(len(rows.train) / sft.batch_size)
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
        train_sampling_strategy="group_by_length",  # rows of one length share a batch: little is spent on padding
        max_length=sft.max_length,
        completion_only_loss=True,
        bf16=on_gpu,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        # recomputing saves memory that small models do not need
        gradient_checkpointing=on_gpu and parameters(base) > LARGE_PARAMETERS,
        eval_strategy="steps" if rows.validation else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=rows.validation is not None,
        metric_for_best_model="eval_loss" if rows.validation else None,
        greater_is_better=False if rows.validation else None,
        logging_steps=max(1, every // 4),
        seed=settings.seed,
        data_seed=settings.seed,
        report_to="none",
        disable_tqdm=True,
    )


def _only_ours(trainer: Any, metrics: Path, progress: Callable[[float, float, str], None]) -> None:
    """Take off the library's own printing; write figures to a file and show them on our bar."""
    from transformers import PrinterCallback, TrainerCallback

    class Tell(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps, _told(state.log_history))

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
            with metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step} | (logs or {})) + "\n")

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Tell())


def _told(history: list[dict[str, float]]) -> str:
    """The newest losses in words."""
    loss = next((entry["loss"] for entry in reversed(history) if "loss" in entry), None)
    held_out = next((entry["eval_loss"] for entry in reversed(history) if "eval_loss" in entry), None)
    told = [f"loss {loss:.2f}" if loss is not None else "", f"held out {held_out:.2f}" if held_out is not None else ""]
    return ", ".join(filter(None, told))


def _last_checkpoint(checkpoints: Path) -> Path | None:
    """The newest checkpoint that is whole: its state is the last file written."""
    found = [path.parent for path in checkpoints.glob("checkpoint-*/trainer_state.json")]
    return max(found, key=lambda path: int(path.name.split("-")[1]), default=None)
