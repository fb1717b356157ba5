"""Supervised fine-tuning of a LoRA adapter: trl's trainer, watched, the best checkpoint kept, resumed where it was left."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from likeness.errors import MachineError
from likeness.files import write_atomic
from likeness.recipe.schema import Sft, Train
from train.base import LARGE_PARAMETERS, parameters
from train.checkpoints import last_good_checkpoint, save_adapter
from train.data import Row, Rows
from train.delivery import sampling_of
from train.evaluate.evaluate import load_profile, load_rows_behind
from train.job import Job
from train.order import FILLER, order_of
from train.packing import PackingCollator, prove_no_leak
from train.parallel.ranks import ALONE, Ranks
from train.preflight import Prepared, stop_ids
from train.result import StepResult
from train.trainer import Progress, look_when_wrapped, only_ours, reporting, trainer_class
from train.watch.diagnosis import Finding
from train.watch.look import Looker
from train.watch.watch import CHOICE, Watch
from train.weights import load_adapted, load_base


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
    watched: dict[str, Any] | None = None
    """The verdict of `train.watch`."""

    @property
    def metrics(self) -> dict[str, Any]:
        """All figures."""
        figures = asdict(self)
        return {"watched": figures.pop("watched"), "sft": figures}

    @property
    def notes(self) -> list[str]:
        """The verdict, and what else was seen."""
        findings = [self.watched["verdict"], *self.watched["also"]] if self.watched else []
        return [str(Finding(**finding)) for finding in findings]

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
    watch = watch_of(job.settings, rows, looker_of(job, prepared), job.watch.line)
    return train_sft(job.base, prepared.tokenizer, rows, job.settings, job.sft_adapter, job.progress, begin, watch)


def watch_of(
    settings: Train, rows: Rows, looker: Looker | None = None, tell: Callable[[str], None] = lambda _line: None
) -> Watch:
    """The eyes on a training.

    Args:
        settings: the recipe's `train`.
        rows: that are trained on.
        looker: looks at the model; without one, losses alone are watched.
        tell: shows a line that stays.
    """
    return Watch(settings, rows.tokens, steps_in_all(len(rows.trained_on), settings.sft, 1), looker, tell)


def looker_of(job: Job, prepared: Prepared) -> Looker:
    """What looks at the model while it is trained."""
    return Looker(
        prepared.tokenizer,
        prepared.template,
        {prepared.template.stop, *stop_ids(prepared.tokenizer, job.base)},
        prepared.rows,
        load_rows_behind(job.dataset),
        job.recipe.persona.system_prompt,
        sampling_of(job),
        load_profile(job.dataset),
    )


def train_sft(
    base: Path,
    tokenizer: Any,
    rows: Rows,
    settings: Train,
    adapter: Path,
    progress: Progress,
    begin: Path | None = None,
    watch: Watch | None = None,
    ranks: Ranks = ALONE,
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
        watch: looks at the model at every evaluation; without one, the losses alone are watched.
        ranks: the processes that train together; each of them calls this.

    Raises:
        GateError: the loss is no number any more, or rises far above where it began.
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
    watch = watch or watch_of(settings, rows)
    order = order_of(settings, rows)
    named, reports = reporting(settings, run) if ranks.is_main else ([], [])
    packed = PackingCollator(settings.sft.max_length, tokenizer.pad_token_id) if settings.sft.packing else None
    trainer = trainer_class(base, order, watch, packed, ranks)(
        model=load_adapted(base, settings, begin) if begin else load_base(base, settings),
        args=_arguments(settings, rows, base, checkpoints, named),
        train_dataset=_as_dataset([*rows.trained_on, *([FILLER] if settings.launch else [])]),
        eval_dataset=_as_dataset(rows.validation) if rows.validation else None,
        processing_class=tokenizer,
        peft_config=None if begin else _lora(settings),
        callbacks=[*_callbacks(settings, rows), *reports],
    )
    only_ours(trainer, run / "metrics.jsonl", progress, watch=watch, ranks=ranks)
    began = time.monotonic()
    if packed:
        prove_no_leak(trainer.model, rows.trained_on, settings.base_model)
    try:
        if ranks.number > 1:
            look_when_wrapped(trainer, watch, checkpoints / "before.json", ranks)
        else:
            watch.begin(trainer.model)
            if rows.validation:
                trainer.evaluate()
        last = ranks.agree(last_good_checkpoint(checkpoints) if ranks.is_main else None)
        begun = json.loads((last / "trainer_state.json").read_text(encoding="utf-8"))["epoch"] if last else 0.0
        result = trainer.train(resume_from_checkpoint=str(last) if last else None)
        final = None if rows.validation or not ranks.looks else watch.see(trainer.model, trainer.state)
    except torch.OutOfMemoryError:
        fix = "Lower train.sft.micro_batch_size or max_length, or take `method: qlora`."
        raise MachineError("the GPU's memory is too small", where="train", fix=fix) from None
    seconds = time.monotonic() - began
    weights = trainer.accelerator.get_state_dict(trainer.model) if ranks.shared else None
    if ranks.is_main:
        save_adapter(trainer.model, adapter, settings.base_model, weights)
    state = trainer.state
    kept = watch.kept(state.log_history)
    trained = Trained(
        steps=state.global_step,
        seconds=round(seconds, 1),
        train_loss=round(result.training_loss, 4),
        held_out_loss_before=_rounded(watch.before.loss),
        held_out_loss=_rounded(kept.loss if kept else None),
        best_step=kept.step if kept else state.global_step,
        tokens_per_second=round(rows.tokens * ((state.epoch or 0) - begun) / result.metrics["train_runtime"], 1),
        trainable_parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        watched=watch.verdict(state.log_history, final).as_dict(),
    )
    if ranks.is_main:
        write_atomic(figures, json.dumps(asdict(trained), indent=2))
        shutil.rmtree(checkpoints, ignore_errors=True)
    return trained


def _rounded(loss: float | None) -> float | None:
    return None if loss is None else round(loss, 4)


def steps_in_all(rows: int, sft: Sft, epochs: float | None = None) -> int:
    """Optimizer steps that so many rows come to, if nothing stops them early.

    Args:
        rows: to train on.
        sft: the recipe's `train.sft`.
        epochs: the recipe's where none is given.
    """
    return math.ceil(math.ceil(rows / sft.batch_size) * (sft.epochs if epochs is None else epochs))


def _as_dataset(rows: list[Row]) -> Any:
    import datasets

    datasets.disable_progress_bars()
    return datasets.Dataset.from_dict({"input_ids": [row.ids for row in rows], "labels": [row.labels for row in rows]})


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


def _arguments(settings: Train, rows: Rows, base: Path, checkpoints: Path, reports: Sequence[str] = ()) -> Any:
    import torch
    from trl import SFTConfig

    sft = settings.sft
    micro = settings.rows_at_once
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
        per_device_eval_batch_size=sft.rows_at_once,
        gradient_accumulation_steps=sft.batch_size // (micro * settings.processes),
        ddp_find_unused_parameters=False,  # every weight of an adapter is used in every pass
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
        metric_for_best_model=CHOICE if rows.validation else None,
        greater_is_better=True if rows.validation else None,
        logging_steps=max(1, every // 4),
        seed=settings.seed,
        data_seed=settings.seed,
        report_to=list(reports) or "none",
        project="likeness",
        run_name=f"{checkpoints.parents[2].name} {checkpoints.parent.name}",
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
