"""A GGUF file's vocabulary as a Hugging Face tokenizer: the reverse of `export.gguf.vocabulary`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gguf import TokenType

from export.gguf.vocabulary import PRE_TOKENIZERS
from likeness.errors import CallError

COMPOSED = frozenset({"qwen2", "qwen35"})
"""Pre-tokenizers before which Hugging Face's tokenizers compose characters (NFC)."""
WHOLE_WORDS_FIRST = frozenset({"llama-bpe", "tekken"})
"""Pre-tokenizers after which a word that is a token is taken whole, whatever its merges."""


@dataclass(frozen=True)
class Pieces:
    """A vocabulary: a text and a type for each id, with scores (SentencePiece) or merges (byte-level BPE)."""

    texts: Sequence[str]
    types: Sequence[int]
    scores: Sequence[float] | None = None
    merges: Sequence[str] | None = None


def byte_level_tokenizer(pieces: Pieces, pre_tokenizer: str) -> Any:
    """A byte-level BPE (`tokenizers.Tokenizer`) with the pre-tokenizer that llama.cpp calls by this name.

    Raises:
        CallError: the name is not one that is covered.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    steps = next((steps for steps, name in PRE_TOKENIZERS.items() if name == pre_tokenizer), None)
    if steps is None:
        raise CallError(
            f"the pre-tokenizer {pre_tokenizer!r} of its vocabulary is not covered",
            fix=f"Covered are {', '.join(PRE_TOKENIZERS.values())}.",
        )
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in pieces.merges or ())]
    tokenizer = Tokenizer(models.BPE(_vocabulary(pieces), merges, ignore_merges=pre_tokenizer in WHOLE_WORDS_FIRST))
    cut: dict[str, Callable[[], Any]] = {
        "single digits": lambda: pre_tokenizers.Digits(individual_digits=True),
        "words and bytes": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        "bytes": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    }
    split: Any = pre_tokenizers.Split
    made = [cut[step]() if step in cut else split(Regex(step), "isolated") for step in steps]
    tokenizer.pre_tokenizer = made[0] if len(made) == 1 else pre_tokenizers.Sequence(made)
    if pre_tokenizer in COMPOSED:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    _add_marks(tokenizer, pieces)
    return tokenizer


def sentencepiece_tokenizer(pieces: Pieces, adds_space: bool) -> Any:
    """A SentencePiece BPE with byte fallback (`tokenizers.Tokenizer`).

    Args:
        pieces: the vocabulary, with scores.
        adds_space: whether a text gets a space before it, at its beginning and after each mark.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers.convert_slow_tokenizer import generate_merges

    vocabulary = _vocabulary(pieces)
    plain = (TokenType.NORMAL, TokenType.USER_DEFINED)
    scores = {text: pieces.scores[i] for text, i in vocabulary.items() if pieces.scores and pieces.types[i] in plain}
    others = {text for text, i in vocabulary.items() if pieces.types[i] != TokenType.NORMAL}
    unknown = next((text for text, kind in zip(pieces.texts, pieces.types, strict=True) if kind == TokenType.UNKNOWN), "<unk>")
    tokenizer = Tokenizer(
        models.BPE(
            vocabulary,
            generate_merges(vocabulary, scores, skip_tokens=others),
            unk_token=unknown if unknown in vocabulary else None,
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    replace = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace]) if adds_space else replace
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if adds_space else steps)
    _add_marks(tokenizer, pieces)
    return tokenizer


def wrap(tokenizer: Any, pieces: Pieces, special: Mapping[str, int | None], template: str | None, adds_bos: bool) -> Any:
    """A tokenizer as transformers has it.

    Args:
        tokenizer: a `tokenizers.Tokenizer`.
        pieces: its vocabulary.
        special: ids of bos, eos, unk and pad, where there are any.
        template: the chat template.
        adds_bos: whether a text gets BOS before it.
    """
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    named = {f"{name}_token": pieces.texts[number] for name, number in special.items() if number is not None}
    if adds_bos and (begin := named.get("bos_token")):
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", pair=f"{begin} $A {begin} $B", special_tokens=[(begin, special["bos"])]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, chat_template=template, **named
    )


def _vocabulary(pieces: Pieces) -> dict[str, int]:
    """Text to id, without unused rows; of two ids with the same text the first is used."""
    vocabulary: dict[str, int] = {}
    for number, (text, kind) in enumerate(zip(pieces.texts, pieces.types, strict=True)):
        if kind != TokenType.UNUSED:
            vocabulary.setdefault(text, number)
    return vocabulary


def _add_marks(tokenizer: Any, pieces: Pieces) -> None:
    """Special tokens are found in a text before anything else is done to it."""
    from tokenizers import AddedToken

    for text, kind in zip(pieces.texts, pieces.types, strict=True):
        if kind in (TokenType.CONTROL, TokenType.UNKNOWN):
            tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False)])
        elif kind == TokenType.USER_DEFINED:
            tokenizer.add_tokens([AddedToken(text, special=False, normalized=False)])
