"""Ask the apps that have a run's model whether they answer what its export has proven, and write it into the export report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from export.bundle import record_app
from export.probe import Conversation
from export.verify import Check
from likeness.errors import CallError
from train.apps.llama_server import LlamaServer, started
from train.apps.lm_studio import LmStudio
from train.apps.ollama import Ollama
from train.apps.proof import App, Proven, Prover, ask_app, faults_of
from train.chat import exported_file, system_prompt_of
from train.evaluate.answers import answers_of
from train.result import Watcher

MOST_QUESTIONS = 24
"""Of the run's controlled questions, the first in their order."""


@dataclass(frozen=True)
class Addresses:
    """Where apps answer, each None where it is not asked.

    Args:
        ollama: of Ollama, such as http://127.0.0.1:11434.
        lm_studio: of LM Studio, such as http://127.0.0.1:1234.
        llama_server: of llama.cpp's server, such as http://127.0.0.1:8080.
    """

    ollama: str | None = None
    lm_studio: str | None = None
    llama_server: str | None = None


@dataclass(frozen=True)
class AppProof:
    """What an app came to: its name, its name for the model, the exported file, the names of its faults, and every check."""

    app: str
    model: str
    file: str
    passed: bool
    faults: list[str]
    checks: list[Check]
    at: str

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the export report."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For the terminal: the verdict, and what failed."""
        failed = [check for check in self.checks if not check.passed]
        verdict = "answers as proven" if self.passed else f"does not answer as proven: {', '.join(self.faults) or 'see below'}"
        told = failed or [check for check in self.checks if check.value is not None]
        return [f"{self.app}: {self.model} {verdict}", *(f"  {check.name}: {check.message}" for check in told)]


def verify_apps(run: Path, quant: str | None, addresses: Addresses, model: str | None, watch: Watcher) -> list[AppProof]:
    """Ask each app the run's controlled questions, greedily; where none is named, a server of llama.cpp's that is started here.

    Args:
        run: a finished run's folder.
        quant: which of its files, such as q4_k_m; the recipe's first by default.
        addresses: of the apps.
        model: what the apps call it; by default the exported name.
        watch: follows the work.

    Raises:
        CallError: the run has no such file, or an app no such model.
        MachineError: an app does not answer.
    """
    file = exported_file(run, quant)
    proofs = []
    with Prover(file) as prover:
        proven = _prove(run, prover, watch)
        with _apps(addresses, model or file.parent.name, file) as apps:
            for app in apps:
                watch.begin(f"Asking {app.name}")
                checks = ask_app(app, prover, proven, watch.update)
                passed = all(check.passed for check in checks if check.severity == "gate")
                at = datetime.now(UTC).isoformat(timespec="seconds")
                proof = AppProof(app.name, app.model, file.name, passed, faults_of(checks), checks, at)
                record_app(file.parent, proof.as_dict())
                proofs.append(proof)
    return proofs


@contextmanager
def _apps(addresses: Addresses, model: str, file: Path) -> Iterator[list[App]]:
    with ExitStack() as stack:
        apps: list[App] = []
        if addresses.ollama:
            apps.append(Ollama(addresses.ollama, model, file))
        if addresses.lm_studio:
            apps.append(LmStudio(addresses.lm_studio, model, file))
        if addresses.llama_server:
            apps.append(LlamaServer(addresses.llama_server))
        yield apps or [stack.enter_context(started(file))]


def _prove(run: Path, prover: Prover, watch: Watcher) -> list[Proven]:
    """The questions and what the file makes of them; the last is asked after the first one's answer."""
    system = system_prompt_of(run)
    begin: Conversation = [{"role": "system", "content": system}] if system else []
    texts = list(dict.fromkeys(each.question for each in answers_of(run)))
    if not texts:
        fix = "Add questions to the recipe's `control`, and run again."
        raise CallError("the run was asked no questions", where=str(run), fix=fix)
    watch.begin(f"Asking {prover.file.name} itself")
    proven: list[Proven] = []
    for text in texts[:MOST_QUESTIONS]:
        proven.append(prover.prove([*begin, {"role": "user", "content": text}]))
        watch.update(len(proven), min(len(texts), MOST_QUESTIONS) + 1)
    first = proven[0]
    said = {"role": "assistant", "content": first.reply.strip() or "Yes."}
    return [*proven, prover.prove([*first.conversation, said, proven[-1].conversation[-1]])]
