"""No code of the folder that a command is called in is run, whatever its files are called."""

import json

import pytest

from curate.review.local import environment
from tests.make import make_house

COLD = {"PYTHONNOUSERSITE": "1"}
"""With this the program is started by itself, and imports all it needs from here."""
NAMES = ("export", "curate", "train", "likeness", "recipes", "numpy", "llama_cpp", "queue", "torch", "json", "gguf")
TRAP = 'raise SystemExit("code of the caller\'s folder was run")\n'


@pytest.mark.slow
def test_build_train_and_export_run_no_code_of_the_callers_folder(tmp_path, tiny):
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(TRAP, encoding="utf-8")
    house = make_house(tmp_path)
    house.call("curate", "build", house.recipe, **COLD)
    made = json.loads(house.call("train", "run", house.recipe, "--json", **COLD).stdout)
    assert made["verdict"] in ("passed", "doubtful")
    assert all((tmp_path / file).is_file() for file in made["gguf"])


@pytest.mark.slow
def test_an_environment_is_made_without_code_of_the_callers_folder(tmp_path, monkeypatch):
    for name in ("venv", "pip", "ensurepip"):
        (tmp_path / f"{name}.py").write_text(TRAP, encoding="utf-8")
    (tmp_path / "lock.txt").write_text("", encoding="utf-8")
    monkeypatch.setattr(environment, "LOCK", tmp_path / "lock.txt")
    monkeypatch.chdir(tmp_path)
    environment._make_environment(tmp_path / "made", None)
    assert (tmp_path / "made/bin/python").is_file()
