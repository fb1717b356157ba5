"""The whole road, from an adapter to the folder that an app is pointed to."""

import json
import re
import shutil
import subprocess

import pytest
from gguf import GGUFReader
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from export.bundle import Card, modelfile
from export.export import export_model
from export.gguf.convert import convert
from export.gguf.quantize import KINDS, census, fallback_warning, quantize, unfit_widths
from export.probe import make_probe, render
from export.verify import verify
from likeness.errors import CallError
from likeness.llama.process import Llama
from tests.export.tiny_models import ROWS, SYSTEM, save, settings
from tests.make import tiny_base


@pytest.fixture(scope="module")
def exported(taught, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    said = []
    report = export_model(
        taught,
        out,
        publisher="me",
        model="emerson",
        quants=["q4_k_m", "q8_0", "q3_k_m"],
        rows=ROWS,
        system_prompt=SYSTEM,
        progress=said.append,
        source="a tiny Llama",
    )
    return out, report, said


@pytest.mark.slow
def test_the_export_passes_and_lies_in_its_folder(exported):
    out, report, said = exported
    assert report.passed, report.warnings
    assert report.folder == out / "me" / "emerson"
    assert [file.name for file in report.files] == [
        "Modelfile",
        "README.md",
        "SHA256SUMS",
        "emerson-q3_k_m.gguf",
        "emerson-q4_k_m.gguf",
        "emerson-q8_0.gguf",
        "export-report.json",
    ]
    assert [path.name for path in out.iterdir()] == ["me"]
    assert said[0] == "Trying the vocabulary in llama.cpp"
    assert "Quantizing to q4_k_m" in said


@pytest.mark.slow
def test_the_quantized_files_are_what_they_say(exported):
    _, report, _ = exported
    assert {"Q4_K", "Q6_K"} == census(report.folder / "emerson-q4_k_m.gguf").keys()
    sizes = [(report.folder / f"emerson-{kind}.gguf").stat().st_size for kind in ("q3_k_m", "q4_k_m", "q8_0")]
    assert sizes == sorted(sizes)
    kl = {check.file: check.value for check in report.checks if check.name == "logits"}
    assert kl["emerson-f16.gguf"] < kl["emerson-q8_0.gguf"] < kl["emerson-q4_k_m.gguf"] < kl["emerson-q3_k_m.gguf"]


@pytest.mark.slow
def test_the_model_speaks_as_it_was_taught(exported):
    _, report, _ = exported
    with Llama() as llama:
        llama.load(report.folder / "emerson-q4_k_m.gguf")
        prompt = llama.ask("render", conversations=[ROWS[0][:-1]], generation_prompt=True)
        ids = llama.ask("tokenize", texts=prompt)[0]
        reply = llama.ask("greedy", ids=ids, tokens=60)
        said = llama.ask("tokenize", texts=[ROWS[0][-1]["content"]])[0]
        assert reply[:-1] == said
        assert llama.ask("ends", ids=reply[-1:]) == [True]


@pytest.mark.slow
def test_what_lies_beside_the_files(exported):
    _, report, _ = exported
    text = (report.folder / "Modelfile").read_text()
    begin, template, *rest = text.splitlines(keepends=True)
    assert begin == "FROM ./emerson-q4_k_m.gguf\n" and "".join(rest) == f'PARAMETER stop "<|im_end|>"\nSYSTEM """{SYSTEM}"""\n'
    assert template.startswith('TEMPLATE """{{ if .System }}{{ "<|im_start|>system\\n" }}')
    readme = (report.folder / "README.md").read_text()
    for part in (
        "ollama create emerson",
        "me/emerson/emerson-q4_k_m.gguf",
        "llama-server -m",
        "Jan",
        "Msty",
        "LM Studio",
        "None was asked yet",
        "a tiny Llama",
    ):
        assert part in readme
    told = json.loads((report.folder / "export-report.json").read_text())
    assert told["passed"]
    assert len(told["checks"]) == len(report.checks)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=report.folder, check=True)


@pytest.mark.slow
def test_a_failed_gate_leaves_the_good_export_alone(exported, taught, tmp_path):
    out, _, _ = exported
    broken = shutil.copytree(taught, tmp_path / "broken")
    (broken / "chat_template.jinja").unlink()
    order = {"publisher": "me", "model": "emerson", "quants": ["q8_0"], "rows": ROWS, "system_prompt": None}
    report = export_model(broken, out, **order)
    assert not report.passed
    assert report.folder == out / "me" / "emerson.failed"
    assert any("chat template" in warning for warning in report.warnings)
    assert "emerson-f16.gguf" in [file.name for file in report.files]
    assert "**Not for use" in (report.folder / "README.md").read_text()
    assert (out / "me" / "emerson" / "emerson-q4_k_m.gguf").exists()


@pytest.mark.slow
def test_a_success_removes_the_failure_and_16_bits_may_be_kept(taught, tmp_path):
    failure = tmp_path / "me" / "emerson.failed"
    failure.mkdir(parents=True)
    (tmp_path / ".export-killed").mkdir()
    report = export_model(taught, tmp_path, publisher="me", model="emerson", quants=["f16"], rows=[], system_prompt=None)
    assert report.passed, report.warnings
    assert not failure.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["me"]
    assert "emerson-f16.gguf" in [file.name for file in report.files]


