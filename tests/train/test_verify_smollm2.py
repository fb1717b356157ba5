"""A real model inside the real llama.cpp server: SmolLM2-135M, whose template has a system prompt of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apps import LmStudioStandin, running
from tests.real import real, smollm2_gguf
from train.apps.llama_server import started
from train.apps.lm_studio import LmStudio
from train.apps.proof import NEAR, Prover, ask_app, faults_of

pytestmark = real

CONVERSATIONS = [
    [{"role": "user", "content": "Name a colour."}],
    [{"role": "system", "content": "You answer in one word."}, {"role": "user", "content": "What is the capital of France?"}],
    [
        {"role": "user", "content": "Name a colour."},
        {"role": "assistant", "content": "Blue."},
        {"role": "user", "content": "And another?"},
    ],
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's file."""
    return smollm2_gguf(tmp_path_factory.mktemp("smollm2"))


def test_the_server_answers_as_proven(file: Path) -> None:
    told: list[float] = []
    with Prover(file) as prover, started(file) as server:
        proven = [prover.prove(conversation) for conversation in CONVERSATIONS]
        assert "SmolLM" in proven[0].prompt and len(proven[0].reply) > 3
        checks = ask_app(server, prover, proven, lambda done, _: told.append(done))
        assert {check.name for check in checks} == {"rendered prompts", "prompt tokens", "replies"}
        assert all(check.passed for check in checks), checks
        assert prover.distance(proven[0], server.complete(proven[0])) < NEAR and told == [1, 2, 3]
        assert prover.distance(proven[0], proven[0].reply) == 0
        wrong = (proven[0].reply[:3] + "xyz", proven[1].reply, "Blue.")
        assert all(prover.distance(proven[0], text) > NEAR for text in wrong)


def test_an_app_that_runs_on_is_found(file: Path) -> None:
    with Prover(file) as prover, running(LmStudioStandin(file, "stop")) as url:
        proven = [prover.prove(conversation) for conversation in CONVERSATIONS]
        assert any(each.ended for each in proven)
        checks = ask_app(LmStudio(url, "SmolLM2-135M", file), prover, proven, lambda *_: None)
    assert faults_of(checks) == ["stop token lost"]
