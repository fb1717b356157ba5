"""Packed rows see themselves alone: their logits, losses and adapters are those of the rows by themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from likeness.errors import CallError
from likeness.recipe.schema import Train
from train.data import IGNORED, Row, Rows
from train.packing import PackingCollator, pack, packs_of, prove_no_leak
from train.preflight import load_tokenizer
from train.sft import train_sft

FAMILIES = {
    "Llama": {},
    "Qwen2": {},
    "Qwen3": {},
    "Mistral": {"sliding_window": 16},
    "Phi3": {"pad_token_id": 0, "sliding_window": 16},
    "Gemma2": {"sliding_window": 16, "head_dim": 16, "query_pre_attn_scalar": 16},
    "Gemma3Text": {"sliding_window": 16, "head_dim": 16, "query_pre_attn_scalar": 16},
    "SmolLM3": {"pad_token_id": 0},
}
"""Of those with windows, rows are longer than a window."""
LENGTHS = (40, 7, 23, 31)


def model_of(family: str) -> Any:
    """Two layers with random weights."""
    import torch
    import transformers

    torch.manual_seed(3)
    name = {"Gemma3Text": "Gemma3"}.get(family, family)
    config = getattr(transformers, f"{family}Config")(
        vocab_size=128, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        bos_token_id=1, eos_token_id=2, **FAMILIES[family],
    )  # fmt: skip
    model = getattr(transformers, f"{name}ForCausalLM")(config).eval()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.2)
    return model


def made(lengths: tuple[int, ...] = LENGTHS) -> list[Row]:
    import torch

    draw = torch.Generator().manual_seed(5)
    rows = [torch.randint(3, 128, (length,), generator=draw).tolist() for length in lengths]
    return [Row(str(number), ids, [IGNORED] * 2 + ids[2:]) for number, ids in enumerate(rows)]


def test_the_longest_rows_are_laid_first_and_none_is_lost() -> None:
    assert pack([5, 9, 3, 4], 10) == [[1], [0, 3], [2]]
    assert pack([12, 2], 10) == [[0], [1]], "a row that is too long has a sequence for itself"
    assert sorted(row for line in pack([7, 1, 4, 4, 9, 2], 10) for row in line) == list(range(6))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "attention"),
    [(family, kind) for family in FAMILIES for kind in ("sdpa", "eager") if (family, kind) != ("Gemma2", "sdpa")],  # it has none
)
def test_every_logit_of_a_packed_row_is_that_of_the_row_alone(family: str, attention: str) -> None:
    import torch

    model, rows = model_of(family), made()
    model.set_attn_implementation(attention)
    batch = PackingCollator(64, 0)([{"input_ids": row.ids, "labels": row.labels} for row in rows])
    seen = []
    with torch.no_grad():
        for part in packs_of(batch):
            together = model(input_ids=part["input_ids"], position_ids=part["position_ids"], use_cache=False).logits[0]
            starts = [place for place, position in enumerate(part["position_ids"][0].tolist()) if position == 0]
            for start, end in zip(starts, [*starts[1:], len(together)], strict=True):
                ids = part["input_ids"][0, start:end].tolist()
                alone = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
                assert float((together[start:end] - alone).abs().max()) < 1e-4, (family, start)
                assert part["labels"][0, start] == IGNORED
                seen.append(ids)
            if len(starts) > 1:  # what it would be without the positions: the test can fail
                ones = model(input_ids=part["input_ids"], attention_mask=torch.ones_like(part["input_ids"]), use_cache=False)
                assert float((together - ones.logits[0]).abs().max()) > 1e-2, family
    assert sorted(seen) == sorted(row.ids for row in rows)
    assert prove_no_leak(model, rows, "here") < 1e-4


@pytest.mark.slow
def test_a_family_whose_rows_would_see_one_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an attention does that knows causal masks alone."""
    from transformers import masking_utils

    model = model_of("Llama")
    monkeypatch.setattr(masking_utils, "find_packed_sequence_indices", lambda _: None)
    with pytest.raises(CallError, match="packed rows of llama see one another") as refused:
        prove_no_leak(model, made(), "train.base_model: x")
    assert "Leave train.sft.packing out" in str(refused.value.fix)


def trained(base: Path, run: Path, packing: bool) -> tuple[list[float], Any]:
    """Losses, step by step, and the adapter."""
    from safetensors.torch import load_file

    run.mkdir(parents=True)
    tokenizer = load_tokenizer(base, "here")
    texts = [" ".join(f"The water stood at {n} inches and I leaned on the beam." for n in range(k % 4 + 1)) for k in range(24)]
    rows = [Row(f"{n}", ids, [IGNORED, *ids[1:]]) for n, text in enumerate(texts) for ids in [tokenizer(text)["input_ids"]]]
    sft = {"epochs": 2, "batch_size": 8, "max_length": 128, "evaluations_per_epoch": 3, "packing": packing}
    settings = Train.model_validate({"base_model": "builtin:tiny", "sft": sft})
    train_sft(base, tokenizer, Rows(train=rows[4:], validation=rows[:4]), settings, run / "adapter", lambda *_: None)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line], load_file(run / "adapter/adapter_model.safetensors")


@pytest.mark.slow
def test_a_packed_training_has_the_losses_of_a_padded_one(tiny: Path, tmp_path: Path) -> None:
    padded, first = trained(tiny, tmp_path / "a/runs/padded", packing=False)
    packed, second = trained(tiny, tmp_path / "a/runs/packed", packing=True)
    assert len(packed) == len(padded) >= 6
    assert packed == pytest.approx(padded, abs=2e-4)
    assert first and all(float((first[name] - second[name]).abs().max()) < 1e-3 for name in first)
