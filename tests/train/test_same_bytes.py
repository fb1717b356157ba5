"""The same seed makes the same adapter, byte for byte, on one machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from likeness.files import sha256
from likeness.recipe.schema import Train
from train.data import Row, Rows
from train.preflight import load_tokenizer
from train.sft import train_sft

pytestmark = pytest.mark.slow

TEXTS = [f"The water stood at {number} inches and I leaned on the beam until it was level." for number in range(12)]


def trained(base: Path, run: Path, seed: int) -> str:
    """SHA-256 of an adapter that was trained from a seed."""
    import torch

    torch.rand(7)  # whatever was drawn before
    run.mkdir()
    tokenizer = load_tokenizer(base, "here")
    rows = [Row(text, ids, ids) for text in TEXTS for ids in [tokenizer(text)["input_ids"]]]
    plain = {"base_model": "builtin:tiny", "seed": seed, "lora": {"r": 4, "dropout": 0.1}, "sft": {"epochs": 2, "batch_size": 4}}
    settings = Train.model_validate(plain)
    train_sft(base, tokenizer, Rows(train=rows[2:], validation=rows[:2]), settings, run / "adapter", lambda *_: None)
    return sha256(run / "adapter" / "adapter_model.safetensors")


def test_the_same_seed_makes_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    first, again, other = (trained(tiny, tmp_path / name, seed) for name, seed in (("one", 17), ("two", 17), ("three", 18)))
    assert first == again != other
