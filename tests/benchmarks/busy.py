"""How much slower a training gets where other programs want the same cores.

    .venv/bin/python tests/benchmarks/busy.py [RECIPE] [EPOCHS]

Trains a small part of an epoch of the recipe (the demo's, with SmolLM2, or `recipes/demo/tiny.yaml`) alone, beside one process a core
that counts and never waits, and alone again. Where cores are shared fairly, the second takes twice as long; the goal is at most three times.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COUNTING = "while True: pass"
TRAINED = re.compile(r"train .*?(\d+\.\d) s\b")


def main() -> None:
    recipe = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "recipes/demo/recipe.yaml"
    epochs = sys.argv[2] if len(sys.argv) > 2 else "0.05"
    with tempfile.TemporaryDirectory() as folder:
        build = [BIN / "curate", "build", recipe, "--build", f"{folder}/build"]
        subprocess.run([str(part) for part in build], check=True, capture_output=True)
        before = training(recipe, epochs, 1, folder)
        others = [subprocess.Popen([sys.executable, "-c", COUNTING]) for _ in range(os.cpu_count() or 1)]
        try:
            beside = training(recipe, epochs, 2, folder)
        finally:
            for other in others:
                other.kill()
        after = training(recipe, epochs, 3, folder)
    print("| | seconds |\n| --- | --- |")
    print(f"| {epochs} epochs alone, before and after | {before:.0f}, {after:.0f} |")
    print(f"| beside {len(others)} processes that never wait | {beside:.0f} |")
    print(f"| times as long | {2 * beside / (before + after):.1f} |")


def training(recipe: Path, epochs: str, seed: int, folder: str) -> float:
    """Seconds of the stage `train`; another seed makes another run. What would follow is stopped."""
    settings = ["--set", f"train.sft.epochs={epochs}", "--set", f"train.seed={seed}"]
    process = subprocess.Popen(
        [str(BIN / "train"), "run", str(recipe), "--build", f"{folder}/build", *settings],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    for line in process.stdout:
        if stage := TRAINED.match(line):
            process.terminate()
            process.communicate()
            return float(stage[1])
    sys.exit(f"the run ended with {process.wait()} before its training did")


if __name__ == "__main__":
    main()