@pytest.mark.parametrize("change", [{"quants": ["q9"]}, {"quants": []}, {"model": "../x"}, {"publisher": ""}, {"dtype": "q8_0"}])
def test_a_wrong_order_is_refused_before_anything_is_done(change, taught, tmp_path):
    order = {"publisher": "me", "model": "emerson", "quants": ["q8_0"], "rows": ROWS, "system_prompt": None}
    with pytest.raises(CallError):
        export_model(taught, tmp_path / "out", **{**order, **change})
    assert not (tmp_path / "out").exists()


def test_rows_that_the_template_refuses_are_named(taught, tmp_path):
    folder = shutil.copytree(taught, tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('no system here') }}")
    with pytest.raises(CallError, match="refuses a conversation of user, assistant: no system here"):
        export_model(folder, tmp_path / "out", publisher="me", model="x", quants=["q8_0"], rows=[], system_prompt=None)


def test_every_kind_is_made_of_its_own_types(taught, tmp_path):
    file = convert(taught, tmp_path / "model.gguf")
    for kind in KINDS:
        made = quantize(file, tmp_path / f"{kind}.gguf", kind)
        assert fallback_warning(made, kind) is None
        assert all(tensor.tensor_type.name == "F32" for tensor in GGUFReader(made).tensors if len(tensor.shape) == 1)


def test_a_fallback_is_told(tokenizers, tmp_path):
    narrow = settings(tokenizers["smollm"], hidden_size=192, intermediate_size=512, num_attention_heads=3)
    narrow["num_key_value_heads"] = 3
    folder = save(tmp_path / "m", LlamaForCausalLM(LlamaConfig(**narrow)), tokenizers["smollm"])
    made = quantize(convert(folder, tmp_path / "m.gguf"), tmp_path / "q.gguf", "q4_k_m")
    assert "rows of 192 elements do not fit" in fallback_warning(made, "q4_k_m")


def test_quotes_in_a_system_prompt_do_not_end_it():
    text = modelfile(Card("me", "x", "y", 'Say """ thrice.', '"'), [])
    assert text == 'PARAMETER stop "\\""\nSYSTEM """Say \'\'\' thrice."""\n'


def test_a_tokenizer_without_a_template_still_renders():
    class Bare:
        chat_template = None

    assert render(Bare(), [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]) == "a\nb"


@pytest.mark.parametrize(
    ("widths", "kind", "said"),
    [
        ([80, 100], "q8_0", "q8_0: rows of 80, 100 elements do not fit its blocks of 32, .* no type has smaller blocks"),
        ([576, 1536], "q4_k_m", "q4_k_m: rows of 576 elements do not fit its blocks of 256, .* choose q8_0"),
    ],
)
def test_rows_that_fit_no_block_are_named_before_there_is_a_file(widths, kind, said):
    assert re.search(said, unfit_widths(widths, kind))
    assert unfit_widths([576, 1536], "q8_0") is None and unfit_widths([256], kind) is None


@pytest.mark.slow
def test_a_file_is_compared_within_the_window_that_llama_cpp_lacks(taught, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(taught)
    folder = tiny_base(tmp_path / "window", tokenizer, "Mistral", sliding_window=48, head_dim=16)
    checks = verify(convert(folder, tmp_path / "window-f16.gguf"), folder, [])
    passed = {check.name: check.passed for check in checks}
    assert passed["logits"] and passed["replies"]
    assert next(check.message for check in checks if check.name == "top-1").endswith("of 48 positions.")


def test_the_probe_asks_the_rows_with_the_shortest_replies(taught):
    long = [{"role": "user", "content": "Go on?"}, {"role": "assistant", "content": "And on. " * 400}]
    probe = make_probe(AutoTokenizer.from_pretrained(taught), [long, *ROWS])
    assert len(probe.prompts) == 4
    assert long[:-1] not in probe.conversations
    assert len(probe.sequence) == 384
    assert all(limit > 48 for limit in probe.reply_limits)
    assert len(probe.texts) == 200 + 1 + len(ROWS)


@pytest.mark.slow
def test_only_the_file_that_fails_is_withheld(taught, tmp_path, monkeypatch):
    from export import verify

    monkeypatch.setitem(verify.QUANT_KL_LIMITS, "q4_k_m", 0.0)
    order = {"publisher": "me", "model": "emerson", "quants": ["q4_k_m", "q8_0"], "rows": ROWS, "system_prompt": None}
    report = export_model(taught, tmp_path, **order)
    assert report.passed and report.withheld == ["emerson-q4_k_m.gguf"]
    assert [file.name for file in report.folder.glob("*.gguf")] == ["emerson-q8_0.gguf"]
    assert (report.folder / "Modelfile").read_text().startswith("FROM ./emerson-q8_0.gguf\n")
    failed = tmp_path / "me" / "emerson.failed"
    assert [file.name for file in failed.glob("*.gguf")] == ["emerson-q4_k_m.gguf"]
    assert "**Not for use" in (failed / "README.md").read_text()
    monkeypatch.undo()
    assert export_model(taught, tmp_path, **order).withheld == [] and not failed.exists()
