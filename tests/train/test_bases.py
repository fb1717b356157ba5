"""Bases and settings as people have them: each trains right, or is refused by name before its weights are loaded."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from export.model_files import weight_files
from export.nf4 import unfit_for_nf4
from likeness.errors import CallError, GateError, LikenessError
from likeness.progress import Silent
from likeness.recipe.schema import Train
from tests.make import SAID, SYSTEM, tiny_base, write_dataset, write_recipe
from train import base as bases
from train.base import identity, parameters
from train.checkpoints import last_good_checkpoint
from train.data import IGNORED, Row
from train.delivery import Exported
from train.plan import plan
from train.room import room_of
from train.run import train
from train.sft import _lora
from train.weights import load_base

QUICK = "sft: {epochs: 2, batch_size: 2, learning_rate: 2.0e-3}"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """A base with the tokenizer of builtin:tiny, that trains in a second."""
    from transformers import AutoTokenizer

    return tiny_base(tmp_path_factory.mktemp("small") / "base", AutoTokenizer.from_pretrained(tiny), tie_word_embeddings=True)


def changed(base: Path, here: Path, **config: Any) -> Path:
    """A copy of a base with other settings, whose weights are no numbers: nothing may get as far as training on them."""
    copy = spoilt(base, here, lambda weights: [tensor.fill_(float("nan")) for tensor in weights.values()])
    (copy / "config.json").write_text(json.dumps(json.loads((copy / "config.json").read_text()) | config))
    return copy


def spoilt(base: Path, here: Path, change: Any) -> Path:
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(base, here / "base")
    weights = load_file(copy / "model.safetensors")
    change(weights)
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    return copy


@pytest.mark.parametrize(
    ("targets", "told", "fix"),
    [
        ("[q_proj, v_prj]", "no part of this model is called 'v_prj'", "Did you mean v_proj?"),
        ("all_linear", "no part of this model is called 'all_linear'", "Did you mean all-linear?"),
        ("[lm_head]", "lm_head ('lm_head') is the model's output layer", "Leave it out"),
        ("[q_proj, v_proj, embed_tokens]", "model.embed_tokens ('embed_tokens') is the model's embedding", "Leave it out"),
        ("'.*nothing.*'", "the pattern '.*nothing.*' matches no part of this model", "It has down_proj"),
        ("'q_proj, v_proj'", "the pattern 'q_proj, v_proj' matches no part", "names are a list: [up_proj, v_proj]."),
        ("'('", "the pattern '(' matches no part of this model", "whole paths, such as model.layers.0.mlp.down_proj;"),
    ],
)
def test_wrong_targets_are_refused_by_key_before_loading(here: Path, small: Path, targets: str, told: str, fix: str) -> None:
    recipe = write_recipe(here, changed(small, here), train=f"lora: {{target_modules: {targets}}}")
    with pytest.raises(CallError) as refused:
        train(recipe, Silent())
    assert told in refused.value.what and fix in str(refused.value.fix)
    assert str(refused.value.where).endswith("lock.yaml:4: train.lora.target_modules")


def test_no_targets_are_refused_in_the_recipe(here: Path, small: Path) -> None:
    with pytest.raises(CallError, match="target_modules") as refused:
        plan(write_recipe(here, small, train="lora: {target_modules: []}"), Silent())
    assert "at least 1" in refused.value.what


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU takes them")
def test_shapes_that_four_bits_cannot_have_here_are_refused_before_loading(here: Path, small: Path) -> None:
    from transformers import AutoTokenizer

    odd = tiny_base(here / "odd", AutoTokenizer.from_pretrained(small), intermediate_size=100)
    with pytest.raises(CallError, match=r"bitsandbytes cannot compute with model\.layers\.\d\.mlp"):
        train(write_recipe(here, odd, train="method: qlora"), Silent())
    assert unfit_for_nf4(small) is None


RIGHT = [["q_proj", "v_proj"], r".*layers\.1.*(up|down)_proj", "all-linear", ["layers.0.mlp.gate_proj"]]


@pytest.mark.parametrize("targets", RIGHT)
def test_right_targets_are_taken(small: Path, targets: str | list[str]) -> None:
    from train.preflight import check_targets

    check_targets(small, targets, "here")


def test_a_quantized_base_is_refused_before_loading(here: Path, small: Path) -> None:
    base = changed(small, here, quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    with pytest.raises(CallError, match="quantized already \\(bitsandbytes\\)") as refused:
        train(write_recipe(here, base), Silent())
    assert refused.value.exit_code == 2 and "method: qlora" in str(refused.value.fix)


def test_a_base_that_llama_cpp_cannot_read_is_refused_before_loading(here: Path, small: Path) -> None:
    base = changed(small, here, architectures=["FalconForCausalLM"], model_type="falcon")
    with pytest.raises(CallError, match="FalconForCausalLM is an architecture that this exporter does not cover"):
        train(write_recipe(here, base), Silent())


LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({"max_position_embeddings": 64}, 64),
        ({"rope_parameters": LLAMA3 | {"original_max_position_embeddings": 128}}, 1024),
        ({"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 96}, 96),
        (
            {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "sliding_window": 96, "query_pre_attn_scalar": 16},
            1024,
        ),
    ],
)
def test_rows_have_the_room_of_the_base_and_of_its_exported_file(
    here: Path, small: Path, config: dict[str, Any], most: int
) -> None:
    room = room_of(changed(small, here, **config), 2048)
    assert room.most == most and str(most) in room.notes[0].replace(",", "")
    left_out = room.objection("row", most + 1)
    assert left_out and left_out.reason == "beyond_context" and not room.objection("row", most)


def test_rows_beyond_the_context_are_left_out_and_counted(here: Path, small: Path) -> None:
    recipe = write_recipe(here, changed(small, here, max_position_embeddings=44))
    (here / "base" / "model.safetensors").write_bytes((small / "model.safetensors").read_bytes())
    said = plan(recipe, Silent())
    assert 0 < len(said.prepared.rows.too_long) < len(SAID) and max(len(row.ids) for row in said.prepared.rows.train) <= 44
    assert f"{len(said.prepared.rows.too_long)} longer than the base's context" in "\n".join(said.lines())
    assert any(line.startswith("room      a row may have 44 tokens") for line in said.lines())


def test_the_same_sizes_with_other_content_are_another_base(here: Path, small: Path) -> None:
    base = shutil.copytree(small, here / "base")
    first = identity(base)
    assert identity(base) == first and {"config.json", "model.safetensors", "tokenizer.json"} <= first.keys()
    for name, one, other in (
        ("chat_template.jinja", b"im_start", b"im_strat"),
        ("tokenizer.json", b'"ing"', b'"ign"'),
        ("model.safetensors", None, None),
        ("config.json", b"1024", b"1025"),
    ):
        file = base / name
        before = file.read_bytes()
        after = before[:-4] + bytes(byte ^ 1 for byte in before[-4:]) if one is None else before.replace(one, other, 1)
        assert len(before) == len(after) and before != after
        file.write_bytes(after)
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 10))
        assert identity(base) != first, name
        file.write_bytes(before)
        assert identity(base) == first, name


@pytest.mark.slow
def test_tables_that_are_not_those_that_were_built_are_refused(here: Path, small: Path) -> None:
    recipe = write_recipe(here, changed(small, here))
    table = next(here.glob("build/lock/dataset/*/sft/validation.parquet"))
    table.write_bytes((table.parent / "train.parquet").read_bytes())
    with pytest.raises(CallError, match=r"sft/validation\.parquet: is not the file that was built"):
        train(recipe, Silent())
    table.unlink()
    with pytest.raises(CallError, match=r"sft/validation\.parquet: is not the file that was built"):
        plan(recipe, Silent())


def test_an_edited_template_begins_another_run(here: Path, small: Path) -> None:
    base = shutil.copytree(small, here / "base")
    recipe = write_recipe(here, base, train=QUICK, export="gguf: [q8_0]")
    one = train(recipe, Silent())
    assert train(recipe, Silent()).unchanged
    template = base / "chat_template.jinja"
    template.write_text(template.read_text().replace("in messages %}", "in messages%}"))
    other = train(recipe, Silent())
    assert not other.unchanged and other.folder != one.folder


def test_weights_that_no_index_names_are_neither_counted_nor_fetched(
    here: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = shutil.copytree(small, here / "base")
    count = parameters(base)
    shutil.copy(base / "model.safetensors", base / "consolidated.safetensors")
    assert parameters(base) == count and [path.name for path in weight_files(base)] == ["model.safetensors"]
    os.rename(base / "model.safetensors", base / "model-00001-of-00001.safetensors")
    index = {"weight_map": {"model.norm.weight": "model-00001-of-00001.safetensors"}}
    (base / "model.safetensors.index.json").write_text(json.dumps(index))
    assert parameters(base) == count
    asked: list[list[str]] = []

    def fetch(name: str, *, allow_patterns: list[str], ignore_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        return str(base)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert bases.base_folder("mistralai/Mistral-7B-Instruct-v0.3", Silent()) == base
    assert not any("safetensors" in pattern for pattern in asked[0])
    assert [pattern for pattern in asked[1] if "safetensors" in pattern] == ["model-00001-of-00001.safetensors"]
    (base / "model-00001-of-00001.safetensors").unlink()
    with pytest.raises(CallError, match="lacks model-00001-of-00001"):
        bases.base_folder(str(base), Silent())


@pytest.mark.slow
def test_a_base_that_holds_no_numbers_is_named_at_the_first_step(here: Path, small: Path) -> None:
    def no_number(weights: dict[str, Any]) -> None:
        weights["model.layers.0.mlp.up_proj.weight"][3, 3] = float("nan")

    recipe = write_recipe(here, spoilt(small, here, no_number), train=QUICK)
    for _ in range(2):
        with pytest.raises(CallError, match="the loss is not a number at step 1: the base's own weights are not") as stopped:
            train(recipe, Silent())
        assert "model.layers.0.mlp.up_proj.weight in model.safetensors holds NaN" in stopped.value.what
        assert str(stopped.value.where).startswith("train.base_model") and "rate helps here" in str(stopped.value.fix)


@pytest.mark.slow
def test_a_run_that_broke_goes_on_from_its_last_good_checkpoint(here: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is spoilt once, from the fourth step on; the checkpoint of that step, too, holds no numbers."""
    from train import sft

    made = sft.trainer_class

    def breaking(*given: Any) -> Any:
        class Breaking(made(*given)):  # type: ignore[misc]
            def training_step(self, *arguments: Any, **named: Any) -> Any:
                if self.state.global_step >= 3:
                    for name, parameter in self.model.named_parameters():
                        if "lora_B" in name:
                            parameter.data.fill_(float("nan"))
                return super().training_step(*arguments, **named)

        return Breaking

    recipe = write_recipe(here, small, train="sft: {epochs: 4, batch_size: 2, evaluations_per_epoch: 3}", export="gguf: [q8_0]")
    monkeypatch.setattr(sft, "trainer_class", breaking)
    with pytest.raises(GateError, match="the loss is not a number at step 4") as stopped:
        train(recipe, Silent())
    assert stopped.value.where == "train.sft.learning_rate" and "is too high for this base" in str(stopped.value.fix)
    [run] = (here / "build/lock/runs").iterdir()
    kept = sorted(path.name for path in (run / "checkpoints").glob("*-*"))
    assert kept == ["checkpoint-2", "checkpoint-3"]
    from safetensors.torch import load_file, save_file

    newest = run / "checkpoints/checkpoint-3/adapter_model.safetensors"
    weights = load_file(newest)
    next(iter(weights.values()))[0, 0] = float("inf")
    save_file(weights, newest)
    assert last_good_checkpoint(run / "checkpoints") == run / "checkpoints/checkpoint-2" and not newest.exists()
    monkeypatch.setattr(sft, "trainer_class", made)
    done = train(recipe, Silent())
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines() if '"loss"' in line]
    assert done.folder == run and steps.count(1) == 1 and max(steps) > 4


