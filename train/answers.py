"""The controlled questions, asked of the base and of the tuned model: the same questions for every run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipes.folders import write_whole

MOST_TOKENS = 300
AT_ONCE = 8


def answer_control(
    base: Path,
    adapter: Path,
    tokenizer: Any,
    control: list[dict[str, Any]],
    out: Path,
    progress: Callable[[float, float], None],
) -> list[dict[str, Any]]:
    """Ask every controlled question of base and tuned model, greedily, and write `out` (parquet).

    Returns:
        A row a question: id, about, question, base, tuned, base_stopped, tuned_stopped (did it end by itself within
        MOST_TOKENS tokens).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    on_gpu = torch.cuda.is_available()
    dtype = torch.bfloat16 if on_gpu else torch.float32
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, use_safetensors=True)
    model = PeftModel.from_pretrained(model, adapter).to("cuda" if on_gpu else "cpu").eval()
    rows = [{"id": q["id"], "about": q["about"], "question": q["prompt"][-1]["content"]} for q in control]
    for start in range(0, len(control), AT_ONCE):
        prompts = [question["prompt"] for question in control[start : start + AT_ONCE]]
        with model.disable_adapter():
            by_base = _replies(model, tokenizer, prompts)
        by_tuned = _replies(model, tokenizer, prompts)
        for row, one, other in zip(rows[start:], by_base, by_tuned, strict=False):
            row["base"], row["base_stopped"] = one
            row["tuned"], row["tuned_stopped"] = other
        progress(min(start + AT_ONCE, len(control)), len(control))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    write_whole(out, sink.getvalue().to_pybytes())
    return rows


def _replies(model: Any, tokenizer: Any, prompts: list[list[dict[str, str]]]) -> list[tuple[str, bool]]:
    """Text of each reply, and whether it ended by itself."""
    import torch

    tokenizer.padding_side = "left"
    inputs = tokenizer.apply_chat_template(
        prompts, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt", padding=True
    ).to(model.device)
    stops = _stops(model, tokenizer)
    with torch.inference_mode():
        output = model.generate(
            **inputs,
            max_new_tokens=MOST_TOKENS,
            do_sample=False,
            eos_token_id=stops,
            pad_token_id=tokenizer.pad_token_id,
        )
    replies = []
    for tokens in output[:, inputs["input_ids"].shape[1] :].tolist():
        end = next((i for i, token in enumerate(tokens) if token in stops), None)
        replies.append((tokenizer.decode(tokens[:end], skip_special_tokens=True).strip(), end is not None))
    return replies


def _stops(model: Any, tokenizer: Any) -> list[int]:
    """Every token that ends a reply: the tokenizer's, and those the model's generation settings add."""
    more = model.generation_config.eos_token_id
    more = more if isinstance(more, list) else [more]
    return sorted({tokenizer.eos_token_id, *(token for token in more if token is not None)})
