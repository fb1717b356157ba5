"""What QLoRA trained, merged onto the original base and onto the dequantized one: which is nearer to it, which is better.

    .venv/bin/python tests/benchmarks/merge_bases.py BASE ADAPTER DATASET [ROWS]

BASE and ADAPTER are folders, the adapter trained with `method: qlora`; DATASET is a dataset's folder. Each model is asked the answers of
the first ROWS held-out rows (12 without a number) and of the general questions: loss, and mean KL to the model as it was trained.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

from export.merge import merge_adapter  # noqa: E402
from export.nf4 import nf4_settings  # noqa: E402
from train.data import Row, RowBuilder, last_turn, load_rows  # noqa: E402
from train.evaluate.forgetting import tasks  # noqa: E402
from train.preflight import load_tokenizer, stop_ids  # noqa: E402
from train.room import room_of  # noqa: E402
from train.template import study  # noqa: E402

FULL = {"dtype": torch.float32, "use_safetensors": True}


def main() -> None:
    base, adapter, dataset = map(Path, sys.argv[1:4])
    voice, general = rows_of(base, dataset, int(sys.argv[4]) if len(sys.argv) > 4 else 12)
    trained: list[torch.Tensor] = []
    print("| model | voice | general | KL to as trained | same top-1 |\n| --- | --- | --- | --- | --- |")
    for name, model in models(base, adapter):
        found = [log_probabilities(model, row) for row in (*voice, *general)]
        trained = trained or found
        pairs = list(zip(trained, found, strict=True))
        tokens = sum(len(one) for one in found)
        kl = sum(float((one.exp() * (one - other)).sum()) for one, other in pairs) / tokens
        same = sum(int((one.argmax(-1) == other.argmax(-1)).sum()) for one, other in pairs) / tokens
        of_voice, of_general = loss(found[: len(voice)], voice), loss(found[len(voice) :], general)
        print(f"| {name} | {of_voice:.4f} | {of_general:.4f} | {kl:.2g} | {same:.1%} |", flush=True)


def rows_of(base: Path, dataset: Path, number: int) -> tuple[list[Row], list[Row]]:
    """Held-out rows of the dataset, and the general answers."""
    tokenizer = load_tokenizer(base, str(base))
    template = study(tokenizer, stop_ids(tokenizer, base), str(base))
    tokenizer.chat_template = template.text
    builder = RowBuilder(tokenizer, template, date(2026, 1, 1))
    general: list[Row] = []
    for each in tasks()[1]:
        made = builder.rows("", [{"role": "user", "content": each["question"]}, {"role": "assistant", "content": each["answer"]}])
        general += made if isinstance(made, list) else []
    return load_rows(dataset, tokenizer, template, room_of(base, 2048)).validation[:number], general


def models(base: Path, adapter: Path) -> Iterator[tuple[str, Any]]:
    """As it was trained first: all others are held against it."""
    in_nf4 = AutoModelForCausalLM.from_pretrained(base, quantization_config=nf4_settings(torch.float32), **FULL)
    yield "as trained, on 4 bits", PeftModel.from_pretrained(in_nf4, adapter).eval()
    for onto in ("original", "dequantized"):
        with tempfile.TemporaryDirectory() as temporary:
            merged = merge_adapter(base, adapter, Path(temporary, "merged"), dequantized=onto == "dequantized").folder
            yield f"merged, {onto}", AutoModelForCausalLM.from_pretrained(merged, **FULL).eval()
    yield "base, not trained", AutoModelForCausalLM.from_pretrained(base, **FULL).eval()


@torch.no_grad()
def log_probabilities(model: Any, row: Row) -> torch.Tensor:
    """Of every token of the vocabulary, at each place of the answer."""
    prompt, answer = last_turn(row)
    logits = model(input_ids=torch.tensor([prompt + answer]), use_cache=False).logits[0, len(prompt) - 1 : -1]
    found: torch.Tensor = logits.float().log_softmax(-1)
    return found


def loss(found: list[torch.Tensor], rows: list[Row]) -> float:
    """Nats a token of the answers."""
    answers = [torch.tensor(last_turn(row)[1]) for row in rows]
    nats = sum(float(one.gather(1, ids.unsqueeze(1)).sum()) for one, ids in zip(found, answers, strict=True))
    return -nats / sum(len(ids) for ids in answers)


if __name__ == "__main__":
    main()