@pytest.mark.slow
def test_a_weight_above_f16_is_exported_as_bf16(here: Path, small: Path) -> None:
    def large(weights: dict[str, Any]) -> None:
        weights["model.layers.0.mlp.up_proj.weight"][0, 0] = 70000.0
        weights["model.layers.0.mlp.down_proj.weight"][:, 0] = 0.0

    # an adapter of down_proj would learn from a channel in the ten thousands, and be as sure of nothing as its rounding
    settings = f"{QUICK}, lora: {{target_modules: [q_proj, v_proj]}}"
    run = train(write_recipe(here, spoilt(small, here, large), train=settings, export="gguf: [q8_0]"), Silent())
    assert {check["file"] for check in run.metrics["export"] if check["name"] == "weights"} == {"lock-bf16.gguf"}
    assert [Path(name).name for name in run.gguf] == ["lock-q8_0.gguf"]


@pytest.mark.parametrize("name", ["my-phi3-notes", "phi-3", "modern-bert_notes"])
def test_no_name_changes_what_llama_cpp_does(here: Path, small: Path, name: str) -> None:
    from likeness.llama.process import Llama

    made = plan(write_recipe(here, small, name=name), Silent())
    assert made.prepared.rows.train
    from export.gguf.convert import convert

    with Llama() as llama:
        llama.load(convert(small, here / "named.gguf", name=name))


