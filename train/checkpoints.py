"""The checkpoints of a training, and the adapter that it leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from likeness.files import atomic_folder
from train.base import public_name


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


def save_adapter(model: Any, folder: Path, base_model: str, weights: dict[str, Any] | None = None) -> None:
    """Write an adapter, whole or not at all. It names its base as the recipe does, and no folder of this machine.

    Args:
        model: peft's.
        folder: to write.
        base_model: `train.base_model`.
        weights: gathered, where the model here holds only a share of them.
    """
    with atomic_folder(folder) as part:
        model.save_pretrained(part, selected_adapters=["default"], state_dict=weights)
        (part / "README.md").unlink(missing_ok=True)  # an empty form
        file = part / "adapter_config.json"
        config = json.loads(file.read_text(encoding="utf-8")) | {"base_model_name_or_path": public_name(base_model)}
        file.write_text(json.dumps(config, indent=2), encoding="utf-8")
