"""The last step: a dataset version is written, and its report."""

from __future__ import annotations

from collections.abc import Sequence

from curate.check import is_private
from curate.job import Job
from curate.model import ProbeQuestion
from curate.publish.dataset import publish as write_dataset
from curate.publish.reference import write_reference
from curate.read.read import Sources
from curate.screen.settings.private_data import PrivateDataSettings
from curate.screen.step import Screened
from curate.select.step import Selected
from curate.sources import SourceTexts


def publish(
    job: Job,
    screened: Screened,
    selected: Selected,
    sources: Sources,
    texts: SourceTexts,
    probes: Sequence[ProbeQuestion] = (),
) -> None:
    """Write the dataset version and make it the newest; of a sample, only write it.

    Args:
        job: the build.
        screened: what the checks found.
        selected: the pairs to publish.
        sources: the files that the recipe names, and what was read from them.
        texts: the author's documents and passages.
        probes: questions held out of training.

    Raises:
        MachineError: the folder cannot be written to.
    """
    made = job.made
    with job.stage("publish") as stage:
        facts = {name: made.as_dict()[name] for name in ("stages", "checks", "mix", "sample")}
        if private := _private(job, screened, selected):
            facts["private"] = private
        made.version, made.counts = write_dataset(
            selected.sides, selected.reviewed.contrasts, job.control, job.recipe, sources.files, facts, job.folder, probes
        )
        write_reference(job.folder.datasets / made.version, texts, sources.pairs, knowledge=job.recipe.export.knowledge)
        stage.rows_in = stage.rows_out = len(selected.sides.pairs)
        stage.reasons = {side: rows for side, rows in made.counts.items() if side != "control"}


def _private(job: Job, screened: Screened, selected: Selected) -> list[str]:
    """Ids of rows that a check flagged as private and no person approved; a dataset with such is packed for no other machine."""
    if job.recipe.screen[PrivateDataSettings].action == "redact":
        return []
    flagged = {finding.pair for finding in screened.findings.all() if is_private(finding)}
    return [pair.id for pair in selected.sides.pairs if pair.id in flagged and not pair.review]
