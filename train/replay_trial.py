"""How many general rows to replay, chosen by short trainings: `train.replay.share: auto`.

Each share is trained on the same few rows of the dataset, with the same seed. Without general rows it is trained twice, with
another seed the second time: how far these two are apart is noise. Two losses are compared at the end, on the author's held-out
rows and on general answers. The smallest share is taken that keeps the general answers as well as the best one does, if the voice
is learnt as well with it as without any; both but for the noise.
"""

from __future__ import annotations

import gc
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.recipe.schema import TRIED_SHARES, Train
from train.data import Row, Rows, last_turn
from train.evaluate.engine import GREEDILY, Model
from train.evaluate.forgetting import WORSE, tasks
from train.job import Job
from train.preflight import Prepared
from train.replay import TRIAL, general_rows, rows_for
from train.result import StepResult
from train.sft import steps_in_all, train_sft

ROWS, HELD_OUT = 48, 16
"""Of the dataset: what a trial trains on, and what it is measured with."""
EPOCHS = 2.0
"""Of a trial, or as many as the run has, where these are fewer."""
LEAST = WORSE / 10
"""Nats a token that nobody notices, however near to each other the repeats come to lie."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What one training came to, in nats a token: on the author's held-out rows, and on general answers."""

    voice: float
    general: float


@dataclass(frozen=True)
class Trial(StepResult):
    """The share that was chosen, and why; the base's losses, those of each share, and the noise of both."""

    share: float
    why: str
    base: Losses
    shares: Mapping[float, Losses]
    noise: Losses

    @property
    def metrics(self) -> dict[str, Any]:
        """All figures."""
        shares = {f"{share:g}": asdict(losses) for share, losses in self.shares.items()}
        return {
            "replay_trial": {"share": self.share, "why": self.why, "base": asdict(self.base), "shares": shares}
            | {"noise": asdict(self.noise)}
        }

    @property
    def notes(self) -> list[str]:
        """A line for each share."""
        return [
            f"share {share:<4g} voice {self.base.voice:.3f} -> {losses.voice:.3f}, general {self.base.general:.3f} -> "
            f"{losses.general:.3f} ({losses.general - self.base.general:+.3f})"
            for share, losses in self.shares.items()
        ] + [f"noise      voice {self.noise.voice:.3f}, general {self.noise.general:.3f}: without replay, with another seed"]

    def __str__(self) -> str:
        return f"share {self.share:g}: {self.why}"


def try_shares(job: Job, prepared: Prepared) -> Trial:
    """Train and measure each share once, and choose one. What a killed call has trained is not trained again.

    Args:
        job: the run; its folder gets the result.
        prepared: its tokenizer, template and rows.
    """
    check_trial(job.settings, prepared.rows)
    file = job.folder / TRIAL
    known: dict[str, dict[str, float]] = json.loads(file.read_text(encoding="utf-8"))["trials"] if file.is_file() else {}
    rows = trial_rows(prepared.rows)
    plans = _plans(job.settings)
    missing = [(share, seed) for share, seed in plans if _key(share, seed) not in known]
    general = general_rows(job, prepared, rows_for(max(TRIED_SHARES), len(rows))) if missing else []
    for number, (share, seed) in enumerate(plans):
        if (share, seed) in missing:
            known |= _train_and_measure(job, prepared, rows, general[: rows_for(share, len(rows))], (share, seed), number)
            write_atomic(file, json.dumps({"trials": known}, indent=1))
    losses = {key: Losses(**each) for key, each in known.items()}
    first, again = (losses[_key(share, seed)] for share, seed in plans[:2])
    noise = Losses(max(LEAST, abs(first.voice - again.voice)), max(LEAST, abs(first.general - again.general)))
    shares = {share: losses[_key(share, job.settings.seed)] for share in TRIED_SHARES}
    chosen, why = choose(losses["base"], shares, noise)
    write_atomic(file, json.dumps({"share": chosen, "why": why, "trials": known}, indent=1))
    shutil.rmtree(job.folder / "replay-trial", ignore_errors=True)
    return Trial(chosen, why, losses["base"], shares, noise)


def choose(base: Losses, shares: Mapping[float, Losses], noise: Losses) -> tuple[float, str]:
    """The share to take, and why.

    Args:
        base: before training.
        shares: the losses after training, by share, from 0 upwards.
        noise: differences below these are none.
    """
    harmless = [share for share, losses in shares.items() if losses.voice <= shares[0.0].voice + noise.voice]
    best = min(shares[share].general for share in harmless)
    chosen = next(share for share in harmless if shares[share].general <= best + noise.general)
    said = [f"general loss {shares[chosen].general - base.general:+.3f}"]
    if chosen:
        said[0] += f" in place of {shares[0.0].general - base.general:+.3f} without replay, and the voice is learnt as well"
    for share in (share for share in shares if share > chosen):
        costs = f"costs the voice {shares[share].voice - shares[0.0].voice:+.3f}"
        said.append(f"{share:g} {'keeps no more' if share in harmless else costs}")
    return chosen, "; ".join(said)


