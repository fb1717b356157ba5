"""What is trained, in the words of five trainers: Axolotl (docs.axolotl.ai/docs/config-reference.html), LLaMA-Factory (its
examples/train_lora), trl's command `trl sft` (huggingface.co/docs/trl/clis), mlx-lm (mlx_lm/examples/lora_config.yaml) and
AutoTrain (its configs/llm_finetuning). What one of them has no word for is returned beside its configuration.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.recipe.schema import Train
from train.sft import steps_in_all

PLACES = {"q": "self_attn", "k": "self_attn", "v": "self_attn", "o": "self_attn", "gate": "mlp", "up": "mlp", "down": "mlp"}
"""Where a layer of mlx-lm has the matrices that the others call by their last name."""


@dataclass(frozen=True)
class Task:
    """What all configurations say.

    Args:
        name: the recipe's.
        base: hub id or folder of the base model.
        settings: the recipe's `train`.
        dataset: its folder.
        rows: to train on.
        validates: whether rows are held out.
    """

    name: str
    base: str
    settings: Train
    dataset: Path
    rows: int
    validates: bool

    @property
    def accumulation(self) -> int:
        """Forward passes per optimizer step."""
        return self.settings.sft.batch_size // self.settings.sft.rows_at_once

    @property
    def steps(self) -> int:
        """Optimizer steps, if nothing stops them early."""
        return steps_in_all(self.rows, self.settings.sft)

    @property
    def warmup(self) -> int:
        """Steps in which the learning rate rises."""
        return math.ceil(self.steps * self.settings.sft.warmup)

    @property
    def every(self) -> int:
        """Steps between evaluations."""
        return max(1, math.ceil(math.ceil(self.rows / self.settings.sft.batch_size) / self.settings.sft.evaluations_per_epoch))

    @property
    def qlora(self) -> bool:
        """Whether the base is read in 4 bits."""
        return self.settings.method == "qlora"

    @property
    def modules(self) -> list[str] | None:
        """The matrices that are adapted; None for all of the layers."""
        wanted = self.settings.lora.target_modules
        return None if wanted == "all-linear" else [wanted] if isinstance(wanted, str) else list(wanted)

    @property
    def by_pattern(self) -> bool:
        """Whether the matrices are named by a regular expression, which only peft itself reads."""
        wanted = self.settings.lora.target_modules
        return isinstance(wanted, str) and wanted != "all-linear"


Config = tuple[dict[str, Any], list[str]]
"""A configuration, and what it cannot say."""


def _axolotl(task: Task, folder: Path) -> Config:
    def rows(name: str) -> list[dict[str, Any]]:
        one = {"path": str(folder / "data" / f"{name}.jsonl"), "ds_type": "json", "split": "train", "type": "chat_template"}
        return [one | {"field_messages": "messages", "roles_to_train": ["assistant"], "train_on_eos": "turn"}]

    lora, sft = task.settings.lora, task.settings.sft
    config: dict[str, Any] = {
        "base_model": task.base,
        "chat_template": "tokenizer_default",
        "datasets": rows("train"),
        "test_datasets": rows("valid") if task.validates else None,
        "val_set_size": 0.0,
        "sequence_len": sft.max_length,
        "excess_length_strategy": "drop",
        "sample_packing": False,
        "train_on_inputs": False,
        "adapter": task.settings.method,
        "load_in_4bit": task.qlora,
        "lora_r": lora.r,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "lora_target_linear": task.modules is None,
        "lora_target_modules": lora.target_modules if task.by_pattern else task.modules,
        "peft_use_rslora": lora.root_scaled,
        "peft_use_dora": lora.dora,
        "num_epochs": sft.epochs,
        "micro_batch_size": task.settings.sft.rows_at_once,
        "gradient_accumulation_steps": task.accumulation,
        "learning_rate": sft.learning_rate,
        "lr_scheduler": "cosine",
        "warmup_steps": task.warmup,
        "optimizer": "adamw_torch",
        "weight_decay": 0.0,
        "group_by_length": True,
        "bf16": "auto",
        "eval_steps": task.every if task.validates else None,
        "save_steps": task.every,
        "save_total_limit": 2,
        "load_best_model_at_end": task.validates,
        "early_stopping_patience": sft.patience if task.validates else None,
        "seed": task.settings.seed,
        "output_dir": str(folder / "axolotl-run"),
    }
    return config, _about_turns(task, learns_all=True)


def _llamafactory(task: Task, folder: Path) -> Config:
    lora, sft = task.settings.lora, task.settings.sft
    config: dict[str, Any] = {
        "model_name_or_path": task.base,
        "stage": "sft",
        "do_train": True,
        "dataset_dir": str(folder / "data"),
        "dataset": f"{task.name}-train",
        "eval_dataset": f"{task.name}-valid" if task.validates else None,
        "mask_history": sft.turns == "last",
        "cutoff_len": sft.max_length,
        "finetuning_type": "lora",
        "lora_rank": lora.r,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "lora_target": "all" if task.modules is None else ",".join(task.modules),
        "use_rslora": lora.root_scaled,
        "use_dora": lora.dora,
        "quantization_bit": 4 if task.qlora else None,
        "quantization_type": "nf4" if task.qlora else None,
        "num_train_epochs": sft.epochs,
        **_of_transformers(task),
        "output_dir": str(folder / "llamafactory-run"),
    }
    unsaid = ["It cuts rows that are longer than cutoff_len; train run leaves them out. It does not stop early."]
    unsaid += ["It reads the chat template of the base's tokenizer; compare its first rows with train plan --show-rows."]
    if task.by_pattern:
        unsaid.append("It takes names in lora_target and no pattern: write them out.")
    return config, unsaid


def _trl(task: Task, folder: Path) -> Config:
    lora, sft = task.settings.lora, task.settings.sft
    wanted = lora.target_modules
    config: dict[str, Any] = {
        "model_name_or_path": task.base,
        "dataset_name": str(task.dataset),
        "dataset_config": "sft",
        "dataset_train_split": "train",
        "dataset_test_split": "validation",
        "completion_only_loss": True,
        "max_length": sft.max_length,
        "packing": False,
        "use_peft": True,
        "lora_r": lora.r,
        "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout,
        "lora_target_modules": wanted if isinstance(wanted, list) else [wanted],
        "use_rslora": lora.root_scaled,
        "use_dora": lora.dora,
        "load_in_4bit": task.qlora,
        "num_train_epochs": sft.epochs,
        **_of_transformers(task),
        "report_to": "none",
        "output_dir": str(folder / "trl-run"),
    }
    unsaid = ["It cuts rows that are longer than max_length; train run leaves them out. It does not stop early."]
    if task.by_pattern:
        unsaid.append("It takes names in lora_target_modules and no pattern: write them out.")
    return config, [*unsaid, *_about_turns(task, learns_all=False)]


def _of_transformers(task: Task) -> dict[str, Any]:
    """What trainers say that hand these on to transformers."""
    sft = task.settings.sft
    return {
        "per_device_train_batch_size": task.settings.sft.rows_at_once,
        "per_device_eval_batch_size": task.settings.sft.rows_at_once,
        "gradient_accumulation_steps": task.accumulation,
        "learning_rate": sft.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": task.warmup,
        "eval_strategy": "steps" if task.validates else "no",
        "eval_steps": task.every,
        "save_strategy": "steps",
        "save_steps": task.every,
        "save_total_limit": 2,
        "load_best_model_at_end": task.validates,
        "logging_steps": max(1, task.every // 4),
        "seed": task.settings.seed,
    }


def _mlx(task: Task, folder: Path) -> Config:
    lora, sft = task.settings.lora, task.settings.sft
    scale = lora.alpha / (math.sqrt(lora.r) if lora.root_scaled else lora.r)
    parameters: dict[str, Any] = {"rank": lora.r, "scale": round(scale, 6), "dropout": lora.dropout}
    if task.modules and not task.by_pattern:
        parameters["keys"] = [f"{PLACES.get(name.partition('_')[0], 'self_attn')}.{name}" for name in task.modules]
    config: dict[str, Any] = {
        "model": task.base,
        "train": True,
        "data": str(folder / "data"),
        "mask_prompt": True,
        "fine_tune_type": "dora" if lora.dora else "lora",
        "num_layers": -1,
        "lora_parameters": parameters,
        "optimizer": "adamw",
        "optimizer_config": {"adamw": {"weight_decay": 0.0}},
        "batch_size": task.settings.sft.rows_at_once,
        "grad_accumulation_steps": task.accumulation,
        "iters": task.steps * task.accumulation,
        "learning_rate": sft.learning_rate,
        "lr_schedule": {
            "name": "cosine_decay",
            "arguments": [sft.learning_rate, max(1, task.steps - task.warmup)],
            "warmup": task.warmup,
        },
        "max_seq_length": sft.max_length,
        "steps_per_eval": task.every * task.accumulation,
        "save_every": task.every * task.accumulation,
        "seed": task.settings.seed,
        "adapter_path": str(folder / "mlx-run"),
    }
    unsaid = ["It counts forward passes (iters), cuts rows that are longer than max_seq_length, and does not stop early."]
    if task.qlora:
        unsaid.append("QLoRA is a quantized base there: mlx_lm.convert --hf-path BASE -q, and its folder as model.")
    if task.by_pattern:
        unsaid.append("The recipe's pattern of target_modules cannot be said: all matrices of all layers are adapted.")
    return config, [*unsaid, *_about_turns(task, learns_all=False)]


def _autotrain(task: Task, folder: Path) -> Config:
    lora, sft = task.settings.lora, task.settings.sft
    config: dict[str, Any] = {
        "task": "llm-sft",
        "base_model": task.base,
        "project_name": re.sub(r"[^a-zA-Z0-9]+", "-", f"{task.name}-autotrain"),
        "log": "none",
        "backend": "local",
        "data": {
            "path": str(folder / "data"),
            "train_split": "train",
            "valid_split": "valid" if task.validates else None,
            "chat_template": "tokenizer",
            "column_mapping": {"text_column": "messages"},
        },
        "params": {
            "model_max_length": sft.max_length,
            "block_size": sft.max_length,
            "epochs": math.ceil(sft.epochs),
            "batch_size": task.settings.sft.rows_at_once,
            "gradient_accumulation": task.accumulation,
            "lr": sft.learning_rate,
            "scheduler": "cosine",
            "warmup_ratio": sft.warmup,
            "optimizer": "adamw_torch",
            "weight_decay": 0.0,
            "mixed_precision": "bf16",
            "peft": True,
            "quantization": "int4" if task.qlora else None,
            "target_modules": "all-linear" if task.modules is None else ",".join(task.modules),
            "lora_r": lora.r,
            "lora_alpha": lora.alpha,
            "lora_dropout": lora.dropout,
            "eval_strategy": "epoch" if task.validates else "no",
            "seed": task.settings.seed,
        },
    }
    unsaid = ["It learns the questions too, not the answers alone, and knows whole epochs only; it does not stop early."]
    if task.by_pattern or lora.root_scaled or lora.dora:
        unsaid.append("It knows neither a pattern of target_modules nor rsLoRA nor DoRA.")
    return config, unsaid


def _about_turns(task: Task, *, learns_all: bool) -> list[str]:
    """What to say where a trainer learns other turns of a conversation than the recipe says."""
    if learns_all == (task.settings.sft.turns == "all"):
        return []
    learnt = "every answer" if learns_all else "the last answer"
    return [f"Of a conversation it learns {learnt}; the recipe says turns: {task.settings.sft.turns}."]


TRAINERS = {
    "axolotl": ("axolotl train", _axolotl),
    "llamafactory": ("llamafactory-cli train", _llamafactory),
    "trl": ("trl sft --config", _trl),
    "mlx": ("mlx_lm.lora --config", _mlx),
    "autotrain": ("autotrain --config", _autotrain),
}
"""How each is called, and what makes its configuration."""
