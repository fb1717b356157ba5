"""Real runs of the tiny model: what they are asked, measured and compared by, and what a missed gate leaves."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likeness.metrics.style import stretches_of
from tests.make import BIN, House, make_house, put_rows
from tests.train.test_probes import KEEPER
from train.evaluate.answers import read_answers
from train.order import RowOrder

pytestmark = pytest.mark.slow

CONTROL = """
questions:
  - {id: rice, about: voice, question: "What should I do with burnt rice?"}
  - {id: salt, about: voice, question: "How much salt belongs in a soup?"}
  - {id: guests, about: voice, question: "How do I cook for guests who come late?"}
  - {id: stove, about: decision, question: "Gas or wood for a small kitchen?", choices: [gas, wood], choice: wood, retest: wood}
  - {id: knives, about: facts, question: "How many knives do you own?", answer: "Three knives."}
  - {id: copper, about: unknown, question: "What is the copper rule of soups?"}
  - {id: france, about: general, question: "What is the capital of France?"}
"""
LEARNT_BY_HEART = """
train: {sft: {epochs: 80, batch_size: 1, learning_rate: 3.0e-3, patience: 99}, lora: {r: 64, alpha: 128}}
split: {validation: 0}
export: {knowledge: true}
evaluate: {samples: 0, strengths: [0.5], gates: {}}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> tuple[House, dict[str, Any], dict[str, Any]]:
    """A quick run, and one that learnt its rows by heart and has passages and gates."""
    house = make_house(tmp_path_factory.mktemp("house"))
    (house.folder / "kitchen/control.yaml").write_text(CONTROL, encoding="utf-8")
    house.call("curate", "build", house.recipe)
    quick = house.json("train", "run", house.recipe)
    recipe = house.write("kitchen-heart", LEARNT_BY_HEART)
    house.call("curate", "build", recipe)
    return house, quick, house.json("train", "run", recipe, code=1)


