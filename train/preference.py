"""Preference training on the adapter of supervised fine-tuning: DPO with a supervised term, KTO, or ORPO.

The reference that DPO and KTO hold the model to is that very adapter, not the bare base: trl keeps a frozen copy of it. What such
training is known to spoil is measured before and after: whether the right answers became less probable, and answers longer.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from likeness.errors import MachineError
from likeness.files import write_atomic
from likeness.recipe.schema import Preference, Train
from train.checkpoints import last_good_checkpoint, save_adapter
from train.job import Job
from train.preference_rows import PreferenceRow, Preferences
from train.result import StepResult
from train.trainer import as_we_train, only_ours
from train.weights import load_adapted

MEASURED_ROWS = 48
"""Rows whose log-probabilities are taken before and after."""

ANSWERED = 8
"""Prompts that are answered before and after, to see whether answers grow."""

SUPERVISED_WEIGHT = 1.0
"""Weight of the chosen answers' own negative log-likelihood beside DPO's loss (arXiv 2404.19733, equation 2, with alpha 1): it
keeps the chosen answers from becoming less probable together with the rejected ones."""

EVALUATIONS_PER_EPOCH = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands to preference rows: nats per token of chosen and rejected answers (mean over rows of the mean
    log-probability), the share of rows in which the chosen one is more probable, and tokens of its own answers (mean)."""

    chosen: float
    rejected: float
    prefers: float
    answer_tokens: float


