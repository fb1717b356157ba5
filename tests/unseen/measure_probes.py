"""How often the detectors of answers are right on rows that their author has not seen: `python tests/unseen/measure_probes.py`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from likeness.metrics.declines import declines
from likeness.metrics.degenerate import fault_of

HERE = Path(__file__).parent / "probes"


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").open(encoding="utf-8")]


def label_of(row: dict, *names: str):
    return next(row[name] for name in names if name in row)


def main() -> None:
    counts: Counter = Counter()
    for row in rows("declines"):
        counts[bool(label_of(row, "declined")), declines(row["answer"])] += 1
    right = counts[True, True] + counts[False, False]
    print(
        f"declines: {right} of {counts.total()} right; recall {counts[True, True] / (counts[True, True] + counts[True, False]):.3f}, "
        f"precision {counts[True, True] / max(1, counts[True, True] + counts[False, True]):.3f}"
    )
    table: Counter = Counter()
    for row in rows("degenerate"):
        label = label_of(row, "label")
        found = fault_of(row["answer"], stopped=row.get("stopped", True), language=row["expected_language"]) or "fine"
        table[label, found] += 1
    for label in sorted({label for label, _ in table}):
        mine = {found: n for (one, found), n in table.items() if one == label}
        print(f"degenerate: {label}: {mine}")


if __name__ == "__main__":
    main()
