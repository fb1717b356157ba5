"""Which exported file keeps the voice."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from likeness.progress import Silent
from tests.make import House
from train.evaluate.engine import Gguf
from train.evaluate.probe import Score
from train.quants import Quant, Quants, Voice, measure_quants, within_noise

BEFORE = Voice(Score(60.0, 40.0, 80.0), Score(0.2, 0.05, 0.5), of=20)
OF_ONE = replace(BEFORE, invents=Score(0.0, 0.0, 0.8), of=1)


@pytest.mark.parametrize(
    ("voice", "before", "kl", "within"),
    [
        (
            Voice(Score(45.0, 20.0, 70.0), Score(0.4, 0.2, 0.7)),
            BEFORE,
            0.3,
            True,
        ),  # KL does not matter where the voice is measured
        (Voice(Score(95.0, 70.0, 120.0), Score(0.0, 0.0, 0.3)), BEFORE, 0.01, True),
        (Voice(Score(35.0, 10.0, 60.0), Score(0.2, 0.05, 0.5)), BEFORE, 0.01, False),
        (Voice(Score(60.0, 40.0, 80.0), Score(0.6, 0.3, 0.8)), BEFORE, 0.01, False),
        (OF_ONE, OF_ONE, 0.06, False),  # one question about an invented thing shows nothing: KL decides as well
        (OF_ONE, OF_ONE, 0.04, True),
        (Voice(None, None, "too short"), BEFORE, 0.01, False),  # it says nothing any more
        (Voice(None, None), Voice(None, None, "no profile"), 0.04, True),
        (Voice(None, None), Voice(None, None, "no profile"), 0.06, False),
    ],
)
def test_what_is_within_the_noise(voice: Voice, before: Voice, kl: float, within: bool) -> None:
    assert within_noise(voice, before, kl) is within


def test_the_table_names_what_fell_back_and_the_smallest() -> None:
    def quant(kind: str, megabytes: float, within: bool, fallback: str = "") -> Quant:
        return Quant(kind, f"me-{kind}.gguf", megabytes, 0.01, 0.95, BEFORE, within, {"Q8_0": 3}, fallback)

    rows = [
        quant("q8_0", 145.2, True),
        quant("q4_k_m", 105.0, True, "90 of 211 matrices are not q4_k_m"),
        quant("q3_k_m", 90, False),
    ]
    lines = Quants(BEFORE, rows, "q4_k_m").lines()
    assert "60 (40 to 80)" in lines[1] and "20% (5% to 50%)" in lines[1]
    assert lines[4].endswith("beyond the noise") and not lines[3].endswith("beyond the noise")
    assert lines[5] == "q4_k_m: 90 of 211 matrices are not q4_k_m"
    assert lines[6].startswith("Proposed: q4_k_m, the smallest")
    assert "Only 1 question about invented things" in Quants(OF_ONE, rows, "q4_k_m").lines()[-2]
    assert Quants(BEFORE, rows[2:], "").lines()[-1] == "No file is within the noise: export a larger type."


@pytest.mark.slow
def test_every_file_of_a_run_is_measured_once(
    trained: tuple[House, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = tmp_path / "kitchen"
    shutil.copytree(Path(trained[1]["run"]).parents[1], build)
    run = build / "runs" / Path(trained[1]["run"]).name
    made = json.loads(json.dumps(measure_quants(run, Silent()).as_dict()))
    (only,) = made["quants"]
    assert only["kind"] == "q8_0" and set(only["types"]) == {"Q8_0"} and only["fallback"] == ""
    assert only["kl"] < 0.02 and only["top1"] > 0.9 and only["within"] and made["proposed"] == "q8_0"
    assert made["before"]["likeness"] is None and "words" in made["before"]["why_not"]  # the starter's author wrote too little
    assert made["before"]["invents"]["value"] == only["voice"]["invents"]["value"]
    assert json.loads((run / "quants.json").read_text()) == made

    def refuse(*_: object) -> None:
        raise AssertionError("it is asked again")

    monkeypatch.setattr(Gguf, "reply", refuse)
    assert measure_quants(run, Silent()).proposed == "q8_0"