@dataclass(frozen=True, slots=True)
class Preferred:
    """What preference training came to."""

    method: str
    steps: int
    seconds: float
    first_loss: float
    first_margin: float
    """Of the rewards at the first step: 0 where the reference is the model that training began with."""
    train_loss: float
    before: Standing
    after: Standing

    @property
    def doubts(self) -> list[str]:
        """What such training is known to spoil, where it did."""
        found = []
        if self.after.chosen < self.before.chosen - 0.02:
            found.append(
                f"the chosen answers became less probable ({self.before.chosen:.3f} -> {self.after.chosen:.3f} nats a token): "
                "lower train.preference.learning_rate, or raise train.preference.beta"
            )
        if self.after.chosen - self.after.rejected <= self.before.chosen - self.before.rejected:
            found.append("the chosen answers did not gain on the rejected ones: preference training taught nothing")
        if self.after.answer_tokens > 1.3 * self.before.answer_tokens + 4:
            found.append(
                f"answers grew from {self.before.answer_tokens:.0f} to {self.after.answer_tokens:.0f} tokens: look whether "
                "chosen answers are the longer ones"
            )
        if abs(self.first_margin) > 0.05:
            found.append(
                f"chosen and rejected stood {self.first_margin:+.2f} apart before the first step, where the model is its own "
                "reference: the reference is another model"
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """For the manifest and the report."""
        return asdict(self) | {"doubts": self.doubts}

    def __str__(self) -> str:
        gap = [side.chosen - side.rejected for side in (self.before, self.after)]
        return (
            f"{self.method} on {self.steps} steps, chosen over rejected {gap[0]:+.3f} -> {gap[1]:+.3f} nats a token, "
            f"right in {self.before.prefers:.0%} -> {self.after.prefers:.0%}"
        )


@dataclass(frozen=True, slots=True)
class PreferStep(StepResult):
    """What preference training came to, and on which rows."""

    rows: Preferences
    preferred: Preferred

    @property
    def metrics(self) -> dict[str, Any]:
        """How many rows of what, all figures, and doubts."""
        return {"preference": self.rows.counts() | self.preferred.as_dict()}

    def __str__(self) -> str:
        return str(self.preferred)


def prefer(job: Job, tokenizer: Any, rows: Preferences) -> PreferStep:
    """Go on from the adapter that fine-tuning made; see `train_preference`.

    Args:
        job: the run.
        tokenizer: the base's.
        rows: right and wrong answers.
    """
    adapters = (job.sft_adapter, job.adapter)
    return PreferStep(rows, train_preference(job.base, tokenizer, rows, job.settings, adapters, job.progress))


def train_preference(
    base: Path,
    tokenizer: Any,
    rows: Preferences,
    settings: Train,
    adapters: tuple[Path, Path],
    progress: Callable[[float, float, str], None],
) -> Preferred:
    """Go on from one adapter to another; what is trained already stays, and a killed run goes on from its last checkpoint.

    Args:
        base: the model's folder.
        tokenizer: its tokenizer, for padding.
        rows: ids of prompts and answers.
        settings: the recipe's `train`, with a `preference` section.
        adapters: the folder of the adapter to begin with, and the folder to write.
        progress: called with steps done, steps in all, and the losses in words.

    Raises:
        CallError: the base's own weights are not all numbers.
        GateError: the loss is no number any more; the same command goes on from the last good checkpoint.
        MachineError: memory ran out.
    """
    begin, into = adapters
    run = into.parent
    figures = run / "preferred.json"
    if figures.is_file() and into.is_dir():
        known = json.loads(figures.read_text(encoding="utf-8"))
        return Preferred(**known | {side: Standing(**known[side]) for side in ("before", "after")})
    import torch
    from transformers import set_seed

    assert settings.preference
    set_seed(settings.seed)
    checkpoints = run / "checkpoints-preference"
    model = load_adapted(base, settings, begin)
    measured = (rows.validation or rows.train)[:MEASURED_ROWS]
    before = _standing(model, measured, tokenizer)
    trainer = _trainer(base, model, tokenizer, rows, settings, checkpoints)
    only_ours(trainer, run / "metrics.jsonl", progress, stage="preference")
    began = time.monotonic()
    last = last_good_checkpoint(checkpoints)
    try:
        result = trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.OutOfMemoryError:
        fix = "Lower train.sft.micro_batch_size or max_length, or take `method: qlora`."
        raise MachineError("the GPU's memory is too small", where="train.preference", fix=fix) from None
    history = trainer.state.log_history
    losses = [entry["loss"] for entry in history if "loss" in entry]
    model.set_adapter("default")
    preferred = Preferred(
        method=settings.preference.method,
        steps=trainer.state.global_step,
        seconds=round(time.monotonic() - began, 1),
        first_loss=round(losses[0], 4),
        first_margin=round(next((entry["rewards/margins"] for entry in history if "rewards/margins" in entry), 0.0), 4),
        train_loss=round(result.training_loss, 4),
        before=before,
        after=_standing(model, measured, tokenizer),
    )
    save_adapter(model, into, settings.base_model)  # without the frozen copy that was its reference
    write_atomic(figures, json.dumps(asdict(preferred), indent=2))
    shutil.rmtree(checkpoints, ignore_errors=True)
    return preferred


def _trainer(base: Path, model: Any, tokenizer: Any, rows: Preferences, settings: Train, checkpoints: Path) -> Any:
    """trl's trainer of the method, given ids that are made already."""
    import datasets

    datasets.disable_progress_bars()
    assert settings.preference
    preference = settings.preference
    arguments = _arguments(preference, settings, len(rows.train), checkpoints)
    if preference.method == "kto":
        table = _unpaired(rows.train, arguments.per_device_train_batch_size)
    else:
        table = [{"prompt_ids": row.prompt, "chosen_ids": row.chosen, "rejected_ids": row.rejected} for row in rows.train]
    return as_we_train(_class_of(preference.method), base, "preference")(
        model=model, args=arguments, train_dataset=datasets.Dataset.from_list(table), processing_class=tokenizer
    )


def _arguments(preference: Preference, settings: Train, rows: int, checkpoints: Path) -> Any:
    """The arguments of trl's trainer, for so many rows."""
    import torch
    from trl import DPOConfig, KTOConfig

    batch = preference.batch_size
    micro = settings.sft.micro_batch_size or batch
    micro = micro if batch % micro == 0 else batch
    on_gpu = torch.cuda.is_available()
    kto = preference.method == "kto"
    per_epoch = math.ceil(rows * (2 if kto else 1) / batch)
    common: dict[str, Any] = {
        "output_dir": str(checkpoints),
        "num_train_epochs": preference.epochs,
        "learning_rate": preference.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.1,  # a share
        # KTO compares each answer with another row's within a batch, so it needs at least two
        "per_device_train_batch_size": max(2, micro) if kto else micro,
        "gradient_accumulation_steps": max(1, batch // (max(2, micro) if kto else micro)),
        "max_length": None,
        "beta": preference.beta,
        "disable_dropout": True,
        "bf16": on_gpu,
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "gradient_checkpointing": on_gpu if settings.gradient_checkpointing is None else settings.gradient_checkpointing,
        "eval_strategy": "no",
        "save_strategy": "steps",
        "save_steps": max(1, math.ceil(per_epoch / EVALUATIONS_PER_EPOCH)),
        "save_total_limit": 2,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "report_to": "none",
        "disable_tqdm": True,
    }
    if kto:
        return KTOConfig(**common)
    return DPOConfig(**common, loss_type=["sigmoid", "sft"], loss_weights=[1.0, SUPERVISED_WEIGHT])


def _unpaired(rows: list[PreferenceRow], batch: int) -> list[dict[str, Any]]:
    """KTO's rows: each answer by itself, right or wrong, and beside it an answer to another prompt of its batch, from which KTO
    estimates how far the model has moved (arXiv 2402.01306, section 4.1)."""
    table = [
        {"prompt_ids": row.prompt, "completion_ids": ids, "label": label}
        for row in rows
        for ids, label in ((row.chosen, True), (row.rejected, False))
    ]
    for start in range(0, len(table), batch):
        part = table[start : start + batch]
        for row, other in zip(part, [*part[-1:], *part[:-1]], strict=True):
            row["KL_completion_ids"] = other["completion_ids"]
    return table


def _class_of(method: str) -> Any:
    """The trainer's class, which takes ids as they are: they were made and checked as a model is asked."""
    from trl import DPOTrainer, KTOTrainer

    class OurDpo(DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

    class OurKto(KTOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

    class OurOrpo(OurDpo):
        def _compute_loss(self, model: Any, inputs: Any, return_outputs: bool) -> Any:
            loss = odds_ratio_loss(model, inputs, self.beta)
            self._metrics["train"]["loss/orpo"].append(loss.item())
            return (loss, None) if return_outputs else loss

    return {"dpo": OurDpo, "kto": OurKto, "orpo": OurOrpo}[method]


def odds_ratio_loss(model: Any, inputs: Any, weight: float) -> Any:
    """ORPO's loss (arXiv 2403.07691, equations 6 and 7): the chosen answers' negative log-likelihood, and `weight` times the
    negative log-sigmoid of the log odds ratio, with log P the mean over an answer's tokens.

    Args:
        model: called with the batch; its first half are chosen answers, its second half the rejected ones.
        inputs: `input_ids`, `attention_mask`, `completion_mask`, each of shape (2 * rows, tokens).
        weight: lambda.
    """
    import torch
    import torch.nn.functional as F

    mask = inputs["completion_mask"]
    labels = inputs["input_ids"].masked_fill(mask == 0, -100)
    batch = {key: inputs[key] for key in ("input_ids", "attention_mask")}
    logs = model(**batch, labels=labels, use_cache=False, fused_lm_head=True).log_probs[:, -(mask.shape[1] - 1) :]
    mean = logs.sum(1) / mask[:, 1:].sum(1).clamp(min=1)
    chosen, rejected = mean.chunk(2)

    def log_odds(log_p: Any) -> Any:
        return log_p - torch.log1p(-torch.exp(log_p.clamp(max=-1e-6)))

    ratio = log_odds(chosen) - log_odds(rejected)
    return -chosen.mean() - weight * F.logsigmoid(ratio).mean()


def _standing(model: Any, rows: list[PreferenceRow], tokenizer: Any) -> Standing:
    """How the model stands to rows now."""
    import torch

    was_training = model.training
    model.eval()
    chosen, rejected, lengths = [], [], []
    with torch.no_grad():
        for row in rows:
            chosen.append(_mean_log_probability(model, row.prompt, row.chosen))
            rejected.append(_mean_log_probability(model, row.prompt, row.rejected))
        for row in rows[:ANSWERED]:
            most = 2 * max(len(row.chosen), len(row.rejected)) + 16
            ids = torch.tensor([row.prompt], device=model.device)
            answer = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=most,
                do_sample=False,
                eos_token_id=row.chosen[-1],
                pad_token_id=tokenizer.pad_token_id,
            )
            lengths.append(answer.shape[1] - len(row.prompt))
    model.train(was_training)
    return Standing(
        chosen=round(sum(chosen) / len(chosen), 4),
        rejected=round(sum(rejected) / len(rejected), 4),
        prefers=round(sum(a > b for a, b in zip(chosen, rejected, strict=True)) / len(chosen), 4),
        answer_tokens=round(sum(lengths) / len(lengths), 1),
    )


def _mean_log_probability(model: Any, prompt: list[int], answer: list[int]) -> float:
    import torch

    ids = torch.tensor([prompt + answer], device=model.device)
    kept = len(answer) + 1
    logits = model(input_ids=ids, logits_to_keep=kept).logits[0, :-1].float()
    logs = torch.log_softmax(logits, -1).gather(1, torch.tensor(answer, device=logits.device)[:, None])
    return float(logs.mean())
