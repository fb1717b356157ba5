"""Fact triage: which claims of the rows the base knows already, is unsure of, or does not know.

Facts that a base does not know are learnt slowly and then raise invention linearly (arXiv 2405.05904). So the share of unknown
rows is shown before anything is trained: they belong in retrieval, or in contrasts.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from likeness.files import write_atomic
from likeness.kinds import KINDS
from train.data import read_manifest
from train.delivery import sampling_of
from train.evaluate.answers import SEED
from train.evaluate.engine import AT_ONCE, Model
from train.evaluate.evaluate import load_rows_behind
from train.evaluate.facts import claim_share
from train.evaluate.probe import TrainRow
from train.job import Job, open_job
from train.preflight import Prepared, prepare
from train.result import StepResult, Watcher

SAMPLES = 3
"""Seeded answers beside the greedy one."""
SAID = 0.5
"""Share of a claim's content that an answer must have to count as saying it."""
MOST_SHOWN = 10

Knowledge = Literal["known", "unsure", "unknown"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A row's claim, in how many of the base's answers it is, and what that makes it."""

    id: str
    question: str
    quote: str
    said: int
    asked: int

    @property
    def state(self) -> Knowledge:
        """known: in at least half of the answers; unsure: in one; unknown: in none."""
        return "known" if 2 * self.said >= self.asked else "unsure" if self.said else "unknown"


@dataclass(frozen=True)
class Triage(StepResult):
    """What the base knows of the rows' claims."""

    claims: list[Claim]
    rows: int
    """Of the dataset, those without a claim included."""

    @property
    def counts(self) -> dict[str, int]:
        """Claims by state."""
        found = Counter(claim.state for claim in self.claims)
        return {"known": found["known"], "unsure": found["unsure"], "unknown": found["unknown"]}

    @property
    def unknown_share(self) -> float:
        """Of all rows that are trained on."""
        return self.counts["unknown"] / self.rows if self.rows else 0.0

    @property
    def metrics(self) -> dict[str, Any]:
        """Claims by state."""
        return {"triage": self.counts}

    def __str__(self) -> str:
        return f"{self.counts['unknown']} of {len(self.claims)} facts are unknown to the base: their rows come first"

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        claims = [asdict(claim) | {"state": claim.state} for claim in self.claims]
        return {"rows": self.rows, "counts": self.counts, "unknown_share": round(self.unknown_share, 4), "claims": claims}

    def lines(self) -> list[str]:
        """For people."""
        counts = self.counts
        shown = [
            f"{len(self.claims)} of {self.rows} rows claim a fact: {counts['known']} known to the base, "
            f"{counts['unsure']} unsure, {counts['unknown']} unknown ({self.unknown_share:.0%} of all rows)"
        ]
        unknown = [claim for claim in self.claims if claim.state == "unknown"]
        shown += [f"  {claim.id}: {claim.question}" for claim in unknown[:MOST_SHOWN]]
        if len(unknown) > MOST_SHOWN:
            shown.append(f"  … and {len(unknown) - MOST_SHOWN} more; --json lists them all")
        if unknown:
            shown += [
                "Facts that the base does not know make it invent others. Let them be looked up: set export.knowledge, and ask",
                "for kind grounded in place of question_answer; or open contrasts for their terms: curate contrast list.",
            ]
        return shown


def triage(recipe_path: Path, watch: Watcher) -> Triage:
    """Ask the base every claim of the newest dataset, several times; once for a dataset and a base.

    Args:
        recipe_path: the recipe's file.
        watch: follows the progress.

    Raises:
        CallError: the recipe, its dataset or the base model is wrong.
        MachineError: the base model cannot be fetched.
    """
    job = open_job(recipe_path, watch)
    watch.begin("triage")
    return _triage(job, lambda: prepare(job))


def mark_unknown(job: Job, prepared: Prepared) -> Triage:
    """Ask as `triage` does, and mark the rows whose claims the base does not know: they are learnt before all others.

    Args:
        job: the run.
        prepared: its tokenizer, template and rows; the rows get the marks.
    """
    found = _triage(job, lambda: prepared)
    prepared.rows.unknown = {claim.id for claim in found.claims if claim.state == "unknown"}
    return found


def _triage(job: Job, given: Callable[[], Prepared]) -> Triage:
    rows = load_rows_behind(job.dataset)
    claims = [row for row in rows if row.quote and (kind := KINDS.get(row.kind)) and kind.asks == "facts"]
    prompt = job.recipe.persona.system_prompt
    named = json.dumps([read_manifest(job.dataset)["fingerprint"], job.settings.base_model, prompt, SAMPLES])
    file = job.folder.parent.parent / "triage" / f"{hashlib.sha256(named.encode()).hexdigest()[:12]}.json"
    if file.is_file():
        return Triage([Claim(**claim) for claim in json.loads(file.read_text(encoding="utf-8"))], len(rows))
    prepared = given()
    model = Model(job.base, None, prepared.tokenizer, prepared.template, sampling_of(job))
    found = []
    for start in range(0, len(claims), AT_ONCE):
        found += _ask(model, prompt, claims[start : start + AT_ONCE])
        job.progress(len(found), len(claims))
    write_atomic(file, json.dumps([asdict(claim) for claim in found], ensure_ascii=False))
    return Triage(found, len(rows))


def _ask(model: Model, system_prompt: str, rows: Sequence[TrainRow]) -> list[Claim]:
    prompts = [[{"role": "system", "content": system_prompt}, {"role": "user", "content": row.question}] for row in rows]
    said: Counter[str] = Counter()
    for seed in (None, *(SEED + sample for sample in range(1, SAMPLES + 1))):
        for row, reply in zip(rows, model.reply(prompts, seed), strict=True):
            said[row.id] += claim_share(reply.text, row.quote, row.question) >= SAID
    return [Claim(row.id, row.question, row.quote, said[row.id], SAMPLES + 1) for row in rows]
