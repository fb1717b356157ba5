"""Merging and converting beside a plain copy, peft's own merge and llama.cpp's own converter, in one run; and quantizing.

    .venv/bin/python tests/benchmarks/merging.py [FOLDER]

FOLDER is a model's folder; SmolLM2-135M without one. The adapter is of random LoRA weights, r 16 on all linear layers. Each way is a
process of its own; the time is that of the work, without imports. llama.cpp's converter comes from llama-cpp-python's source archive
(tests/real_inputs.sh fetches it).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
REPEATS = 3

HEAD = """
import sys, time
from pathlib import Path
base, adapter, out = map(Path, sys.argv[1:4])
"""
TAIL = """
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(time.perf_counter() - began, int(peak.split()[1]) / 1000)
"""
COPY = "import shutil\nbegan = time.perf_counter()\nshutil.copytree(base, out, copy_function=shutil.copy)"
OUR_MERGE = "from export.merge import merge_adapter\nbegan = time.perf_counter()\nmerge_adapter(base, adapter, out)"
PEFT_MERGE = """
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
began = time.perf_counter()
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True).save_pretrained(out)
"""
OUR_CONVERSION = "from export.gguf.convert import convert\nbegan = time.perf_counter()\nconvert(base, out)"
THEIR_CONVERSION = """
sys.path[:0] = [str(base_of), str(base_of / "gguf-py")]
import convert_hf_to_gguf
sys.argv = ["convert", str(base), "--outfile", str(out), "--outtype", "f16"]
began = time.perf_counter()
convert_hf_to_gguf.main()
"""
QUANTIZE = """
from export.gguf.quantize import quantize
began = time.perf_counter()
quantize(base, out, "{kind}")
"""


def main() -> None:
    from tests.real import SOURCE

    with tempfile.TemporaryDirectory() as temporary:
        base = Path(sys.argv[1]) if len(sys.argv) > 1 else smollm2()
        adapter, full = make_adapter(base, Path(temporary, "adapter")), Path(temporary, "full.gguf")
        size = sum(file.stat().st_size for file in base.glob("*.safetensors")) / 1e6
        print(f"{base.name}, {size:.0f} MB of weights\n\n| | MB/s | of a copy | peak memory |\n| --- | --- | --- | --- |")
        upstream = THEIR_CONVERSION.replace("base_of", f"Path({str(SOURCE)!r})")
        ways = {"a plain copy": COPY, "merge": OUR_MERGE, "- peft's own": PEFT_MERGE, "convert to f16": OUR_CONVERSION}
        if SOURCE.is_dir():
            ways["- llama.cpp's own converter"] = upstream
        copied = 0.0
        for name, code in ways.items():
            seconds, peak = best(code, base, adapter, temporary)
            copied = copied or size / seconds
            print(f"| {name} | {size / seconds:.0f} | {size / seconds / copied:.2f} | {peak:.0f} MB |", flush=True)
        once(OUR_CONVERSION, base, adapter, full)
        for kind in ("q8_0", "q4_k_m"):
            seconds, peak = best(QUANTIZE.format(kind=kind), full, adapter, temporary)
            print(f"| quantize to {kind} | {size / seconds:.0f} | {size / seconds / copied:.2f} | |", flush=True)


def smollm2() -> Path:
    from likeness.progress import Silent
    from train.base import base_folder

    return base_folder("builtin:smollm2-135m", Silent())


def make_adapter(base: Path, folder: Path) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=16, target_modules="all-linear"))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.01)
    adapted.save_pretrained(folder)
    return folder


def best(code: str, base: Path, adapter: Path, temporary: str) -> tuple[float, float]:
    """The quickest of some runs, in seconds, and its peak memory in MB."""
    return min(once(code, base, adapter, Path(temporary, f"out-{number}-{abs(hash(code))}")) for number in range(REPEATS))


def once(code: str, base: Path, adapter: Path, out: Path) -> tuple[float, float]:
    command = [sys.executable, "-P", "-c", HEAD + code + TAIL, base, adapter, out]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)


if __name__ == "__main__":
    main()
