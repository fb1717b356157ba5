"""The ledger: one SQLite file per recipe that remembers every document, request, response, pair and finding.

Rows are added, not overwritten: a response that was paid for stays, whatever becomes of its recipe. What belongs to which
build is given by the `build` column of pairs and findings. Each change is committed at once (WAL), so that a killed process
loses nothing that had arrived.
"""

from __future__ import annotations

from curate.ledger.builds import Builds
from curate.ledger.contrasts import Contrasts
from curate.ledger.decisions import Decisions
from curate.ledger.documents import Documents
from curate.ledger.plans import Plans
from curate.ledger.requests import Requests


class Ledger(Documents, Plans, Requests, Builds, Decisions, Contrasts):
    """The open ledger of one build folder. One process writes at a time; others may read."""