@pytest.mark.slow
def test_every_answer_of_a_conversation_can_be_learnt(here: Path, small: Path) -> None:
    said = [("user", "Who?"), ("assistant", "The keeper."), ("user", "And?"), ("assistant", "He leaned."), ("user", "Then?")]
    chat = [{"role": role, "content": text} for role, text in [("system", SYSTEM), *said, ("assistant", "He waited.")]]
    counts = {}
    for turns in ("last", "all"):
        write_dataset(here / "build" / turns, [chat, chat])
        made = plan(write_recipe(here, small, name=turns, train=f"sft: {{turns: {turns}}}"), Silent())
        counts[turns] = made.prepared.rows.counts()
    assert counts["last"]["tokens"] == counts["all"]["tokens"] and counts["last"]["learnt"] < counts["all"]["learnt"]
    assert counts["all"]["learnt"] > 2 * counts["last"]["learnt"]


def test_an_answer_that_has_a_row_of_its_own_is_learnt_there_alone(here: Path, small: Path) -> None:
    answers = [f"The {word} waited." for word in ("keeper", "boat", "dog", "gate")]
    chat = [{"role": "system", "content": SYSTEM}]
    beginnings = []
    for answer in answers:
        chat = [*chat, {"role": "user", "content": "Then?"}, {"role": "assistant", "content": answer}]
        beginnings.append(chat)
    whole = [chat[0], {"role": "user", "content": "Who?"}, {"role": "assistant", "content": "The old dog."}, *chat[1:3]]
    held_out = beginnings.pop(1)
    write_dataset(here / "build" / "lock", [*beginnings, whole, held_out])
    said = plan(write_recipe(here, small, train="sft: {turns: all}"), Silent())
    rows, decode = said.prepared.rows, said.prepared.tokenizer.decode

    def learnt(row: Row) -> list[str]:
        text = decode([label for label in row.labels if label != IGNORED])
        return [answer for answer in [*answers, "The old dog."] if answer in text]

    assert [learnt(row) for row in rows.train] == [answers[:1], answers[2:3], answers[3:], [*answers[:1], "The old dog."]]
    assert [learnt(row) for row in rows.validation] == [answers[1:2]]
    assert rows.taught_elsewhere == 2 + 3 + 1 and any(line.startswith("turns     6 earlier answers") for line in said.lines())


