"""What each quantization costs on a real model: the table in docs/export.md.

    .venv/bin/python tests/benchmarks/quantizations.py FOLDER [ROWS]

FOLDER is a model's folder, such as a run's `merged`; ROWS a dataset's `sft/train.parquet` to measure on, else stock questions.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from likeness.command import settle_libraries

settle_libraries()

from export.gguf.convert import convert  # noqa: E402
from export.gguf.imatrix import measure_importance, save_importance  # noqa: E402
from export.gguf.quantize import quantize  # noqa: E402
from export.verify import verify, verify_quantized  # noqa: E402

KINDS = ("q8_0", "q6_k", "q5_k_m", "q4_k_m", "iq4_xs", "iq4_nl", "q3_k_m", "iq3_m")


def main() -> None:
    folder = Path(sys.argv[1])
    rows = []
    if len(sys.argv) > 2:
        import pyarrow.parquet as pq

        table = pq.read_table(sys.argv[2], columns=["prompt", "completion"]).to_pylist()
        rows = [[*row["prompt"], *row["completion"]] for row in table[:100]]
    print("| file | MB | mean KL | same top-1 | class | limit | what it is |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        full, logits = convert(folder, Path(temporary, "model-f16.gguf")), Path(temporary, "logits.npy")
        show("f16", full, {check.name: check for check in verify(full, folder, rows, keep_logits=logits)})
        began = time.process_time()
        measured = measure_importance(folder, rows)
        print(f"importance: {time.process_time() - began:.0f} s of this process", file=sys.stderr)
        importance = save_importance(measured, Path(temporary, "importance.safetensors")) if measured else None
        for kind, by in [(kind, by) for kind in KINDS for by in (None, importance) if by or kind == "q8_0" or importance]:
            if kind == "q8_0" and by:
                continue
            began = time.process_time()
            file = quantize(full, Path(temporary, f"model-{kind}.gguf"), kind, by)
            found = {check.name: check for check in verify_quantized(file, kind, logits, folder, rows)}
            show(f"{kind}, by importance" if by else kind, file, found)
            print(f"{kind}: {time.process_time() - began:.0f} s of this process", file=sys.stderr)


def show(kind: str, file: Path, checks: dict) -> None:
    kl, top1, size = checks["logits"], checks["top-1"], checks.get("size")
    quality = checks["quality"].value if "quality" in checks else "as the original"
    odd = "" if size is None or size.passed else size.message.rsplit(": ", 1)[-1]
    cells = (kind, f"{file.stat().st_size / 1e6:.0f}", f"{kl.value:.2g}", f"{top1.value:.1%}", quality, f"{kl.limit:g}", odd)
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