def trial_rows(rows: Rows) -> list[Row]:
    """The rows that a trial trains on: some from all over the dataset.

    Args:
        rows: the run's.
    """
    return rows.train[:: -(-len(rows.train) // ROWS)]


def trial_lengths(rows: Rows, settings: Train) -> list[int]:
    """Tokens of every row that the trial computes, as often as it does; nothing where a recipe says the share itself.

    Args:
        rows: the run's.
        settings: the recipe's `train`.
    """
    if settings.replay is None or settings.replay.share != "auto":
        return []
    some = [len(row.ids) for row in trial_rows(rows)]
    lengths: list[int] = []
    for share, _ in _plans(settings):
        general = (some * 2)[: rows_for(share, len(some))]  # not made yet: as long as the others
        lengths += (some + general) * math.ceil(_epochs(settings)) + [len(row.ids) for row in rows.validation[:HELD_OUT]]
    return lengths


def trial_steps(rows: Rows, settings: Train) -> int:
    """Optimizer steps of all its trainings together; 0 where a recipe says the share itself.

    Args:
        rows: the run's.
        settings: the recipe's `train`.
    """
    if settings.replay is None or settings.replay.share != "auto":
        return 0
    some = len(trial_rows(rows))
    return sum(steps_in_all(some + rows_for(share, some), settings.sft, _epochs(settings)) for share, _ in _plans(settings))


def check_trial(settings: Train, rows: Rows) -> None:
    """Refuse a trial that nothing could be measured with.

    Args:
        settings: the recipe's `train`.
        rows: the run's.

    Raises:
        CallError: no row is held out.
    """
    if settings.replay and settings.replay.share == "auto" and not rows.validation:
        fix = "Hold some out (`split`) and build again, or say a share, such as 0.1."
        raise CallError("a trial is measured with held-out rows, and this dataset has none", where="train.replay.share", fix=fix)


def _plans(settings: Train) -> list[tuple[float, int]]:
    """Share and seed of each training; the second repeats the first with another seed."""
    return [(0.0, settings.seed), (0.0, (settings.seed + 1) % 2**32), *((share, settings.seed) for share in TRIED_SHARES[1:])]


def _epochs(settings: Train) -> float:
    return min(EPOCHS, settings.sft.epochs)


def _key(share: float, seed: int) -> str:
    return f"{share:g}, seed {seed}"


def _train_and_measure(
    job: Job, prepared: Prepared, some: list[Row], general: list[Row], plan: tuple[float, int], number: int
) -> dict[str, dict[str, float]]:
    """One training, from nothing or from its last checkpoint, and its losses; the first measures the base as well."""
    share, seed = plan
    sft = job.settings.sft.model_copy(update={"epochs": _epochs(job.settings)})
    settings = job.settings.model_copy(update={"sft": sft, "seed": seed, "report_to": [], "launch": None})
    rows = Rows(train=some, replay=general, unknown=prepared.rows.unknown)
    adapter = job.folder / "replay-trial" / str(number) / "adapter"
    said = f"share {share:g}, {number + 1} of {len(_plans(settings))}"

    def progress(done: float, total: float, note: str) -> None:
        job.progress(done, total, f"{said}, {note}")

    train_sft(job.base, prepared.tokenizer, rows, settings, adapter, progress, job.begins_with)
    gc.collect()  # the trainer holds the model in a circle, and another is loaded now
    model = Model(job.base, adapter, prepared.tokenizer, prepared.template, GREEDILY, in_nf4=job.merges_dequantized)
    strengths = {_key(share, seed): 1.0} | ({"base": 0.0} if number == 0 else {})
    return {name: asdict(_losses(model, job, prepared.rows, strength)) for name, strength in strengths.items()}


def _losses(model: Model, job: Job, rows: Rows, strength: float) -> Losses:
    """Of the model with its adapter at a strength; as the probe of forgetting measures, with the persona's system prompt."""
    held_out = [last_turn(row) for row in rows.validation[:HELD_OUT]]
    general = []
    for row in tasks()[1]:
        asked = model.ids(
            [{"role": "system", "content": job.recipe.persona.system_prompt}, {"role": "user", "content": row["question"]}]
        )
        general.append((asked, model.tokenizer(row["answer"], add_special_tokens=False)["input_ids"]))
    with model.adapted(strength):
        likely = model.log_likelihood(held_out + general)
    return Losses(_a_token(likely[: len(held_out)], held_out), _a_token(likely[len(held_out) :], general))


def _a_token(likely: Sequence[float], pairs: Sequence[tuple[list[int], list[int]]]) -> float:
    return round(-sum(likely) / sum(len(answer) for _, answer in pairs), 4)
