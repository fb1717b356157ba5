"""Reading a GGUF file: its keys as plain values, its tensors where they lie.

gguf's own reader makes an array of every string of the vocabulary: 5 s for 150,000 tokens, each time a file is looked at.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType, dequantize, quant_shape_to_byte_shape

from likeness.errors import CallError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_NUMBERS = {
    GGUFValueType.UINT8: "B",
    GGUFValueType.INT8: "b",
    GGUFValueType.UINT16: "H",
    GGUFValueType.INT16: "h",
    GGUFValueType.UINT32: "I",
    GGUFValueType.INT32: "i",
    GGUFValueType.FLOAT32: "f",
    GGUFValueType.BOOL: "?",
    GGUFValueType.UINT64: "Q",
    GGUFValueType.INT64: "q",
    GGUFValueType.FLOAT64: "d",
}
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of a file: its name, its shape in torch's order, its type, and how to read its bytes."""

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    raw: Callable[[], npt.NDArray[Any]]

    def values(self) -> npt.NDArray[np.float32]:
        """Its numbers, float32 of its shape."""
        data = self.raw().reshape(quant_shape_to_byte_shape(self.shape, self.kind))
        if self.kind == GGMLQuantizationType.F32:
            return data.view(np.float32).reshape(self.shape).copy()
        if self.kind == GGMLQuantizationType.F16:
            return data.view(np.float16).reshape(self.shape).astype(np.float32)
        numbers: npt.NDArray[np.float32] = dequantize(data, self.kind).astype(np.float32, copy=False)
        return numbers.reshape(self.shape)


class GgufFile:
    """A GGUF file: `keys` by their full names, `tensors` in the file's order.

    Raises:
        CallError: it is not one, is cut short, or is of a kind that is not read (big-endian, version 1).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys: dict[str, Any] = {}
        self.tensors: list[StoredTensor] = []
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._at = 0
            self._read()
        except (OSError, struct.error, UnicodeDecodeError, ValueError, IndexError) as error:
            raise CallError(f"is not a readable GGUF file: {error}", where=str(path), fix="Fetch or convert it again.") from None

    def _read(self) -> None:
        if self._data[:4] != MAGIC:
            raise ValueError("it does not begin as one")
        self._at = 4
        version = self._number("I")
        if version not in VERSIONS:
            raise ValueError(f"its version is {version}; supported are {' and '.join(map(str, VERSIONS))}")
        count, keys = self._number("Q"), self._number("Q")
        for _ in range(keys):
            name = self._string()
            self.keys[name] = self._value(GGUFValueType(self._number("I")))
        infos = [self._info() for _ in range(count)]
        step = int(self.keys.get("general.alignment", 32))
        begin = (self._at + step - 1) // step * step
        for name, shape, kind, offset in infos:
            block, size = GGML_QUANT_SIZES[kind]
            length, start = prod(shape) // block * size, begin + offset
            if start + length > len(self._data):
                raise ValueError(f"it is cut short in {name}")
            self.tensors.append(StoredTensor(name, shape, kind, self._reader(start, length)))

    def _reader(self, start: int, length: int) -> Callable[[], npt.NDArray[Any]]:
        return lambda: np.frombuffer(self._data, dtype=np.uint8, count=length, offset=start)

    def _info(self) -> tuple[str, tuple[int, ...], GGMLQuantizationType, int]:
        name = self._string()
        sides = self._numbers("Q", self._number("I"))
        return name, tuple(reversed(sides)), GGMLQuantizationType(self._number("I")), self._number("Q")

    def _value(self, kind: GGUFValueType) -> Any:
        if kind == GGUFValueType.STRING:
            return self._string()
        if kind == GGUFValueType.ARRAY:
            inner, count = GGUFValueType(self._number("I")), self._number("Q")
            if inner in _NUMBERS:
                return list(self._numbers(_NUMBERS[inner], count))
            if inner == GGUFValueType.STRING:
                return self._strings(count)
            return [self._value(inner) for _ in range(count)]
        return self._number(_NUMBERS[kind])

    def _string(self) -> str:
        return self._strings(1)[0]

    def _strings(self, count: int) -> list[str]:
        """Strings one after the other: a vocabulary and its merges are half a million."""
        found, data, at, end, length_at = [], self._data, self._at, len(self._data), _LENGTH.unpack_from
        for _ in range(count):
            start = at + 8
            at = start + length_at(data, at)[0] if start <= end else start
            if at > end:
                raise ValueError("it is cut short")
            found.append(data[start:at].decode("utf-8", "replace"))
        self._at = at
        return found

    def _number(self, code: str) -> Any:
        return self._numbers(code, 1)[0]

    def _numbers(self, code: str, count: int) -> tuple[Any, ...]:
        if count * struct.calcsize(code) > len(self._data) - self._at:
            raise ValueError("it is cut short")
        pattern = struct.Struct(f"<{count}{code}")
        found = pattern.unpack_from(self._data, self._at)
        self._at += pattern.size
        return found
