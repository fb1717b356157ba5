"""The order of an export: vocabulary, 16 bit, its checks, each quantization and its checks, the app folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from transformers import AutoTokenizer

from export.bundle import Card, ExportReport, check_names, write_bundle
from export.errors import ExportError
from export.gguf.architectures import architecture_of
from export.gguf.convert import FILE_TYPES, convert, read_config
from export.gguf.quantize import KINDS, quantize
from export.probe import Conversation, turn_end
from export.verify import Check, verify, verify_quantized, verify_vocabulary


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
    dtype: str = "f16",
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
        dtype: the type of the file that the others are made from: "f16", "bf16" or "f32".
        source: what the model was made from, for the README; by default the name of `merged`.

    Returns:
        The report. A failed gate raises nothing: `passed` is False, no further file is made, and what there is lies in
        `<model>.failed`.

    Raises:
        ExportError: the model, a name or a quantization is not covered; nothing is written.
    """
    check_names(publisher, model)
    _check_quants(quants, dtype)
    tokenizer = AutoTokenizer.from_pretrained(merged)
    end = turn_end(tokenizer) or tokenizer.eos_token_id
    stop = None if end is None else str(tokenizer.convert_ids_to_tokens(end))
    card = Card(publisher, model, source or merged.name, system_prompt, stop)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as temporary:
        files, checks = _make(
            merged,
            Path(temporary),
            model=model,
            quants=quants,
            rows=rows,
            system_prompt=system_prompt,
            progress=progress,
            dtype=dtype,
        )
        progress("Writing the app folder")
        return write_bundle(out, card, files, checks)


def check_exportable(model: Path, rows: Sequence[Conversation]) -> None:
    """See in a second or two, before anything is trained, that a model of this kind can be exported at all.

    Args:
        model: the base model's folder; merging changes neither its architecture nor its vocabulary.
        rows: conversations that it will be trained on.

    Raises:
        ExportError: its architecture is not covered, or llama.cpp would read its vocabulary otherwise.
    """
    architecture_of(read_config(model))
    check = verify_vocabulary(model, rows)
    if not check.passed:
        raise ExportError(
            f"llama.cpp reads the vocabulary of {model.name} otherwise: {check.message}", "Choose another base model."
        )


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
) -> tuple[list[Path], list[Check]]:
    """Make and check the files; ends early where a gate fails."""
    progress("Trying the vocabulary in llama.cpp")
    checks = [verify_vocabulary(merged, rows)]
    if _failed(checks):
        return [], checks
    progress(f"Converting to {dtype}")
    full = convert(merged, work / f"{model}-{dtype}.gguf", dtype, name=model)
    progress(f"Checking {full.name}")
    logits = work / "logits.npy"
    checks = verify(full, merged, rows, system_prompt=system_prompt, keep_logits=logits)
    if _failed(checks):
        return [full], checks
    files: list[Path] = []
    for kind in quants:
        if kind == dtype:
            files.append(full)
            continue
        progress(f"Quantizing to {kind}")
        files.append(quantize(full, work / f"{model}-{kind}.gguf", kind))
        progress(f"Checking {files[-1].name}")
        checks += verify_quantized(files[-1], kind, logits, merged, rows)
        if _failed(checks):
            break
    return files, checks


def _failed(checks: Sequence[Check]) -> bool:
    return any(not check.passed for check in checks if check.severity == "gate")


def _check_quants(quants: Sequence[str], dtype: str) -> None:
    on_offer = [*KINDS, dtype]
    if dtype not in FILE_TYPES or not quants or any(kind not in on_offer for kind in quants):
        raise ExportError(
            f"The files to make are {list(quants)}, from {dtype}.",
            f"Choose one or more of {', '.join(on_offer)}, made from {', '.join(FILE_TYPES)}.",
        )