def probes(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = json.loads((Path(said["run"]) / "probes.json").read_text(encoding="utf-8"))
    return {probe["name"]: probe for probe in found["probes"]}


def test_every_probe_is_made_or_says_why_not(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    found = probes(runs[1])
    names = {
        "likeness",
        "unknown",
        "known",
        "facts",
        "decision",
        "echo",
        "memorised",
        "learnt",
        "forgetting",
        "shape",
        "degenerate",
    }
    assert set(found) == names
    for probe in found.values():
        assert bool(probe["skipped"]) != bool(probe["finding"]), probe
        if probe["tuned"]:
            assert probe["tuned"]["low"] <= probe["tuned"]["value"] <= probe["tuned"]["high"]
            assert probe["base"], probe
    assert found["likeness"]["skipped"].startswith("the author's own text has"), "the starter's kitchen is too short"
    assert found["decision"]["details"]["retest"] == 1.0 and found["decision"]["details"]["own"] is not None
    assert 0.2 < found["forgetting"]["base"]["value"] <= 1.0, "a small model is not at 0"


def test_what_was_learnt_by_heart_is_found_and_the_quick_run_is_quiet(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    _, quick, heart = runs
    assert not probes(quick)["memorised"]["alarm"] and probes(quick)["memorised"]["details"]["by_heart"] == 0
    found = probes(heart)["memorised"]
    assert found["alarm"] and found["details"]["by_heart"] > 0.4 and found["details"]["by_heart_base"] == 0, found["finding"]
    assert all(row["id"] for case in found["cases"] for row in case["rows"])
    assert probes(heart)["forgetting"]["alarm"] and not probes(quick)["forgetting"]["alarm"]


def test_rows_that_cannot_be_learnt_are_named_and_those_known_by_heart(
    runs: tuple[House, dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    first, quick, heart = runs
    assert probes(quick)["learnt"]["details"]["by_heart"] == 0, "one pass over seven rows"
    known = probes(heart)["learnt"]
    assert known["alarm"] and known["details"]["by_heart"] > 0.5, known["finding"]
    shutil.copytree(first.folder, tmp_path / "house", ignore=shutil.ignore_patterns("runs"))
    house = House(tmp_path / "house")
    datasets = house.folder / "kitchen/build/kitchen/dataset"
    file = datasets / (datasets / "latest").read_text().strip() / "sft/train.parquet"
    like = pq.read_table(file).to_pylist()[0]
    texts = [piece[:300] for text in KEEPER for piece in stretches_of(text)][:64]
    draw = random.Random(3)
    planted = {f"row-{number}" for number in range(0, 64, 8)}
    rows = []
    for number, text in enumerate(texts):
        identifier = f"row-{number}"
        if identifier in planted:  # whatever comes before, nothing follows from it
            text = " ".join("".join(draw.sample(word, len(word))) for word in draw.sample(text.split(), 30))
        asked = [*like["prompt"][:-1], {"role": "user", "content": f"What of matter {number}?"}]
        rows.append(like | {"id": identifier, "prompt": asked, "completion": [{"role": "assistant", "content": text}]})
    put_rows(pa.Table.from_pylist(rows, schema=pq.read_schema(file)), file)
    said = house.json("train", "run", house.recipe, "--set", "train.sft.epochs=6")
    found = probes(said)["learnt"]
    cases = {case["question"] for case in found["cases"] if case["why"].startswith("not learnt")}
    assert len(cases) == 6 and cases <= planted, found["finding"]
    assert not probes(heart)["learnt"]["details"]["untouched"]
    traced = house.json("train", "trace", said["run"], "--probe", "learnt")["probes"][0]
    assert any("curate review apply" in command for command in traced["commands"])


def test_a_missed_gate_leaves_with_1_and_keeps_the_run(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    house, _, heart = runs
    assert heart["verdict"] == "failed" and any(reason.startswith("gate ") for reason in heart["reasons"])
    assert all(Path(file).is_file() for file in heart["gguf"]) and Path(heart["merged"]).is_dir()
    assert {gate["name"] for gate in heart["metrics"]["gates"]} >= {"general_drop", "longest_run", "invented_declined"}
    again = house.json("train", "run", "kitchen-heart.yaml", code=1)
    assert again["unchanged"] and again["run"] == heart["run"]


def test_other_thresholds_judge_again_and_train_nothing(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    house, _, heart = runs
    adapter = Path(heart["adapter"], "adapter_model.safetensors")
    before = adapter.stat().st_mtime_ns
    path = house.folder / "kitchen-heart.yaml"
    text = path.read_text(encoding="utf-8")
    lenient = "gates: {invented_declined: 0, known_declined: 1, general_drop: 1, longest_run: 5000}"
    path.write_text(text.replace("gates: {}", lenient), encoding="utf-8")
    said = house.json("train", "run", "kitchen-heart.yaml")
    assert said["run"] == heart["run"] and said["verdict"] != "failed" and adapter.stat().st_mtime_ns == before
    path.write_text(text, encoding="utf-8")
    assert house.json("train", "run", "kitchen-heart.yaml", code=1)["verdict"] == "failed"


def test_with_passages_all_eight_cells_are_asked_and_four_of_the_file(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    _, quick, heart = runs
    cells = {answer.cell for answer in read_answers(Path(heart["run"], "answers.parquet"))}
    assert len([cell for cell in cells if cell.engine == "model"]) == 8 and len(cells) == 12
    looked = [answer for answer in read_answers(Path(heart["run"], "answers.parquet")) if answer.retrieval]
    assert any(answer.passages for answer in looked)
    assert not any(answer.retrieval for answer in read_answers(Path(quick["run"], "answers.parquet")))
    assert "export.knowledge" in next(step["summary"] for step in quick["steps"] if step["name"] == "answer")


def test_passages_are_shipped_with_the_model_and_the_chat_looks_in_them(
    runs: tuple[House, dict[str, Any], dict[str, Any]],
) -> None:
    house, quick, heart = runs
    folder = Path(heart["gguf"][0]).parent / "knowledge"
    assert (folder / "knowledge.db").is_file() and list(folder.glob("*.md"))
    assert not (Path(quick["gguf"][0]).parent / "knowledge").exists()
    asked = ["-q", "How do you sharpen a knife for onions?", "--temperature", "0"]
    with_passages = house.json("train", "chat", heart["run"], *asked)
    without = house.json("train", "chat", heart["run"], *asked, "--no-knowledge")
    assert with_passages["passages"] and not without["passages"] and with_passages["question"] == without["question"]
    assert house.json("train", "chat", quick["run"], *asked)["passages"] == []


def test_the_dial_measures_each_strength(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    _, quick, heart = runs
    assert quick["metrics"]["dial"] is None, "its recipe asks for none"
    weak, full = heart["metrics"]["dial"]["notches"]
    assert (weak["strength"], full["strength"]) == (0.5, 1.0) and weak["loss_change"] < full["loss_change"]


@pytest.fixture(scope="module")
def merged(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> tuple[House, dict[str, Any]]:
    """A run whose best strength is merged."""
    house, _, _ = runs
    recipe = house.write(
        "kitchen-merged", LEARNT_BY_HEART.replace("strengths: [0.5], gates: {}", "strengths: [0.02, 0.1], merge_best: true")
    )
    house.call("curate", "build", recipe)
    said = house.json("train", "run", recipe)
    return house, said | {"sums": file_sums(said), "alpha": alpha_of(said)}


def alpha_of(said: dict[str, Any]) -> float:
    return float(json.loads(Path(said["adapter"], "adapter_config.json").read_text(encoding="utf-8"))["lora_alpha"])


def file_sums(said: dict[str, Any]) -> str:
    return Path(said["gguf"][0]).with_name("SHA256SUMS").read_text(encoding="utf-8")


def test_the_best_strength_is_merged_when_the_recipe_says_so(
    runs: tuple[House, dict[str, Any], dict[str, Any]], merged: tuple[House, dict[str, Any]]
) -> None:
    (_, _, heart), (_, said) = runs, merged
    dial = said["metrics"]["dial"]
    assert dial["best"] < 1 and dial["alpha"] == said["alpha"] == pytest.approx(128 * dial["best"])
    assert probes(said)["forgetting"]["details"]["loss_tuned"] < probes(heart)["forgetting"]["details"]["loss_tuned"]


def test_other_strengths_are_measured_on_the_adapter_as_trained(merged: tuple[House, dict[str, Any]]) -> None:
    house, before = merged
    path = house.folder / "kitchen-merged.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("strengths: [0.02, 0.1]", "strengths: [0.05]"), encoding="utf-8")
    said = house.json("train", "run", "kitchen-merged.yaml")
    assert said["run"] == before["run"]
    losses = {notch["strength"]: notch["loss_change"] for each in (before, said) for notch in each["metrics"]["dial"]["notches"]}
    assert losses[0.02] < losses[0.05] < losses[0.1]
    best = said["metrics"]["dial"]["best"]
    assert best == 0.05 and said["metrics"]["dial"]["alpha"] == alpha_of(said) == pytest.approx(128 * 0.05)
    assert file_sums(said) != before["sums"], "the file is at the new strength"

    path.write_text(text.replace("strengths: [0.02, 0.1]", "strengths: []"), encoding="utf-8")
    as_trained = house.json("train", "run", "kitchen-merged.yaml")
    assert as_trained["metrics"]["dial"] is None and alpha_of(as_trained) == 128
    loss = probes(as_trained)["forgetting"]["details"]["loss_change"][0]
    assert loss == pytest.approx(losses[1.0], abs=1e-3), "the answers and probes are of the adapter as trained"


def test_runs_are_compared_in_the_terminal_as_json_and_on_a_page(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    house, quick, heart = runs
    both = [quick["run"], heart["run"]]
    said = house.json("train", "compare", *both)
    assert said["same_questions"] and said["runs"] == [Path(run).name for run in both]
    assert said["moved"]["forgetting"] in ("worse", "same") and said["differences"]["train.sft.epochs"] == ["2", "80"]
    shown = house.call("train", "compare", *both).stdout
    assert "What differs:" in shown and "train.sft.epochs: 2 -> 80" in shown and "Ship of" in shown
    page = Path(said["page"]).read_text(encoding="utf-8")
    assert "http://" not in page and "https://" not in page and "<script" not in page, "self-contained"
    assert page.count("What should I do with burnt rice?") == 1 and "Layers of" in page and 'name="viewport"' in page
    alone = house.json("train", "compare", house.recipe)
    assert alone["runs"] == [Path(quick["run"]).name]
    assert house.json("train", "compare", str(Path(house.recipe).parent))["runs"] == alone["runs"], "its folder names a recipe"


def test_the_blind_test_goes_out_and_comes_back(runs: tuple[House, dict[str, Any], dict[str, Any]], tmp_path: Path) -> None:
    house, _, heart = runs
    page = Path(house.json("train", "blind", heart["run"])["page"])
    key = json.loads(page.with_name("key.json").read_text(encoding="utf-8"))
    html = page.read_text(encoding="utf-8")
    assert key["test"] in html and "tuned" not in html and "prompted" not in html and "http" not in html
    results = []
    for person, wanted in (("Ann", "tuned"), ("Bo", "tuned"), ("Cy", "prompted")):
        file = tmp_path / f"{person}.json"
        choices = {item: "ABC"[sides.index(wanted)] for item, sides in key["sides"].items()}
        file.write_text(json.dumps({"test": key["test"], "person": person, "choices": choices}), encoding="utf-8")
        results += ["--results", str(file)]
    said = house.json("train", "blind", heart["run"], *results)
    assert (
        said["people"] == 3
        and said["votes"] == 3 * len(key["sides"])
        and said["tuned_over_prompted"]["value"] == pytest.approx(2 / 3, abs=1e-3)
    )
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"test": "x", "person": "Di", "choices": {}}), encoding="utf-8")
    assert "another blind test" in house.call("train", "blind", heart["run"], "--results", str(other), code=2).stderr
    other.write_text("[]", encoding="utf-8")
    assert "no result file" in house.call("train", "blind", heart["run"], "--results", str(other), code=2).stderr


def test_a_bad_answer_leads_to_its_rows_and_to_commands_that_exist(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    house, _, heart = runs
    found = house.json("train", "trace", heart["run"])["probes"]
    memorised = next(each for each in found if each["probe"] == "memorised")
    assert memorised["rows"] and memorised["fix"]
    command = next(each for each in memorised["commands"] if each.startswith("curate show"))
    _, _, row, *_ = command.split()
    assert row in house.call("curate", "show", row, "--recipe", "kitchen-heart.yaml").stdout
    shown = house.call("train", "trace", heart["run"], "--probe", "memorised").stdout
    assert row in shown and "  $ curate show" in shown


def test_a_run_killed_while_it_asks_goes_on_with_what_it_has(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    house, _, _ = runs
    recipe = house.write("kitchen-asked", "evaluate: {samples: 4, strengths: []}\n")
    house.call("curate", "build", recipe)
    process = subprocess.Popen(
        [BIN / "train", "run", recipe], cwd=house.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    folder = house.folder / "build/kitchen-asked/runs"
    deadline = time.monotonic() + 300
    while not (held := [line for file in folder.glob("*/answers.jsonl") for line in file.read_text().splitlines()]):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    said = house.json("train", "run", recipe)
    answers = read_answers(Path(said["run"], "answers.parquet"))
    keys = [answer.key for answer in answers]
    assert len(keys) == len(set(keys)) == 7 * 6 * 5, "each asked once"
    first = json.loads(held[0])
    assert (answers[0].id, answers[0].answer) == (first["id"], first["answer"]), "what was there is kept"


def test_what_the_base_does_not_know_is_learnt_first(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    house, quick, _ = runs
    said = house.json("train", "run", house.recipe, "--set", "train.sft.known_last=true")
    asked = house.json("train", "triage", house.recipe)
    assert said["metrics"]["triage"] == asked["counts"] and asked["counts"]["unknown"]
    assert "triage" not in quick["metrics"]
    losses = [(Path(run["run"]) / "metrics.jsonl").read_text().splitlines()[0] for run in (said, quick)]
    assert losses[0] != losses[1], "the first steps see other rows"

    order = RowOrder([7] * 10, 4, 17, frozenset({6, 2, 9}))
    assert set(order.of(0)[:3]) == set(order.of(1)[:3]) == {6, 2, 9}
    others = [row for row in RowOrder([7] * 10, 4, 17).of(0) if row not in order.first]
    assert order.of(0)[3:] == others, "the others keep their order"


def test_triage_tells_what_the_base_does_not_know_and_can_gate(runs: tuple[House, dict[str, Any], dict[str, Any]]) -> None:
    house, _, _ = runs
    said = house.json("train", "triage", house.recipe)
    assert said["rows"] == 7 and sum(said["counts"].values()) == len(said["claims"]) > 0
    assert said["counts"]["unknown"] > 0, "nobody taught the tiny model this kitchen"
    assert house.json("train", "triage", house.recipe, "--most-unknown", "0.01", code=1) == said, "asked once"
    assert "unknown (" in house.call("train", "triage", house.recipe, "--most-unknown", "1").stdout
