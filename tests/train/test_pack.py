"""A run carried to another machine and back, in two sealed files."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from likeness.errors import CallError
from likeness.progress import Silent
from tests.make import House, call, json_of
from train.cli import run
from train.pack import Packed, _seal, run_packed

pytestmark = pytest.mark.slow

Trained = tuple[House, dict[str, Any]]


@pytest.fixture(scope="module")
def carried(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Path, Path, dict[str, Any]]:
    """A house without runs, the file that it packed, and what a box made of it."""
    house, _ = trained
    home = House(tmp_path_factory.mktemp("home"))
    shutil.copytree(house.folder, home.folder, dirs_exist_ok=True)
    shutil.rmtree(home.folder / "kitchen/build/kitchen/runs")
    packed = home.json("train", "pack", home.recipe)
    box = tmp_path_factory.mktemp("box")
    file = shutil.copy(home.folder / packed["file"], box)
    made = json_of(call("train", box, "run", Path(file).name, "--json"))
    return home, home.folder / packed["file"], box, made


def test_a_packed_file_holds_rows_and_no_documents_or_keys(carried: tuple[House, Path, Path, dict[str, Any]]) -> None:
    home, file, _, _ = carried
    with zipfile.ZipFile(file) as sealed:
        names = sealed.namelist()
        recipe = sealed.read("recipe.yaml").decode()
        seal = json.loads(sealed.read("seal.json"))
    assert any(name.endswith("sft/train.parquet") for name in names) and "seal.json" in names
    assert not [name for name in names if "ledger" in name or "documents" in name or "formats" in name]
    with zipfile.ZipFile(file) as sealed:
        manifest = json.loads(sealed.read(next(name for name in names if name.endswith("manifest.json"))))
    assert {*manifest} == {"version", "fingerprint", "created_at", "counts", "control"}
    assert "api_key" not in recipe and "sources" in recipe and str(home.folder) not in recipe
    assert {*seal["sums"]} == {*names} - {"seal.json"}
    assert seal["base"]["name"] == "builtin:tiny" and seal["forecast"]["steps"] > 0 and "torch" in seal["versions"]


def test_the_box_keeps_nothing_but_the_two_files(carried: tuple[House, Path, Path, dict[str, Any]]) -> None:
    _, file, box, made = carried
    result = Path(made["file"]).name
    assert sorted(path.name for path in box.iterdir()) == sorted([file.name, result])
    assert json_of(call("train", box, "run", file.name, "--json")) == made  # nothing is done twice
    with zipfile.ZipFile(box / result) as sealed:
        texts = [sealed.read(name) for name in sealed.namelist() if name.endswith((".html", ".json", ".jsonl", ".yaml", ".md"))]
    assert len(texts) > 5 and not any(str(box).encode() in text for text in texts), "no place of the box comes home"
    assert made["verdict"] in ("passed", "doubtful", "failed") and made["holds"] == "result"


def test_a_run_that_came_home_is_one_of_the_recipes_runs(carried: tuple[House, Path, Path, dict[str, Any]]) -> None:
    home, _, box, made = carried
    result = str(box / Path(made["file"]).name)
    run = Path(home.json("train", "unpack", result, home.recipe)["run"])
    assert home.json("train", "unpack", result, home.recipe)["run"] == str(run)  # again: nothing is done twice
    again = home.json("train", "run", home.recipe)
    assert again["unchanged"] and Path(again["run"]).name == run.name
    assert home.json("train", "chat", run.name, "-q", "What is salt?")["answer"].strip()


def test_a_sealed_file_that_was_changed_is_refused(carried: tuple[House, Path, Path, dict[str, Any]], tmp_path: Path) -> None:
    home, file, *_ = carried
    changed, outside = tmp_path / "changed.pack", tmp_path / "outside.pack"
    with zipfile.ZipFile(file) as sealed:
        inside = {name: sealed.read(name) for name in sealed.namelist()}
    for path, name, data in ((changed, "recipe.yaml", b"name: x\n"), (outside, "../../evil", b"x")):
        with zipfile.ZipFile(path, "w") as sealed:
            seal = json.loads(inside["seal.json"])
            seal["sums"] |= {} if name in inside else {name: "0" * 64}
            for each, text in (inside | {"seal.json": json.dumps(seal).encode(), name: data}).items():
                sealed.writestr(each, text)
    assert "was changed: recipe.yaml" in call("train", tmp_path, "run", "changed.pack", code=2).stderr
    assert "names a file outside itself" in call("train", tmp_path, "run", "outside.pack", code=2).stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".pack") == []
    (tmp_path / "empty.pack").write_bytes(b"")
    assert "this is not a file of `train pack`" in call("train", tmp_path, "run", "empty.pack", code=2).stderr
    assert "there is no such file" in call("train", tmp_path, "run", "none.pack", code=2).stderr
    assert "this is not the result" in home.call("train", "unpack", str(file), home.recipe, code=2).stderr


def test_rows_that_were_flagged_as_private_are_packed_for_nobody(trained: Trained, tmp_path: Path) -> None:
    house, _ = trained
    home = House(tmp_path)
    shutil.copytree(house.folder, home.folder, dirs_exist_ok=True)
    datasets = home.folder / "kitchen/build/kitchen/dataset"
    manifest = datasets / (datasets / "latest").read_text(encoding="utf-8").strip() / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    assert "private" not in facts
    manifest.write_text(json.dumps(facts | {"private": ["essay-1"]}), encoding="utf-8")
    said = home.call("train", "pack", home.recipe, code=1).stderr
    assert "1 of its rows were flagged as private" in said and "redact" in said


def test_a_file_that_was_cut_short_is_named_so(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.pack", tmp_path / "half.pack"
    _seal(whole, {"holds": "run"}, {}, {"recipe.yaml": "name: village\n" * 100})
    half.write_bytes(whole.read_bytes()[:600])
    with pytest.raises(CallError, match="is cut short"):
        run_packed(half, Silent())
    half.write_bytes(b"name: village\n" * 100)
    with pytest.raises(CallError, match="not a file of `train pack`"):
        run_packed(half, Silent())


def test_a_packed_run_says_why_it_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"run": "001-made", "dataset": "001-data", "verdict": "doubtful", "reasons": ["the loss hardly fell"]}
    monkeypatch.setattr("train.pack.run_packed", lambda *_: Packed(tmp_path / "village.result", facts))
    run(tmp_path / "village.pack")
    assert "doubtful\n  the loss hardly fell\n" in capsys.readouterr().out


def test_a_base_of_this_machine_does_not_travel(trained: Trained) -> None:
    house, _ = trained
    (house.folder / "base").mkdir(exist_ok=True)
    recipe = house.write("away", "train:\n  base_model: ./base\n")
    shutil.copytree(next(house.folder.rglob("dataset")), house.folder / "build/away/dataset")
    assert "does not travel" in house.call("train", "pack", recipe, code=2).stderr
