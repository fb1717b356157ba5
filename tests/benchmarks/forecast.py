"""Forecast memory and time against measured ones, on this machine's CPU: real training in a process of its own for each case.

    python tests/benchmarks/forecast.py            all cases, about twenty minutes on two idle cores
    python tests/benchmarks/forecast.py NAME…      some

Each case trains a few steps as `train run` does, on rows of given lengths with random ids, since neither memory nor time depends
on what the rows say. Measured is the most memory that the process ever held (VmHWM).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """What is trained: a base's sizes (none: SmolLM2-135M), the rows' lengths, and settings."""

    name: str
    lengths: list[int]
    base: dict[str, int] = field(default_factory=dict)
    family: str = "Llama"
    train: dict[str, Any] = field(default_factory=dict)
    pairs: list[tuple[int, int, int]] = field(default_factory=list)


def sizes(hidden: int, inner: int, layers: int, heads: int, groups: int, vocabulary: int) -> dict[str, int]:
    return {
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "vocab_size": vocabulary,
        "max_position_embeddings": 4096,
    }


SMALL = sizes(256, 704, 4, 8, 4, 8192)
DEEP = sizes(384, 1024, 16, 6, 2, 16384)
WIDE = sizes(1024, 4096, 4, 16, 4, 32768)
WORDY = sizes(256, 704, 2, 8, 4, 128256)


def sft(micro: int = 1, batch: int | None = None, **more: Any) -> dict[str, Any]:
    return {"sft": {"batch_size": batch or micro, "micro_batch_size": micro, "epochs": 1, "max_length": 4096}} | more


CASES = [
    Case("small, 8 x 128", [128] * 16, SMALL, train=sft(8)),
    Case("small, 8 x 512, uneven", [512, 300, 200, 100] * 4, SMALL, train=sft(8)),
    Case("deep, 1 x 1024", [1024] * 2, DEEP, train=sft()),
    Case("deep, 4 x 1024, uneven", [1024, 900, 700, 300] * 2, DEEP, train=sft(4)),
    Case("deep, 1 x 2048", [2048] * 2, DEEP, train=sft()),
    Case("deep, 2 x 2048, uneven", [2048, 1500] * 2, DEEP, train=sft(2)),
    Case("deep, 2 x 2048, recomputed", [2048, 1500] * 2, DEEP, train=sft(2, gradient_checkpointing=True)),
    Case("wide, 2 x 1024", [1024] * 4, WIDE, train=sft(2)),
    Case("wide, r 128", [512] * 4, WIDE, train=sft(2, lora={"r": 128})),
    Case("wide, queries and values only", [1024] * 4, WIDE, train=sft(2, lora={"target_modules": ["q_proj", "v_proj"]})),
    Case("wide, 4 bits", [1024] * 4, WIDE, train=sft(2, method="qlora")),
    Case("wordy, 1 x 1024", [1024] * 2, WORDY, train=sft()),
    Case("wordy, 4 x 1024, uneven", [1024, 900, 700, 300] * 2, WORDY, train=sft(4)),
    Case("Qwen 3, 2 x 1024", [1024] * 4, DEEP, "Qwen3", train=sft(2)),
    Case("SmolLM2, 1 x 256", [256] * 2, train=sft()),
    Case("SmolLM2, 1 x 512, DoRA", [512] * 2, train=sft(lora={"dora": True})),
    Case("SmolLM2, 1 x 1024", [1024] * 2, train=sft()),
    Case("SmolLM2, 1 x 2048", [2048] * 2, train=sft()),
    Case("SmolLM2, 2 x 2048, uneven", [2048, 1200] * 2, train=sft(2)),
    Case("SmolLM2, 8 x 256, uneven", [256, 200, 150, 100] * 4, train=sft(8)),
    Case("SmolLM2, 2 x 2048, recomputed", [2048, 1200] * 2, train=sft(2, gradient_checkpointing=True)),
    Case("SmolLM2, 1 x 1024, 4 bits", [1024] * 2, train=sft(method="qlora")),
    Case("deep, DPO 2 x 512", [64] * 4, DEEP, train=sft(2, preference={"batch_size": 2}), pairs=[(480, 32, 24)] * 4),
    Case("deep, KTO 2 x 512", [64] * 4, DEEP, train=sft(2, preference={"batch_size": 2, "method": "kto"}), pairs=[(480, 32, 24)] * 4),
    Case("SmolLM2, DPO 1 x 1024", [64] * 2, train=sft(1, preference={"batch_size": 2}), pairs=[(1000, 24, 16)] * 4),
    Case("SmolLM2, DPO 2 x 512", [64] * 4, train=sft(2, preference={"batch_size": 2}), pairs=[(480, 32, 24)] * 4),
    Case("SmolLM2, ORPO 2 x 512", [64] * 4, train=sft(2, preference={"batch_size": 2, "method": "orpo"}), pairs=[(480, 32, 24)] * 4),
]  # fmt: skip


def measure(case: Case) -> dict[str, float]:
    """Train the case in this process; gives forecast and measured bytes and seconds."""
    from likeness.command import settle_libraries

    settle_libraries()
    from likeness.progress import Progress
    from likeness.recipe.schema import Train
    from tests.make import tiny_base
    from train import cli, delivery, preflight  # noqa: F401 - what a run has loaded when it trains
    from train.allocator import give_back
    from train.base import base_folder
    from train.data import Row, Rows
    from train.devices import this_machine
    from train.evaluate import evaluate  # noqa: F401
    from train.forecast import forecast
    from train.preference import train_preference
    from train.preference_rows import PreferenceRow, Preferences
    from train.sft import train_sft
    from train.workload import workload

    settings = Train.model_validate({"base_model": "x", **case.train})
    with tempfile.TemporaryDirectory() as temporary, Progress(to_stderr=True) as progress:
        smollm2 = base_folder("builtin:smollm2-135m", progress)
        tokenizer = preflight.load_tokenizer(smollm2, "x")
        base = smollm2
        if case.base:
            base = tiny_base(Path(temporary, "base"), tokenizer, case.family, **case.base)
        drawn = random.Random(1)
        ids = lambda count: [drawn.randrange(10, 8000) for _ in range(count)]  # noqa: E731
        rows = [Row(str(n), row := ids(length), row) for n, length in enumerate(case.lengths)]
        pairs = [PreferenceRow(str(n), *(ids(length) for length in three)) for n, three in enumerate(case.pairs)]
        work = workload(base, settings, rows, (), pairs)
        device = this_machine()
        told = forecast(work, device)
        before = _held("VmRSS")
        adapter = Path(temporary, "run", "adapter")
        adapter.parent.mkdir()
        give_back()  # what a run needs is measured: with memory to spare it holds more
        trained = train_sft(base, tokenizer, Rows(train=rows), settings, adapter, lambda *_: None)
        after_sft, seconds = _held("VmHWM"), trained.seconds
        if pairs:
            other = adapter.with_name("preferred")
            done = train_preference(base, tokenizer, Preferences(train=pairs), settings, (adapter, other), lambda *_: None)
            seconds += done.seconds
        return {
            "forecast": told.memory_bytes,
            "measured": _held("VmHWM"),
            "before": before,
            "after_sft": after_sft,
            "seconds_forecast": told.seconds,
            "seconds": seconds,
            "tflops": device.tflops,
        }


def _held(what: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        case = next(case for case in CASES if case.name == sys.argv[2])
        print(json.dumps(measure(case)))
        return
    print(f"{'case':<34} {'forecast':>9} {'measured':>9} {'error':>7}   {'time':>7} {'took':>7}")
    for case in CASES:
        if len(sys.argv) > 1 and not any(name in case.name for name in sys.argv[1:]):
            continue
        done = subprocess.run(
            [sys.executable, __file__, "--one", case.name],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "HF_HUB_OFFLINE": "1"},
        )
        if done.returncode:
            print(f"{case.name:<34} failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        error = found["forecast"] / found["measured"] - 1
        print(
            f"{case.name:<34} {found['forecast'] / 1e9:>6.2f} GB {found['measured'] / 1e9:>6.2f} GB {error:>+7.1%}   "
            f"{found['seconds_forecast']:>6.1f}s {found['seconds']:>6.1f}s",
            flush=True,
        )
        if os.environ.get("FORECAST_LOG"):
            with open(os.environ["FORECAST_LOG"], "a") as log:
                log.write(json.dumps({"name": case.name, **found}) + "\n")


if __name__ == "__main__":
    main()
