"""Learn the classifiers from their labelled sentences: `python -m curate.screen.train_classifiers`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.screen import injection, refusals, standalone
from likeness.files import write_atomic
from likeness.metrics.sentences import Rules, train

MODELS = Path(__file__).with_name("models")
LEARNT: dict[str, Rules] = {
    refusals.CHECK.name: refusals.RULES,
    injection.CHECK.name: injection.RULES,
    standalone.CHECK.name: {},
}
VERSION = 2


def rows_of(name: str) -> list[dict[str, Any]]:
    """What a classifier learns from: its own rows, and sentences of plain prose that no check looks for."""
    files = (MODELS / f"{name}-rows.jsonl", MODELS / "plain-rows.jsonl")
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def learn(name: str, rules: Rules) -> str:
    """The classifier as JSON text; the same for the same rows."""
    model = {"version": VERSION, **train([(row["text"], row["is"]) for row in rows_of(name)], rules)}
    return json.dumps(model, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def main() -> None:
    """Write each classifier beside its rows."""
    for name, rules in LEARNT.items():
        write_atomic(MODELS / f"{name}.json", learn(name, rules))


if __name__ == "__main__":
    main()
