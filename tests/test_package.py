"""What people install: a wheel that holds all it needs, in an environment of its own, outside any checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import likeness
from likeness import entry

ROOT = Path(__file__).parents[1]


def test_importing_likeness_loads_nothing_heavy():
    code = (
        "import sys, likeness; print(likeness.__version__, likeness.build.__name__, likeness.train.__name__,"
        " likeness.export.__name__, bool({'torch', 'pydantic', 'numpy', 'datasets'} & sys.modules.keys()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said.split() == [likeness.__version__, "build", "train", "export", "False"]


def test_a_package_name_that_another_distribution_took_is_named(tmp_path, monkeypatch):
    assert entry.taken_name() is None
    taken = tmp_path / "export"
    taken.mkdir()
    (taken / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "shipper-1.0.dist-info").mkdir()
    (tmp_path / "shipper-1.0.dist-info/METADATA").write_text("Name: shipper\nVersion: 1.0\n", encoding="utf-8")
    (tmp_path / "shipper-1.0.dist-info/top_level.txt").write_text("export\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name == "export" or name.startswith("export.")]:
        monkeypatch.delitem(sys.modules, name)
    problem = entry.taken_name()
    assert problem is not None
    assert "`export` is not likeness's own" in problem
    assert "shipper" in problem
    monkeypatch.setattr(sys, "argv", ["curate", "--version"])
    with pytest.raises(SystemExit) as leaving:
        entry.curate()
    assert leaving.value.code == 3


def test_a_stranger_that_overwrote_likeness_itself_is_named(monkeypatch):
    monkeypatch.delattr(likeness, "__version__")
    assert "the package `likeness` is not likeness's own" in str(entry.taken_name())


def test_ci_runs_on_every_python_that_the_package_names():
    import tomllib

    from ruamel.yaml import YAML

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [
        each.rpartition(" ")[2] for each in project["classifiers"] if each.startswith("Programming Language :: Python :: 3.")
    ]
    job = YAML(typ="safe").load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["test"]
    assert named == job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert any(".ci/run" in step.get("run", "") for step in job["steps"])


@pytest.mark.slow
def test_the_wheel_builds_in_an_environment_of_its_own(tmp_path):
    def run(*command: object, cwd: Path = tmp_path) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run(sys.executable, "-m", "build", "--outdir", tmp_path / "dist", ROOT, cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    assert sdist.stat().st_size < 30e6
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if "dist-info" not in name}
    assert tops == {"likeness", "curate", "train", "export"}
    assert {f"{top}/py.typed" for top in tops} | {"likeness/recipes/starter/recipe.yaml"} <= set(names)
    assert wheel.stat().st_size < 5e6

    run(sys.executable, "-m", "venv", tmp_path / "fresh")
    python = tmp_path / "fresh/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel)
    curate = tmp_path / "fresh/bin/curate"
    assert run(curate, "--version") == f"likeness {likeness.__version__}\n"
    assert "voice/smollm2" in run(curate, "init", "--list")
    run(curate, "init", "kitchen")
    assert "passages" in run(curate, "plan", "kitchen/recipe.yaml")
    assert "Dataset 001-" in run(curate, "build", "kitchen/recipe.yaml")
    assert run(python, "-c", "import likeness; print(likeness.__version__)").strip() == likeness.__version__
