"""What a check is, and what the checks of one file share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gguf import LlamaFileType

from export.gguf.architectures import Architecture, Config
from export.gguf.convert import FILE_TYPES
from export.gguf.read import GgufFile
from export.probe import Probe
from export.reference import Reference
from likeness.llama.process import Llama


@dataclass(frozen=True)
class Check:
    """What one check found. A failed "gate" forbids the file; a failed "warning" is for the person to read."""

    name: str
    passed: bool
    value: float | int | str | None
    limit: float | int | str | None
    message: str
    severity: Literal["gate", "warning"] = "gate"
    file: str = ""


@dataclass
class Subject:
    """What the checks of one 16-bit file share."""

    file: Path
    folder: Path
    config: Config
    architecture: Architecture
    tokenizer: Any
    probe: Probe
    reference: Reference
    llama: Llama
    keep_logits: Path
    found: dict[str, Any] = field(default_factory=dict)


def dtype_of(file: GgufFile) -> str:
    """The type that a file claims for its matrices: f32, f16 or bf16."""
    claimed = LlamaFileType(int(file.keys["general.file_type"]))
    return next(name for name, (file_type, _) in FILE_TYPES.items() if file_type == claimed)
