"""The evaluation of a hosted run: the same questions and probes. What only weights can answer is skipped, and says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType

import pyarrow.parquet as pq

from train.delivery import sampling_of
from train.evaluate import decision, forgetting, learnt, memorised
from train.evaluate.endings import count_endings
from train.evaluate.evaluate import PROBES, Evaluation, load_questions
from train.evaluate.probe import Material, Probe
from train.evaluate.results import Asked
from train.hosted.api import HostApi
from train.hosted.engine import HostedModel
from train.hosted.steps import HostedTraining
from train.job import Job

NEEDS_WEIGHTS = {module.probe: module for module in (decision, memorised, learnt, forgetting)}


def _skipped(module: ModuleType) -> Callable[[Material], Probe]:
    return lambda _material: Probe(module.NAME, module.MEASURES, skipped="the model's weights are at the host")


class HostedEvaluation(Evaluation):
    """The evaluation of a model at a host.

    Args:
        job: the run.
        trained: what the host made.
        api: the host's.
    """

    probes: Sequence[Callable[[Material], Probe]] = tuple(
        _skipped(NEEDS_WEIGHTS[probe]) if probe in NEEDS_WEIGHTS else probe for probe in PROBES
    )

    has_weights = False

    def __init__(self, job: Job, trained: HostedTraining, api: HostApi) -> None:
        self.job = job
        self.hosted = HostedModel(api, job.settings.base_model, trained.model, sampling_of(job))
        self.settings = job.recipe.evaluate
        control = job.dataset / "control" / "test.parquet"
        self.questions = load_questions(job.dataset, pq.read_table(control).to_pylist() if control.is_file() else [])
        self._model = None

    def ask_model(self) -> Asked:
        """Ask base and tuned model every question in every cell of the recipe."""
        self._ask("model", lambda: self.hosted)
        self.store.close()
        return replace(self._asked("model"), endings=count_endings(self.beside()))
