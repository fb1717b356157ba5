"""Expectations become a gate: what failed is shown, and a critical failure stops the build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate.job import Watcher
from likeness.errors import GateError


def check_as_json(outcome: Any) -> dict[str, Any]:
    """What an expectation came to, for `--json` and the manifest."""
    return {
        "expectation": outcome.name,
        "arguments": outcome.kwargs,
        "severity": outcome.severity,
        "success": outcome.success,
        "observed": outcome.observed,
        "rows": list(outcome.rows),
        "fix": outcome.fix,
        "mend": outcome.fix,  # the name of before 0.2
    }


def hold_gate(checks: Sequence[dict[str, Any]], docs: Path, watch: Watcher, *, enforced: bool) -> None:
    """Let the build go on, or stop it; where the gate is not enforced, it only tells.

    Args:
        checks: what each expectation came to.
        docs: the Data Docs' file.
        watch: follows the build.
        enforced: whether a critical failure stops the build.

    Raises:
        GateError: a critical expectation failed.
    """
    failed = [check for check in checks if not check["success"]]
    for check in failed:
        if check["severity"] != "critical" or not enforced:
            watch.note(f"warning: {failure_in_words(check)}")
    critical = [check for check in failed if check["severity"] == "critical"]
    if critical and enforced:
        raise GateError(
            "\n".join(failure_in_words(check) for check in critical),
            where=f"{len(critical)} of {len(checks)} expectations failed; nothing was published",
            fix=f"`curate show PAIR` shows a row with its passage. All of it: {docs}",
        )


def failure_in_words(check: dict[str, Any]) -> str:
    """A failed expectation: what was seen, in which rows, and beneath it what to do."""
    arguments = ", ".join(f"{key} {value}" for key, value in check["arguments"].items())
    rows = f"; rows: {', '.join(check['rows'][:5])}" + (" …" if len(check["rows"]) > 5 else "") if check["rows"] else ""
    fix = f"\n    {check['fix']}" if check["fix"] else ""
    return f"{check['expectation']} ({arguments}): {check['observed']}{rows}{fix}"
