"""A run's file inside the apps: the real llama.cpp server, and stand-ins of Ollama and LM Studio with a fault each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from export.bundle import SUMS, sums
from likeness.progress import Silent
from tests.apps import LmStudioStandin, OllamaStandin, running
from tests.make import House
from train.apps.verify import Addresses, verify_apps

pytestmark = pytest.mark.slow

Trained = tuple[House, dict[str, Any]]


@pytest.fixture
def run(trained: Trained, tmp_path: Path) -> Path:
    """A trained run, to write into."""
    folder = tmp_path / "runs" / "001-copy"
    shutil.copytree(trained[1]["run"], folder)
    return folder


def exported(run: Path) -> Path:
    (file,) = run.glob("export/*/*/*.gguf")
    return file


def verify(run: Path, passed: bool = True, **addresses: str) -> dict[str, Any]:
    (proof,) = verify_apps(run, None, Addresses(**addresses), None, Silent())
    assert proof.passed is passed
    return json.loads(json.dumps(proof.as_dict()))


def message(app: dict[str, Any], name: str) -> str:
    return next(str(check["message"]) for check in app["checks"] if check["name"] == name and not check["passed"])


def test_llama_cpps_own_server_answers_as_proven(trained: Trained, run: Path) -> None:
    (app,) = trained[0].json("train", "verify-app", str(run))["apps"]
    assert app["passed"] and app["faults"] == [] and "xllamacpp" in app["app"] and app["model"] == exported(run).name
    checks = {check["name"]: check for check in app["checks"]}
    assert {"rendered prompts", "prompt tokens", "replies"} == set(checks)
    assert checks["replies"]["value"] == checks["replies"]["limit"] >= 4  # the questions, and one after an answer
    folder = exported(run).parent
    assert json.loads((folder / "export-report.json").read_text())["apps"] == [app]
    assert "same prompts, same replies" in (folder / "README.md").read_text()
    assert (folder / SUMS).read_text() == sums(folder)
    verify(run)
    assert len(json.loads((folder / "export-report.json").read_text())["apps"]) == 1


OTHER_TEMPLATE_SERVER = """
import sys, xllamacpp
settings = xllamacpp.CommonParams()
settings.model.path, settings.n_ctx, settings.n_parallel, settings.port = sys.argv[1], 1024, 1, 0
settings.chat_template = "{% for message in messages %}### {{ message.role }}: {{ message.content }}\\n{% endfor %}### assistant:"
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


def test_a_llama_server_that_was_started_with_another_template_is_found(run: Path) -> None:
    command = [sys.executable, "-c", OTHER_TEMPLATE_SERVER, str(exported(run))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            app = verify(run, False, llama_server=server.stdout.readline().strip())
        finally:
            server.kill()
    assert app["faults"] == ["other template"]
    assert "### system" in message(app, "other template") and "without --chat-template" in message(app, "other template")
    assert "**not the same**: other template" in (exported(run).parent / "README.md").read_text()


@pytest.mark.parametrize(
    ("fault", "named", "cure"),
    [
        ("", "", ""),
        ("renderer", "renderer", "FROM ./kitchen-q8_0.gguf\nTEMPLATE"),
        ("system", "system prompt", 'SYSTEM """You keep a kitchen'),
        ("stop", "stop token lost", 'PARAMETER stop "<|im_end|>"'),
        ("bos", "BOS before the prompt", "TEMPLATE"),
    ],
)
def test_ollama(run: Path, fault: str, named: str, cure: str) -> None:
    file = exported(run)
    standin = OllamaStandin(file, (file.parent / "Modelfile").read_text(), fault)
    with running(standin) as url:
        app = verify(run, not fault, ollama=url)
    assert app["app"] == "Ollama 0.21.2" and app["faults"] == ([named] if fault else [])
    if fault:
        assert cure in message(app, named) and "ollama create kitchen -f Modelfile" in message(app, named)
    else:
        roles = {message["role"] for path, body in standin.asked if path == "/api/chat" for message in body["messages"]}
        assert roles == {"user", "assistant"}  # SYSTEM is Ollama's to add


def test_ollama_with_a_template_that_it_chose_itself(run: Path) -> None:
    """ChatML's default writes what ours does: that does no harm, and is told. Another one does."""
    file = exported(run)
    modelfile = (file.parent / "Modelfile").read_text()
    with running(OllamaStandin(file, modelfile, "template")) as url:
        app = verify(run, ollama=url)
    told = next(check for check in app["checks"] if check["name"] == "other template")
    assert not told["passed"] and told["severity"] == "warning" and "TEMPLATE" in told["message"]
    wrong = OllamaStandin(file, modelfile)
    wrong.template = "{{ range .Messages }}[{{ .Role }}] {{ .Content }}\n{{ end }}[assistant] "
    with running(wrong) as url:
        app = verify(run, False, ollama=url)
    assert app["faults"] == ["other template"] and 'TEMPLATE """{{ if .System }}' in message(app, "other template")


def test_ollama_with_another_file_under_the_name(run: Path, taught: Path, tmp_path: Path) -> None:
    from export.gguf.convert import convert

    file = exported(run)
    other = convert(taught, tmp_path / "kitchen-f16.gguf", "f16", name="kitchen")
    with running(OllamaStandin(other, (file.parent / "Modelfile").read_text())) as url:
        app = verify(run, False, ollama=url)
    assert "other file" in app["faults"] and "FROM ./kitchen-q8_0.gguf" in message(app, "other file")


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("", ""),
        ("template", "other template"),
        ("system", "system prompt"),
        ("stop", "stop token lost"),
        ("bos", "BOS before the prompt"),
    ],
)
def test_lm_studio(run: Path, fault: str, named: str) -> None:
    with running(LmStudioStandin(exported(run), fault)) as url:
        app = verify(run, not fault, lm_studio=url)
    assert app["app"] == "LM Studio" and app["model"] == "kitchen" and app["faults"] == ([named] if fault else [])
    if fault:
        assert "My Models" in message(app, named)


def test_the_command_fails_where_an_app_answers_otherwise(trained: Trained, run: Path) -> None:
    with running(LmStudioStandin(exported(run), "bos")) as url:
        said = trained[0].call("train", "verify-app", str(run), "--lm-studio", url, code=1).stdout
    assert said.startswith("LM Studio: kitchen does not answer as proven: BOS before the prompt\n")
    assert "prompt tokens: 0 of 6 conversations" in said


def test_what_cannot_be_asked_is_told(trained: Trained, run: Path) -> None:
    house, file = trained[0], exported(run)
    said = house.call("train", "verify-app", str(run), "--ollama", "http://127.0.0.1:9", code=3).stderr
    assert "Ollama does not answer" in said and "Start it" in said
    assert "is no address" in house.call("train", "verify-app", str(run), "--ollama", "localhost", code=2).stderr
    with running(OllamaStandin(file, "")) as url:
        said = house.call("train", "verify-app", str(run), "--ollama", url, "--model", "nobody", code=2).stderr
    assert "no model 'nobody'" in said and "ollama create nobody -f Modelfile" in said
    with running(LmStudioStandin(file)) as url:
        said = house.call("train", "verify-app", str(run), "--lm-studio", url, "--model", "nobody", code=2).stderr
    assert "it has text-embedding-nomic, kitchen" in said and "lms import" in said
