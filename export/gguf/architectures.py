"""What distinguishes a family of models in a GGUF file from the same family in transformers.

The conventions are those of llama.cpp's own converter (`convert_hf_to_gguf.py`, MIT); each family is held to them, and to what
transformers computes, in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from gguf import MODEL_ARCH, GGUFWriter

from likeness.errors import CallError

Config = Mapping[str, Any]


class Keys:
    """Keys of a file's architecture, by what follows its name."""

    def __init__(self, keys: Mapping[str, Any], kind: str) -> None:
        self._keys, self._kind = keys, kind

    def __call__(self, name: str, default: Any = None) -> Any:
        """The value of a key; what holds for all layers alike where the file has one for each.

        Raises:
            CallError: the layers differ.
        """
        found = self._keys.get(f"{self._kind}.{name}", default)
        if isinstance(found, list):
            if len(set(found)) != 1:
                raise CallError(f"its layers differ in {name}, which is not covered", fix="Choose a model of equal layers.")
            return found[0]
        return found

    def required(self, name: str) -> Any:
        """The value of a key that must be there.

        Raises:
            CallError: it is not there.
        """
        if (found := self(name)) is None:
            raise CallError(f"it lacks the key {self._kind}.{name}", fix="Fetch or convert the file again.")
        return found


def _no_more(_writer: GGUFWriter, _config: Config) -> None:
    """Most families have no keys of their own."""


def _none_read(_get: Keys, _tensors: Set[str]) -> dict[str, Any]:
    return {}


def _no_objection(_config: Config) -> str | None:
    return None


@dataclass(frozen=True)
class Architecture:
    """How one family of models is written to a GGUF file, and read from one.

    Args:
        name: llama.cpp's architecture.
        rotates_pairs: llama.cpp rotates neighbouring rows (2i, 2i+1) of a query or key head, transformers the rows
            (i, i + head/2): the rows are reordered.
        writes_rope_dimension: llama.cpp expects that key.
        activation: the one that llama.cpp computes.
        shifts_norms: the weight of a norm is stored plus one.
        has_window: llama.cpp attends to a sliding window where the model does.
        write_keys: writes the keys that only this family has.
        objection: what of a configuration has no counterpart in llama.cpp, in a few words; None where all has.
        model_type: of transformers, for a file that is read as a base model; "" where none is.
        read_keys: what `write_keys` wrote, as keys of config.json, from the file's keys and the names of its tensors.
    """

    name: MODEL_ARCH
    rotates_pairs: bool = False
    writes_rope_dimension: bool = False
    activation: str = "silu"
    shifts_norms: bool = False
    has_window: bool = False
    write_keys: Callable[[GGUFWriter, Config], None] = _no_more
    objection: Callable[[Config], str | None] = _no_objection
    model_type: str = ""
    read_keys: Callable[[Keys, Set[str]], dict[str, Any]] = _none_read


def head_size(config: Config) -> int:
    """Width of one attention head, in elements."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def context_length(config: Config, has_window: bool = False) -> int:
    """Tokens that the file may promise to attend to.

    Most of llama.cpp's graphs have no attention window. Below the window both compute the same, so a Mistral with a window is
    exported with the window as its whole context.

    Args:
        config: the model's.
        has_window: whether llama.cpp's graph of it has the window.
    """
    length = int(config["max_position_embeddings"])
    window = None if has_window else config.get("sliding_window")
    return min(length, int(window)) if window else length
