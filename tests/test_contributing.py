"""CONTRIBUTING's walks are followed to the letter, on a copy of the packages."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def files_after(heading: str) -> dict[str, str]:
    """The files that a section of CONTRIBUTING shows, by path."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    paths = re.findall(r"`((?:curate|likeness|export)/\S+?)`:?\n\n?```", section)
    return dict(zip(paths, re.findall(r"^```\w+\n(.*?)^```", section, re.MULTILINE | re.DOTALL), strict=True))


@pytest.fixture
def copy(tmp_path):
    """A copy of the packages, and a function that runs a command of it."""
    for package in ("likeness", "curate", "train", "export", "recipes", "docs"):
        shutil.copytree(ROOT / package, tmp_path / "copy" / package, ignore=shutil.ignore_patterns("__pycache__", "build"))
    shutil.copytree(ROOT / "tests/curate/planted", tmp_path / "copy/tests/curate/planted")

    def run(*arguments: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from curate.cli import main; main()", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path / "copy")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    return run


NAMES = """
import json, runpy
from pathlib import Path
import curate
from curate.review.page import settings_of
from likeness.recipe.load import load_recipe

made = runpy.run_path(Path(curate.__file__).parents[1] / "docs/generate.py")
filters = settings_of(load_recipe(Path("kitchen/recipe.yaml")))["floats"]
print(json.dumps({"filters": filters, "table": made["checks_page"](), "pages": made["check_pages"]()}))
"""
"""What the review page and the docs call the checks."""


@pytest.mark.slow
def test_a_new_check_is_run_and_counted_and_needs_no_other_file(copy, tmp_path):
    files = files_after("Adding a check")
    assert len(files) == 2
    for path, code in files.items():
        (tmp_path / "copy" / path).write_text(code, encoding="utf-8")
    copy("init", "kitchen")
    recording = next((tmp_path / "kitchen/recorded").glob("*.jsonl"))
    rows = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()]
    first = next(row for row in rows if row["kind"] == "question_answer")
    half = len(first["response"]) // 2
    first["response"] = (
        first["response"][:half].upper() + first["response"][half:]
    )  # more than the recipe allows, not the default
    recording.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    recipe = tmp_path / "kitchen/recipe.yaml"
    said = recipe.read_text(encoding="utf-8")
    recipe.write_text(said + "screen: {shoutin: {share: 0.3}}\n", encoding="utf-8")
    assert "screen.shoutin: unknown key; did you mean `shouting`?" in copy("plan", recipe, code=2)
    recipe.write_text(said + "screen: {shouting: {share: 0.3}}\n", encoding="utf-8")
    built = json.loads(copy("build", recipe, "--json"))
    reasons = next(stage["reasons"] for stage in built["stages"] if stage["name"] == "screen")
    assert reasons["in capitals"] == 1
    report = (tmp_path / "kitchen/build/kitchen/report/index.html").read_text(encoding="utf-8")
    assert "the answer is in capitals" in report
    done = subprocess.run(
        [sys.executable, "-P", "-c", NAMES],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "copy")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    named = json.loads(done.stdout)
    assert "score_shouting" in named["filters"]
    assert "| [shouting](checks/shouting.md) | Answers in capitals from end to end. | each pair |" in named["table"]
    assert "| `capitals` | in capitals |" in named["pages"]["checks/shouting.md"]
    assert "I SAID NO" in named["pages"]["checks/shouting.md"]
    assert "`screen.shouting.share` (0.8 by default): An answer is dropped" in named["pages"]["checks/shouting.md"]
    assert "How many capitals an answer may have." in copy("schema")


PROVE = """
import json, sys
from pathlib import Path
from export.gguf.convert import convert
from export.gguf.unpack import unpack
from export.verify import verify

model, out = map(Path, sys.argv[1:])
rows = [[{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "One who walks in the morning."}]]
checks = verify(convert(model, out), model, rows)
print(json.dumps({check.name: check.passed for check in checks if check.severity == "gate"}))
unpack(out, out.with_suffix(""))
"""


def test_a_new_gguf_family_is_exported_and_needs_no_other_file(copy, tmp_path, tokenizers):
    """A tiny random Granite: refused before the file is there, then computed by llama.cpp as transformers computes it."""
    import torch
    from transformers import GraniteConfig, GraniteForCausalLM

    from tests.export.tiny_models import random_weights, save, settings

    torch.manual_seed(0)
    scales = {"attention_multiplier": 0.2, "embedding_multiplier": 3.0, "residual_multiplier": 0.5, "logits_scaling": 2.0}
    config = GraniteConfig(**settings(tokenizers["llama-bpe"], **scales))
    model = save(tmp_path / "granite", random_weights(GraniteForCausalLM(config)), tokenizers["llama-bpe"])

    def prove() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-c", PROVE, model, tmp_path / "model.gguf"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path / "copy")},
            capture_output=True,
            text=True,
        )

    assert "GraniteForCausalLM is an architecture that this exporter does not cover" in prove().stderr
    ((path, code),) = files_after("Adding a GGUF family").items()
    (tmp_path / "copy" / path).write_text(code, encoding="utf-8")
    done = prove()
    assert done.returncode == 0, done.stderr
    gates = json.loads(done.stdout.splitlines()[-1])
    assert {"loads", "tokens", "logits", "weights"} <= gates.keys()
    assert all(gates.values()), gates
    unpacked = json.loads((tmp_path / "model/config.json").read_text(encoding="utf-8"))
    assert {key: unpacked[key] for key in scales} == pytest.approx(scales)
    (tmp_path / "copy" / path).write_text(code.replace("    writer.add_residual_scale", "    # writer.add_residual_scale"))
    shutil.rmtree(tmp_path / "model")
    assert not json.loads(prove().stdout.splitlines()[-1])["logits"], "a key that is missing is noticed"


@pytest.mark.slow
def test_a_new_kind_is_asked_for_and_needs_no_other_file(copy, tmp_path):
    ((path, text),) = files_after("Adding a kind of pair").items()
    (tmp_path / "copy" / path).write_text(text, encoding="utf-8")
    copy("init", "kitchen")
    recipe = tmp_path / "kitchen/recipe.yaml"
    said = recipe.read_text(encoding="utf-8")
    recipe.write_text(
        re.sub(r"^  kinds:.*\n", "  kinds:\n    - {kind: letter, per_passage: 1}\n", said, flags=re.MULTILINE), encoding="utf-8"
    )
    planned = json.loads(copy("plan", "kitchen/recipe.yaml", "--json"))
    assert next(kind for kind in planned["kinds"] if kind["kind"] == "letter")["words"] == [80, 300]
    assert '"letter"' in copy("schema")
