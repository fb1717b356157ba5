"""Tokens a second of processor time, rows packed and padded: `python tests/benchmarks/packing.py [tiny|135m]`.

Time is the process's own, so that other work on the machine changes it little. Rows have 30 to 150 tokens, as short answers have.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from likeness.command import settle_libraries

settle_libraries()

from likeness.recipe.schema import Train  # noqa: E402
from train import sft  # noqa: E402
from train.data import IGNORED, Row, Rows  # noqa: E402
from train.preflight import load_tokenizer  # noqa: E402
from train.trainer import trainer_class  # noqa: E402

KINDS: dict[str, dict[str, Any]] = {
    "one row a pass": {"micro_batch_size": 1},
    "eight rows a pass": {"micro_batch_size": 8},
    "packed": {"packing": True, "max_length": 1024},
}


def rows_of(number: int, vocabulary: int, shortest: int = 30, longest: int = 150) -> list[Row]:
    """Rows of words drawn by chance."""
    draw = random.Random(1)
    found = []
    for row in range(number):
        ids = [draw.randrange(3, vocabulary) for _ in range(draw.randint(shortest, longest))]
        found.append(Row(str(row), ids, [IGNORED] * 8 + ids[8:]))
    return found


def measure(base: Path, rows: list[Row], more: dict[str, Any]) -> float:
    """Tokens a second of processor time."""
    spent: list[float] = []

    def timed(*given: Any) -> Any:
        class Timed(trainer_class(*given)):  # type: ignore[misc]
            def train(self, **named: Any) -> Any:
                began = time.process_time()
                result = super().train(**named)
                spent.append(time.process_time() - began)
                return result

        return Timed

    vars(sft)["trainer_class"] = timed
    settings = Train.model_validate({"base_model": str(base), "sft": {"epochs": 1, "batch_size": 32, **more}})
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "build/runs/one"
        run.mkdir(parents=True)
        sft.train_sft(base, load_tokenizer(base, "base"), Rows(train=rows), settings, run / "adapter", lambda *_: None)
    return sum(len(row.ids) for row in rows) / spent[0]


def main(shape: str = "tiny") -> None:
    """Measure each kind."""
    from likeness.progress import Silent
    from train.base import base_folder
    from train.tiny import tiny_folder

    base = tiny_folder() if shape == "tiny" else base_folder("builtin:smollm2-135m", Silent())
    rows = rows_of(256 if shape == "tiny" else 64, 3000)
    found = {name: measure(base, rows, more) for name, more in KINDS.items()}
    for name, speed in found.items():
        print(f"{name:<20} {speed:>8,.0f} tokens/s  {speed / found['one row a pass']:.2f}x")


if __name__ == "__main__":
    main(*sys.argv[1:])