def test_the_terminal_says_what_the_report_says() -> None:
    def check(passed: bool, severity: str) -> dict[str, Any]:
        return {"passed": passed, "severity": severity}

    checks = [check(True, "gate")] * 17 + [check(True, "warning")] + [check(False, "warning")] * 2
    assert str(Exported(["a", "b"], [], checks)) == "2 GGUF files, 18 of 20 checks passed, 2 warnings"
    told = str(Exported(["a"], ["b"], [*checks, check(False, "gate")]))
    assert told == "1 GGUF file, 1 withheld, 18 of 21 checks passed, 2 warnings, 1 failed"


def test_an_error_of_a_base_says_which_and_what_to_do(here: Path, small: Path) -> None:
    base = changed(small, here)
    (base / "chat_template.jinja").write_text("{{ raise_exception('no chat here') }}")
    with pytest.raises(LikenessError) as refused:
        train(write_recipe(here, base), Silent())
    assert re.search("no chat here", refused.value.what) and str(base) in str(refused.value.where) and refused.value.fix


@pytest.mark.slow
@pytest.mark.parametrize("family", ["Llama", "Mistral", "Qwen2", "Qwen3", "SmolLM3", "Gemma2", "Gemma3", "Phi3"])
def test_an_adapter_of_every_family_learns(family: str, tiny: Path, tmp_path: Path) -> None:
    import torch
    from peft import get_peft_model
    from transformers import AutoTokenizer

    base = tiny_base(tmp_path / "base", AutoTokenizer.from_pretrained(tiny), family)
    settings = Train.model_validate({"base_model": str(base), "lora": {"r": 4}})
    model = get_peft_model(load_base(base, settings), _lora(settings)).train()
    ids = torch.arange(5, 45).reshape(2, 20)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    losses = []
    for _ in range(6):
        loss = model(input_ids=ids, labels=ids).loss
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < losses[0] - 0.001
