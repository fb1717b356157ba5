"""The forecast's terms are held against autograd and a real process; its advice is tried on a recipe."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from likeness.errors import CallError
from likeness.recipe.schema import Train
from tests.make import House
from train import allocator
from train.devices import Device, chosen_devices, listed_devices
from train.forecast import forecast
from train.memory import NF4_BYTES, kept_by_layer, memory_terms
from train.workload import Workload, adapted, read_shape

LLAMA_8B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
RENTED = {device.name: device for device in listed_devices()}


def work_of(config: dict[str, Any], weights: int, lengths: list[int], **train: Any) -> Workload:
    settings = Train.model_validate({"base_model": "x", **train})
    shape = read_shape(config, weights)
    return Workload(shape, settings, adapted(shape, settings.lora.target_modules), tuple(lengths))


def eight_billion(longest: int = 2048, **train: Any) -> Workload:
    return work_of(LLAMA_8B, 8_030_261_248, [longest] * 500, **train)


def test_several_processes_need_less_of_each_card_and_as_much_money() -> None:
    card = next(device for device in RENTED.values() if device.kind == "gpu" and device.memory_bytes > 70e9)
    sft = {"batch_size": 16, "micro_batch_size": 2}
    alone, dealt, shared = (
        forecast(eight_billion(sft=sft, **launch), card)
        for launch in ({}, {"launch": {"processes": 4}}, {"launch": {"processes": 4, "config": "fsdp2"}})
    )
    assert dealt.seconds == shared.seconds == pytest.approx(alone.seconds / 4)
    assert dealt.usd == pytest.approx(alone.usd)
    weights = memory_terms(eight_billion(), "gpu", "lora")["weights"]
    assert 0 < dealt.memory_bytes - alone.memory_bytes < 1e9 < alone.memory_bytes - shared.memory_bytes < 0.75 * weights
    here = Device("here", "cpu", 10**12, 1.0, 100.0)
    work = [work_of(LLAMA_8B, 8_030_261_248, [512] * 8, **launch) for launch in ({}, {"launch": {"processes": 2}})]
    one, two = (forecast(each, here) for each in work)
    assert two.seconds == one.seconds and two.memory_bytes > 1.3 * one.memory_bytes, "the weights twice, the rows once"
    two_rows, one_row = (
        forecast(eight_billion(sft={"batch_size": 8, **less}, launch={"processes": 4}), card).memory_bytes
        for less in ({}, {"micro_batch_size": 1})
    )
    small = replace(card, memory_bytes=(two_rows + one_row) // 2)
    advice = forecast(eight_billion(launch={"processes": 4}), small).advice
    assert any("micro_batch_size: 1}" in line for line in advice), "a step's eight rows are dealt to four"


FAMILIES = ["Llama", "Qwen2", "Qwen3", "Mistral", "Gemma3Text", "SmolLM3", "Phi3"]


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_layer_keeps_is_what_autograd_keeps(family: str, padded: bool, mixed: bool) -> None:
    rows, tokens, config = 2, 96, tiny_config(family)
    one, two = (kept_by_autograd(config, family, layers, rows, tokens, padded, mixed) for layers in (1, 2))
    work = work_of({**config.to_dict(), "num_hidden_layers": 1}, 1, [tokens], lora={"r": 8, "alpha": 8})
    told = rows * tokens * kept_by_layer(work, 2 if mixed else 4, "lora", tokens if padded else 0)
    told += 2 * work.adapter_weights if mixed else 0  # autocast's copy, which is another term
    assert told == pytest.approx(two - one, rel=0.003)  # constants of Gemma's norms


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("tokens", [96, 384])
def test_scores_that_are_capped_are_all_kept(tokens: int, mixed: bool) -> None:
    rows, config = 2, tiny_config("Gemma2")
    one, two = (kept_by_autograd(config, "Gemma2", layers, rows, tokens, False, mixed) for layers in (1, 2))
    work = work_of({**config.to_dict(), "num_hidden_layers": 1}, 1, [tokens], lora={"r": 8, "alpha": 8})
    told = rows * tokens * kept_by_layer(work, 2 if mixed else 4, "lora", 0)
    told += 2 * work.adapter_weights if mixed else 0
    assert 0.99 < told / (two - one) < 1.1


@pytest.mark.slow
def test_dropout_keeps_its_result_and_its_mask() -> None:
    rows, tokens, config = 2, 96, tiny_config("Llama")
    one, two = (kept_by_autograd(config, "Llama", layers, rows, tokens, False, False, lora_dropout=0.1) for layers in (1, 2))
    work = work_of({**config.to_dict(), "num_hidden_layers": 1}, 1, [tokens], lora={"r": 8, "dropout": 0.1})
    assert rows * tokens * kept_by_layer(work, 4, "lora", 0) == pytest.approx(two - one, rel=0.02)


def tiny_config(family: str) -> Any:
    import transformers

    sizes = {"hidden_size": 64, "intermediate_size": 160, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    return getattr(transformers, f"{family}Config")(vocab_size=128, max_position_embeddings=4096, **sizes, **ids)


def kept_by_autograd(
    config: Any, family: str, layers: int, rows: int, tokens: int, padded: bool, mixed: bool, **lora: Any
) -> int:
    """Bytes of all storages that autograd saves in a forward pass, without weights."""
    import copy

    import torch
    import transformers
    from peft import LoraConfig, get_peft_model

    config = copy.deepcopy(config)
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:1] * layers
    kind = getattr(transformers, f"{family.removesuffix('Text')}ForCausalLM")
    model = kind._from_config(config, dtype=torch.bfloat16 if mixed else torch.float32)
    model = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM", **lora)).train()
    own = {each.untyped_storage().data_ptr() for each in (*model.parameters(), *model.buffers())}
    kept: dict[int, Any] = {}

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return tensor

    ids = torch.ones(rows, tokens, dtype=torch.long)
    mask = torch.ones_like(ids)
    if padded:
        mask[1, tokens // 2 :] = 0
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16, mixed):
        model.get_base_model().model(input_ids=ids, attention_mask=mask, use_cache=False)
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize(("has", "gives"), [(1.2, True), (1.5, False)])
def test_memory_is_given_back_only_where_it_is_short(has: float, gives: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    work = eight_billion()
    needs = sum(memory_terms(work, "cpu", "lora").values())
    given: list[bool] = []
    monkeypatch.setattr(allocator, "machine_memory", lambda: round(has * needs))
    monkeypatch.setattr(allocator, "give_back", lambda: given.append(True))
    allocator.spare_memory(work)
    assert bool(given) == gives


@pytest.mark.slow
@pytest.mark.real
def test_a_real_process_holds_what_was_told() -> None:
    bench = Path(__file__).parents[1] / "benchmarks/forecast.py"
    done = subprocess.run([sys.executable, bench, "--one", "SmolLM2, 1 x 256"], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["measured"] <= found["forecast"] <= 1.10 * found["measured"]


def test_each_term_of_a_known_model() -> None:
    terms = memory_terms(eight_billion(), "gpu", "lora")
    assert terms["weights"] == 2 * 8_030_261_248
    assert eight_billion().adapter_weights == 41_943_040  # peft prints this for r 16 on all linear layers of Llama 3.1 8B
    assert terms["adapter"] == 41_943_040 * (16 + 2)
    four = memory_terms(eight_billion(), "gpu", "qlora")
    assert pytest.approx(0.516, abs=0.001) == NF4_BYTES  # 4.127 bits: arXiv 2305.14314, section 3
    linear = 32 * 4096 * (2 * 4096 + 2 * 1024 + 3 * 14336)
    assert four["weights"] == pytest.approx(linear * NF4_BYTES + 2 * (8_030_261_248 - linear) + 2 * 4096 * 14336, rel=1e-6)


@pytest.mark.parametrize("longest", [512, 2048, 8192])
@pytest.mark.parametrize("device", RENTED)
def test_each_line_of_advice_makes_it_fit(device: str, longest: int) -> None:
    from ruamel.yaml import YAML

    work = eight_billion(longest, gradient_checkpointing=False, sft={"batch_size": 16, "max_length": 8192})
    told = forecast(work, RENTED[device])
    assert told.fits == (told.memory_bytes <= RENTED[device].memory_bytes) and bool(told.advice) == (not told.fits)
    for line in told.advice:
        change = YAML(typ="safe").load(line)["train"]
        sft = {"batch_size": 16, "max_length": 8192} | change.get("sft", {})
        other = eight_billion(min(longest, sft["max_length"]), **{"gradient_checkpointing": False} | change | {"sft": sft})
        assert forecast(other, RENTED[device]).fits


def test_more_of_anything_needs_more_and_takes_longer() -> None:
    small, card = eight_billion(1024, sft={"batch_size": 8, "micro_batch_size": 2}), RENTED["H100 80 GB"]
    less = forecast(small, card)
    longer = forecast(replace(small, rows=tuple(2 * length for length in small.rows)), card)
    assert longer.memory_bytes > less.memory_bytes and longer.seconds > 1.9 * less.seconds
    assert forecast(small, card, "qlora").memory_bytes < less.memory_bytes
    again = eight_billion(1024, sft={"batch_size": 8, "micro_batch_size": 2}, gradient_checkpointing=False)
    assert forecast(again, card).memory_bytes > less.memory_bytes and forecast(again, card).seconds < less.seconds
    assert less.usd == pytest.approx(less.seconds / 3600 * 2.49)
    assert forecast(small, Device("here", "gpu", 10**12, 300, 2000)).usd is None


@pytest.mark.slow  # it loads torch
def test_packed_rows_share_passes_and_their_advice_pads_them() -> None:
    card = RENTED["RTX 4090"] if "RTX 4090" in RENTED else next(device for name, device in RENTED.items() if "4090" in name)
    lengths = [60, 90, 120, 150] * 100
    alone, packed = (
        work_of(LLAMA_8B, 8_030_261_248, lengths, method="qlora", sft={"batch_size": 16, **more})
        for more in ({"micro_batch_size": 1}, {"packing": True})
    )
    assert forecast(packed, card).seconds < forecast(alone, card).seconds / 1.5, "a pass a row waits for its launches"
    assert forecast(packed, card).memory_bytes > forecast(alone, card).memory_bytes, "a pass holds more rows"
    longer = replace(packed, rows=(2048,) * 100)
    as_long = replace(alone, rows=(2048,) * 100)
    one, other = (sum(memory_terms(work, "gpu", "qlora").values()) for work in (longer, as_long))
    assert other <= one < 1.2 * other, "no pass holds more than max_length tokens: of such rows one, and a mask"
    small = replace(card, memory_bytes=round(0.9 * forecast(packed, card).memory_bytes))
    advice = forecast(packed, small).advice
    assert any("packing: false" in line and "micro_batch_size" in line for line in advice)


def test_a_device_is_chosen_by_part_of_its_name() -> None:
    assert [device.name for device in chosen_devices("a100")] == ["A100 40 GB", "A100 80 GB"]
    assert len(chosen_devices("here")) == 1
    with pytest.raises(CallError, match="no device is called 'abacus'"):
        chosen_devices("abacus")
    dated = [device for device in listed_devices() if device.where and device.as_of and device.usd_per_hour]
    assert len(dated) == len(listed_devices()) == 9


@pytest.mark.slow
def test_plan_tells_memory_time_and_price(trained: tuple[House, dict[str, Any]]) -> None:
    house, _ = trained
    said = house.call("train", "plan", house.recipe).stdout
    assert "(here)" in said and "H200 141 GB" in said and "QLoRA" in said
    assert (
        "List prices of AWS, Lambda, RunPod as of " in said
        and "to be checked before renting" in said
        and "computed, not measured" in said
    )
    found = house.json("train", "plan", house.recipe, "--on", "4090")["forecasts"]
    assert [(each["device"], each["method"]) for each in found] == [("RTX 4090 24 GB", "lora"), ("RTX 4090 24 GB", "qlora")]
    assert all(each["fits"] and each["usd"] >= 0 and each["memory_bytes"] > 10**8 for each in found)
    assert "no device is called" in house.call("train", "plan", house.recipe, "--on", "abacus", code=2).stderr
    packed = house.json("train", "pack", house.recipe, "--to", "here.pack")
    assert {each["device"] for each in packed["forecast"]["devices"]} == set(RENTED)
