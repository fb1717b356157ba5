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
from train.hosted.engine import HostedModel
from train.hosted.hosts import hosts
from train.hosted.jobs import api_of
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
    """

    probes: Sequence[Callable[[Material], Probe]] = tuple(
        _skipped(NEEDS_WEIGHTS[probe]) if probe in NEEDS_WEIGHTS else probe for probe in PROBES
    )

    def __init__(self, job: Job, trained: HostedTraining) -> None:
        self.job, self.trained = job, trained
        self.settings = job.recipe.evaluate
        control = job.dataset / "control" / "test.parquet"
        self.questions = load_questions(job.dataset, pq.read_table(control).to_pylist() if control.is_file() else [])
        self._model = None

    def ask_model(self) -> Asked:
        """Ask base and tuned model every question in every cell of the recipe."""

        def engine() -> HostedModel:
            hosted = self.job.settings.hosted
            assert hosted
            api = api_of(self.job.settings, hosts()[hosted.host])
            return HostedModel(api, self.job.settings.base_model, self.trained.model, sampling_of(self.job))

        self._ask("model", engine)
        self.store.close()
        return replace(self._asked("model"), endings=count_endings(self.beside()))
