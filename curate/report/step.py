"""What a build ends with: its report, the pairs to look at, what to do next, and the page that leads to everything."""

from __future__ import annotations

import shlex
import time

from curate.job import Job
from curate.select.step import Selected
from curate.select.typical import typical_pairs
from curate.sources import SourceTexts
from likeness.pages.index import write_index

TYPICAL = 3


def report(job: Job, selected: Selected, flagged: set[str], texts: SourceTexts) -> None:
    """Write the report about the dataset that was just published, and say what to do next; a sample has no report.

    Args:
        job: the build.
        selected: the pairs that were published.
        flagged: ids of the pairs that a check found something in.
        texts: the author's documents, with what the checks have learnt of their voice.
    """
    began = time.monotonic()
    pairs, path = selected.sides.pairs, shlex.quote(str(job.path))
    if job.is_sample:
        job.made.typical = [pair.id for pair in typical_pairs(pairs, flagged, len(pairs))]
        job.made.next = {"text": "Build the rest; what the sample asked is not asked again.", "command": f"curate build {path}"}
    else:
        from curate.report.page import write_report

        job.watch.stage_begins("report")
        _, _, advice = write_report(job.path, job.folder, job.ledger, job.number, job.made.as_dict(), texts)
        job.made.typical = [pair.id for pair in typical_pairs(pairs, flagged, TYPICAL)]
        if advice:
            job.made.next = {"text": advice[0].title, "command": advice[0].command}
    write_index(job.folder, job.recipe.name, job.path, job.made.next)
    job.watch.took("report", "written, and the page of all results", time.monotonic() - began)
