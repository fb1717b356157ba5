"""The order of an export: vocabulary, 16 bit, its checks, each quantization and its checks, the app folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from export.bundle import Card, ExportReport, Made, check_names, write_bundle
from export.gguf.convert import FILE_TYPES, AboveF16, convert, read_config
from export.gguf.families import architecture_of
from export.gguf.imatrix import measure_importance, save_importance
from export.gguf.quantize import KINDS, ROUNDED_BY_IMPORTANCE, quantize
from export.gguf.vocabulary import adds_bos
from export.model_files import load_tokenizer
from export.ollama import bos_of, template_for_ollama
from export.probe import Conversation, render, turn_end
from export.sampling import read_sampling
from export.verify import Check, verify, verify_quantized, verify_vocabulary
from likeness.errors import CallError
from likeness.files import remove

NO_TEMPLATE = (
    "Ollama's language cannot say this model's chat template, so the Modelfile has none; "
    "see with `train verify-app --ollama URL` what Ollama takes in its place."
)

OTHERWISE = {
    "vocabulary": "Choose another base model.",
    "chat template": "Write it otherwise in the base's chat_template.jinja, or choose another base model.",
}


def export_model(
    merged: Path,
    out: Path,
    *,
    publisher: str,
    model: str,
    quants: Sequence[str],
    rows: Sequence[Conversation],
    system_prompt: str | None,
    progress: Callable[[str], None] = lambda _: None,
    dtype: str = "auto",
    source: str | None = None,
) -> ExportReport:
    """Export a merged model to `<out>/<publisher>/<model>/`, checked at every step.

    Args:
        merged: a Hugging Face model folder, as `merge_adapter` makes it.
        out: the folder beneath which the app folder appears.
        publisher: who publishes the model; the first folder.
        model: its name; the second folder, and the beginning of the files' names.
        quants: what to make, such as ["q4_k_m", "q8_0"]; the Modelfile names the first. `dtype` itself may be among
            them; otherwise the 16-bit file is removed once the others are made.
        rows: conversations that the model was trained on, for the checks.
        system_prompt: goes into Modelfile and README.
        progress: called with a sentence before each step.
        dtype: the type of the file that the others are made from: "f16", "bf16" or "f32"; "auto" is f16, and bf16 where a
            weight is larger than f16 can hold.
        source: what the model was made from, for the README; by default the name of `merged`.

    Returns:
        The report. A failed gate raises nothing: a quantized file that fails is withheld, in `<model>.failed`; where the 16-bit
        file fails, no further file is made, `passed` is False and all lie there.

    Raises:
        CallError: the model, a name or a quantization is not covered; nothing is written.
    """
    check_names(publisher, model)
    quants = list(dict.fromkeys(quants))
    _check_quants(quants, dtype)
    tokenizer = load_tokenizer(merged)
    end = turn_end(tokenizer) or tokenizer.eos_token_id
    stop = None if end is None else str(tokenizer.convert_ids_to_tokens(end))
    template = _ollama_template(tokenizer, rows)
    card = Card(publisher, model, source or merged.name, system_prompt, stop, read_sampling(merged), template)
    out.mkdir(parents=True, exist_ok=True)
    for left in out.glob(".export-*"):  # by a process that was killed: it may hold as much as the model
        remove(left)
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as temporary:
        made = _make(
            merged,
            Path(temporary),
            model=model,
            quants=quants,
            rows=rows,
            system_prompt=system_prompt,
            progress=progress,
            dtype=dtype,
        )
        if template is None and tokenizer.chat_template:
            made.checks.append(Check("ollama template", False, None, None, NO_TEMPLATE, "warning"))
        progress("Writing the app folder")
        return write_bundle(out, card, made)


def check_exportable(base: Path, rows: Sequence[Conversation], tokenizer: Any = None, *, model: str = "model") -> None:
    """See in a second or two, before anything is trained, that a model of this kind can be exported at all.

    Args:
        base: the base model's folder; merging changes neither its architecture nor its vocabulary.
        rows: conversations that it will be trained on.
        tokenizer: with the chat template that it will be exported with, where that is not the folder's own.
        model: what it will be called.

    Raises:
        CallError: its architecture is not covered, or llama.cpp would read its vocabulary or chat template differently.
    """
    architecture_of(read_config(base))
    wrong = [check for check in verify_vocabulary(base, rows, tokenizer, name=model) if not check.passed]
    if wrong:
        what = "chat template" if wrong[0].name == "chat template" else "vocabulary"
        raise CallError(f"llama.cpp reads the {what} of {base.name} differently: {wrong[0].message}", fix=OTHERWISE[what])


def _make(
    merged: Path,
    work: Path,
    *,
    model: str,
    quants: Sequence[str],
    rows: Sequence[Conversation],
    system_prompt: str | None,
    progress: Callable[[str], None],
    dtype: str,
) -> Made:
    """Make and check the files; stop early if the 16-bit file fails."""
    progress("Trying the vocabulary in llama.cpp")
    checks = verify_vocabulary(merged, rows, name=model)
    if _failed(checks):
        return Made([], [], checks)
    full = _convert(merged, work, model, dtype, progress)
    progress(f"Checking {full.name}")
    logits = work / "logits.npy"
    checks = verify(full, merged, rows, system_prompt=system_prompt, keep_logits=logits)
    if _failed(checks):
        return Made([], [full], checks)
    made = Made([], [], checks)
    importance = None
    if not ROUNDED_BY_IMPORTANCE.isdisjoint(quants):
        progress("Measuring which weights matter on the rows")
        measured = measure_importance(merged, rows)
        importance = save_importance(measured, work / "importance.safetensors") if measured else None
    for kind in quants:
        if full.stem.endswith(f"-{kind}"):
            made.good.append(full)
            continue
        progress(f"Quantizing to {kind}")
        file = quantize(full, work / f"{model}-{kind}.gguf", kind, importance)
        progress(f"Checking {file.name}")
        found = verify_quantized(file, kind, logits, merged, rows)
        made.checks.extend(found)
        (made.withheld if _failed(found) else made.good).append(file)
    return made


def _convert(merged: Path, work: Path, model: str, dtype: str, progress: Callable[[str], None]) -> Path:
    """The file that the others are made from."""
    for kind in ("f16", "bf16") if dtype == "auto" else (dtype,):
        progress(f"Converting to {kind}")
        try:
            return convert(merged, work / f"{model}-{kind}.gguf", kind, name=model)
        except AboveF16:
            if dtype != "auto":
                raise
    raise AssertionError("bf16 holds every value that f16 does not")


def _ollama_template(tokenizer: Any, rows: Sequence[Conversation]) -> str | None:
    """The chat template in Ollama's language, proven on the rows up to their last question."""
    if tokenizer.chat_template is None:
        return None
    openings = [row[:-1] for row in rows if row[-1]["role"] == "assistant"]
    return template_for_ollama(partial(render, tokenizer, reply=True), openings, bos_of(tokenizer, adds_bos(tokenizer)))


def _failed(checks: Sequence[Check]) -> bool:
    return any(not check.passed for check in checks if check.severity == "gate")


def _check_quants(quants: Sequence[str], dtype: str) -> None:
    on_offer = [*KINDS, *(("f16", "bf16") if dtype == "auto" else (dtype,))]
    if dtype not in ("auto", *FILE_TYPES) or not quants or any(kind not in on_offer for kind in quants):
        raise CallError(
            f"The files to make are {list(quants)}, from {dtype}.",
            fix=f"Choose one or more of {', '.join(on_offer)}, made from {', '.join(FILE_TYPES)}.",
        )
