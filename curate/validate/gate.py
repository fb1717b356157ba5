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


def hold_gate(checks: Sequence[dict[str, Any]], docs: Path, watch: Watcher, *, where: str, enforced: bool) -> None:
    """Let the build go on, or stop it; where the gate is not enforced, it only tells.

    Args:
        checks: what each expectation came to.
        docs: the Data Docs' file.
        watch: follows the build.
        where: the recipe's file and line of the expectations.
        enforced: whether a critical failure stops the build.

    Raises:
        GateError: a critical expectation failed.
    """
    failed = [check for check in checks if not check["success"]]
    for check in failed:
        if check["severity"] != "critical" or not enforced:
            watch.note(f"warning: {_in_words(check)}" + (f"\n    {check['fix']}" if check["fix"] else ""))
    critical = [check for check in failed if check["severity"] == "critical"]
    if critical and enforced:
        fixes = dict.fromkeys(check["fix"] for check in critical if check["fix"])
        raise GateError(
            "\n".join(
                [f"{len(critical)} of {len(checks)} expectations failed; nothing was published", *map(_in_words, critical)]
            ),
            where=where,
            fix="\n".join([*fixes, f"`curate show PAIR` shows a row with its passage. All of it: {docs}"]),
        )


def _in_words(check: dict[str, Any]) -> str:
    """A failed expectation: what was seen, and in which rows."""
    arguments = ", ".join(f"{key} {value}" for key, value in check["arguments"].items())
    rows = f"; rows: {', '.join(check['rows'][:5])}" + (" …" if len(check["rows"]) > 5 else "") if check["rows"] else ""
    return f"{check['expectation']} ({arguments}): {check['observed']}{rows}"
