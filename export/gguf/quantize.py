"""A 16-bit GGUF file -> fewer bits, by llama.cpp's own quantizer; and a count of what it really did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

from export.gguf.read import GgufFile
from likeness.errors import CallError
from likeness.files import atomic_file
from likeness.llama.process import Llama, cores

# The tensor types that belong to each kind. Anything else among the matrices is a fallback: K-quants need rows of a
# multiple of 256 elements, the older kinds of 32, and llama.cpp takes a larger type where that does not hold, while
# the file goes on calling itself by the kind that was asked for.
KINDS: Mapping[str, frozenset[str]] = {
    "q8_0": frozenset({"Q8_0"}),
    "q6_k": frozenset({"Q6_K"}),
    "q5_k_m": frozenset({"Q5_K", "Q6_K"}),
    "q5_k_s": frozenset({"Q5_K", "Q6_K"}),
    "q4_k_m": frozenset({"Q4_K", "Q5_K", "Q6_K"}),
    "q4_k_s": frozenset({"Q4_K", "Q5_K", "Q6_K"}),
    "q3_k_m": frozenset({"Q3_K", "Q4_K", "Q5_K", "Q6_K"}),
    "iq4_xs": frozenset({"IQ4_XS", "Q5_K", "Q6_K"}),
    "iq4_nl": frozenset({"IQ4_NL", "Q5_K", "Q6_K"}),
    "iq3_m": frozenset({"IQ3_S", "Q4_K", "Q5_K", "Q6_K"}),
}
SMALL_BLOCK, LARGE_BLOCK = 32, 256
BLOCKS: Mapping[str, int] = {"q8_0": SMALL_BLOCK, "iq4_nl": SMALL_BLOCK}
"""Elements of a row that a type rounds together; LARGE_BLOCK where a kind is not named."""
ROUNDED_BY_IMPORTANCE = frozenset(KINDS) - {"q8_0"}
"""What an importance matrix makes better; eight bits round so little that llama.cpp does not look at it."""


def quantize(source: Path, out: Path, kind: str, importance: Path | None = None) -> Path:
    """Quantize the 16- or 32-bit GGUF file `source` to `kind` (a key of KINDS), written beside `out` and renamed.

    Args:
        source: the 16- or 32-bit file.
        out: the file to write.
        kind: a key of KINDS.
        importance: a file of `save_importance`, by which columns are rounded with more or less care.

    Raises:
        CallError: the kind is not known, or llama.cpp could not do it.
    """
    if kind not in KINDS:
        raise CallError(f"{kind!r} is not a supported quantization.", fix=f"Choose among {', '.join(KINDS)}.")
    with atomic_file(out) as part, Llama() as llama:
        by = str(importance) if importance and kind in ROUNDED_BY_IMPORTANCE else None
        llama.ask("quantize", source=str(source), target=str(part), kind=kind, threads=cores(), importance=by)
    return out


def census(file: Path) -> Counter[str]:
    """How many matrices of a GGUF file have which type; vectors, which stay float32 everywhere, are not counted."""
    return Counter(tensor.kind.name for tensor in GgufFile(file).tensors if len(tensor.shape) > 1)


def fallback_warning(file: Path, kind: str) -> str | None:
    """A sentence that says how much of the file is larger than `kind` promises, or None where nothing is."""
    matrices = [tensor for tensor in GgufFile(file).tensors if len(tensor.shape) > 1]
    others = [tensor for tensor in matrices if tensor.kind.name not in KINDS[kind]]
    if not others:
        return None
    types = Counter(tensor.kind.name for tensor in others)
    widths = ", ".join(str(width) for width in sorted({tensor.shape[-1] for tensor in others}))
    share = sum(prod(tensor.shape) for tensor in others) / sum(prod(tensor.shape) for tensor in matrices)
    block, advice = _block_and_advice(tensor.shape[-1] for tensor in others)
    counted = ", ".join(f"{count} as {name}" for name, count in types.items())
    return (
        f"{len(others)} of {len(matrices)} matrices are not {kind} but {counted}: their rows of {widths} elements do not fit its "
        f"blocks of {block}. This {kind} is {share:.0%} {'/'.join(sorted(types)).lower()}, so it is larger than its name says; "
        f"{advice}."
    )


def unfit_widths(widths: Iterable[int], kind: str) -> str | None:
    """A sentence that says which matrices of a model will be larger than `kind` promises, before there is a file.

    Args:
        widths: how many elements the rows of its matrices have.
        kind: a key of KINDS.
    """
    wrong = sorted({width for width in widths if width % BLOCKS.get(kind, LARGE_BLOCK)})
    if not wrong:
        return None
    block, advice = _block_and_advice(wrong)
    rows = ", ".join(map(str, wrong))
    return f"{kind}: rows of {rows} elements do not fit its blocks of {block}, so its file is larger than its name says; {advice}"


def _block_and_advice(widths: Iterable[int]) -> tuple[int, str]:
    """The size of the blocks that rows of these widths do not fit, and what to take instead."""
    if all(width % SMALL_BLOCK == 0 for width in widths):
        return LARGE_BLOCK, "choose q8_0"
    return SMALL_BLOCK, f"no type has smaller blocks: take it as it is, or a base whose sizes are multiples of {SMALL_BLOCK}"
