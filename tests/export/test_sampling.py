"""How answers are drawn travels with the model: generation_config.json, the GGUF file, the Modelfile, the README."""

from __future__ import annotations

import json

import pytest

from export.bundle import Card, ExportReport, modelfile, readme
from export.gguf.convert import convert
from export.gguf.quantize import quantize
from export.gguf.read import GgufFile
from export.sampling import FILE, Sampling, read_sampling

DRAWN = Sampling(0.7, 0.05, 1.1)


def test_a_folder_carries_them_beside_what_stands_there(tmp_path):
    (tmp_path / FILE).write_text('{"eos_token_id": [2, 7], "top_k": 20, "top_p": 0.8, "temperature": 0.6}')
    DRAWN.write(tmp_path)
    written = json.loads((tmp_path / FILE).read_text())
    assert written["eos_token_id"] == [2, 7]
    assert (written["do_sample"], written["temperature"], written["min_p"], written["repetition_penalty"]) == (
        True,
        0.7,
        0.05,
        1.1,
    )
    assert (written["top_k"], written["top_p"]) == (0, 1.0)  # apps would put their own in place of what is not there
    assert read_sampling(tmp_path) == DRAWN


def test_greedy_answers_have_no_temperature(tmp_path):
    Sampling(0.0, 0.0, 1.0).write(tmp_path)
    assert json.loads((tmp_path / FILE).read_text()) == {"do_sample": False, "repetition_penalty": 1.0}
    assert read_sampling(tmp_path) == Sampling(0.0, 0.0, 1.0)


def test_a_folder_that_says_nothing_has_none(tmp_path):
    assert read_sampling(tmp_path) is None
    (tmp_path / FILE).write_text('{"eos_token_id": 2}')
    assert read_sampling(tmp_path) is None


def test_modelfile_and_readme_say_them(tmp_path):
    card = Card("me", "keeper", "a base", "You keep a lock.", "<|im_end|>", DRAWN)
    lines = modelfile(card, [tmp_path / "keeper-q8_0.gguf"]).splitlines()
    assert lines[:2] == ["FROM ./keeper-q8_0.gguf", 'PARAMETER stop "<|im_end|>"']
    assert {"PARAMETER temperature 0.7", "PARAMETER min_p 0.05", "PARAMETER repeat_penalty 1.1"} <= set(lines)
    text = readme(card, [], ExportReport(tmp_path, [], [], True, [], []))
    assert "temperature 0.7, min-p 0.05, repetition penalty 1.1" in text


@pytest.mark.slow
def test_the_gguf_file_and_what_is_made_of_it_carry_them(taught, tmp_path):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(taught, folder)
    DRAWN.write(folder)
    full = convert(folder, tmp_path / "m.gguf")
    for file in (full, quantize(full, tmp_path / "q.gguf", "q8_0")):
        keys = GgufFile(file).keys
        found = [keys[f"general.sampling.{name}"] for name in ("temp", "min_p", "penalty_repeat", "top_k", "top_p")]
        assert found == pytest.approx([0.7, 0.05, 1.1, 0, 1.0])
