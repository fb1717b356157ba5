"""A Hugging Face tokenizer as the vocabulary of a GGUF file.

Two kinds are covered, both read from the tokenizer that transformers itself uses: byte-level BPE (GPT-2, Llama 3, Qwen,
SmolLM2) and SentencePiece BPE with byte fallback (Llama 2, TinyLlama, Mistral). How a text is cut before the merges
("pre-tokenizer") is known to llama.cpp only by name. The name is looked up by the tokenizer's structure; that it is the
right one is proven by `export.verify`, which compares ids. No other check would see it: a wrong name moves no logits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gguf import GGUFWriter, TokenType

from likeness.errors import CallError

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_AFTER_NUMBERS = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = r"|[^\r\n\p{L}\p{N}]?\p{L}+"

_TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# llama.cpp's names (llama-vocab.cpp), by the steps that tokenizer.json declares.
PRE_TOKENIZERS: Mapping[tuple[str, ...], str] = {
    ("words and bytes",): "gpt-2",
    ("single digits", "words and bytes"): "smollm",
    (_CONTRACTIONS + _WORDS + r"|\p{N}" + _AFTER_NUMBERS, "bytes"): "qwen2",
    (_CONTRACTIONS + _WORDS + r"|\p{N}{1,3}" + _AFTER_NUMBERS, "bytes"): "llama-bpe",
    (_TEKKEN, "bytes"): "tekken",
}

# Texts that end a generation in llama.cpp wherever they are a token, which they make a control token (llama-vocab.cpp, "maintain
# a list of tokens that cause end-of-generation").
ENDS_BY_NAME = frozenset(
    "<|eot_id|> <|im_end|> <|end|> <|return|> <|call|> <|flush|> <|calls|> <end_of_turn> <|endoftext|> </s> <|eom_id|> "
    "<EOT> _<EOT> [EOT] [EOS] <|end_of_text|> <end_of_utterance> <eos> <turn|> <|tool_response> <｜end▁of▁sentence｜> "
    "[e~[".split()
)


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a GGUF file; `texts`, `types` (and `scores`) have one entry for each row of the embedding."""

    model: str
    pre_tokenizer: str
    texts: list[str]
    types: list[int]
    merges: list[str] | None = None
    scores: list[float] | None = None
    adds_space_prefix: bool | None = None


def read_vocabulary(tokenizer: Any, rows: int) -> Vocabulary:
    """The vocabulary of a transformers tokenizer, filled up to the `rows` of the model's embedding.

    Raises:
        CallError: the tokenizer is of a kind that is not covered, or has ids that the model has no row for.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise CallError("The tokenizer has no tokenizer.json.", fix="Use a base model that ships one.")
    if tokenizer.eos_token_id is None:
        raise CallError("The tokenizer names no EOS token, so no reply would end.", fix="Set its eos_token.")
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    kind = description["model"]["type"]
    if kind != "BPE":
        raise CallError(f"A {kind} tokenizer is not covered, only BPE.", fix="Use a base model with a BPE tokenizer.")
    highest = max(tokenizer.get_vocab().values())
    if highest >= rows:
        raise CallError(
            f"The tokenizer has the id {highest}, the model only {rows} rows of embedding.",
            fix="Resize the model's embedding before training, or use the tokenizer that belongs to the model.",
        )
    if description["model"].get("byte_fallback"):
        return _sentencepiece(tokenizer, description, rows)
    return _byte_level(tokenizer, description, rows)


def write_vocabulary(writer: GGUFWriter, tokenizer: Any, vocabulary: Vocabulary, end: int | None = None) -> None:
    """Write a vocabulary, the special ids, whether a text begins with BOS, and the chat template.

    Args:
        writer: of the file.
        tokenizer: the vocabulary's.
        vocabulary: as `read_vocabulary` gives it.
        end: the id that ends a reply in the chat template; said where llama.cpp would not know it by itself.
    """
    writer.add_tokenizer_model(vocabulary.model)
    writer.add_tokenizer_pre(vocabulary.pre_tokenizer)
    writer.add_token_list(vocabulary.texts)
    writer.add_token_types(vocabulary.types)
    if vocabulary.scores is not None:
        writer.add_token_scores(vocabulary.scores)
    if vocabulary.merges is not None:
        writer.add_token_merges(vocabulary.merges)
    if vocabulary.adds_space_prefix is not None:
        writer.add_add_space_prefix(vocabulary.adds_space_prefix)
    write_special_ids(writer, tokenizer)
    if end is not None and end != tokenizer.eos_token_id and vocabulary.texts[end] not in ENDS_BY_NAME:
        writer.add_eot_token_id(end)
    template = tokenizer.chat_template
    if isinstance(template, str):
        writer.add_chat_template(template)


def write_special_ids(writer: GGUFWriter, tokenizer: Any) -> None:
    """Write BOS, EOS, UNK and PAD, and whether BOS is added to a text.

    EOS never is, even where the tokenizer adds it (for training on documents): an app would end each prompt with it.
    """
    for name in ("bos", "eos", "unk", "pad"):
        identifier = getattr(tokenizer, f"{name}_token_id")
        if identifier is not None:
            getattr(writer, f"add_{name}_token_id")(identifier)
    writer.add_add_bos_token(adds_bos(tokenizer))
    writer.add_add_eos_token(False)


def adds_bos(tokenizer: Any) -> bool:
    """Whether the tokenizer puts BOS before a text: it is asked, its many settings are not parsed."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    return bool(full[:1] == [tokenizer.bos_token_id] and bare[:1] != full[:1])


def pre_tokenizer_name(description: Mapping[str, Any]) -> str:
    """llama.cpp's name for the pre-tokenizer of a byte-level tokenizer.json.

    Raises:
        CallError: no name is known for its steps.
    """
    steps = tuple(_step(step) for step in _flat(description.get("pre_tokenizer")))
    if steps not in PRE_TOKENIZERS:
        raise CallError(
            f"llama.cpp's name for the pre-tokenizer {' + '.join(steps) or '(none)'} is not known.",
            fix=f"Known are those of {', '.join(PRE_TOKENIZERS.values())}; use a base model with one of them.",
        )
    return PRE_TOKENIZERS[steps]


def pre_tokenizer_of(tokenizer: Any) -> str | None:
    """llama.cpp's name for a tokenizer's pre-tokenizer, or None where it has none."""
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    return PRE_TOKENIZERS.get(tuple(_step(step) for step in _flat(description["pre_tokenizer"])))


def _flat(step: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if step is None:
        return []
    if step["type"] == "Sequence":
        return [inner for part in step["pretokenizers"] for inner in _flat(part)]
    return [step]


def _step(step: Mapping[str, Any]) -> str:
    match step:
        case {"type": "ByteLevel", "add_prefix_space": False, "use_regex": cuts}:
            return "words and bytes" if cuts else "bytes"
        case {"type": "Digits", "individual_digits": True}:
            return "single digits"
        case {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}:
            return str(pattern)
        case _:
            return json.dumps(dict(step), ensure_ascii=False)


def _byte_level(tokenizer: Any, description: Mapping[str, Any], rows: int) -> Vocabulary:
    texts, types = _unused(rows)
    for text, identifier in description["model"]["vocab"].items():
        texts[identifier], types[identifier] = text, TokenType.NORMAL
    for identifier, token in tokenizer.added_tokens_decoder.items():
        texts[identifier] = token.content
        types[identifier] = TokenType.CONTROL if token.special else TokenType.USER_DEFINED
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in description["model"]["merges"]]
    return Vocabulary("gpt2", pre_tokenizer_name(description), texts, types, merges=merges)


def _sentencepiece(tokenizer: Any, description: Mapping[str, Any], rows: int) -> Vocabulary:
    """SentencePiece merges the pair whose piece has the highest score; so score = -(rank of the merge) is the BPE."""
    texts, types = _unused(rows)
    scores = [-10000.0] * rows
    model = description["model"]
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(model["merges"]):
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        ranks.setdefault(left + right, rank)
    for text, identifier in model["vocab"].items():
        texts[identifier] = text
        types[identifier] = _sentencepiece_type(text, model.get("unk_token"))
        scores[identifier] = -float(ranks.get(text, len(ranks) + identifier))
    for identifier, token in tokenizer.added_tokens_decoder.items():
        if types[identifier] in (TokenType.UNKNOWN, TokenType.BYTE):
            continue
        texts[identifier] = token.content if token.special else token.content.replace("▁", " ")
        types[identifier] = TokenType.CONTROL if token.special else TokenType.USER_DEFINED
        scores[identifier] = -1000.0
    return Vocabulary("llama", "default", texts, types, scores=scores, adds_space_prefix=prefixes_after_special(tokenizer))


def _unused(rows: int) -> tuple[list[str], list[int]]:
    """Names for the rows of the embedding that no token uses (embeddings are often padded to a multiple of 64)."""
    return [f"[PAD{row}]" for row in range(rows)], [int(TokenType.UNUSED)] * rows


def _sentencepiece_type(text: str, unknown: str | None) -> TokenType:
    if text == unknown:
        return TokenType.UNKNOWN
    is_byte = len(text) == len("<0x00>") and text.startswith("<0x") and text.endswith(">")
    return TokenType.BYTE if is_byte else TokenType.NORMAL


def prefixes_after_special(tokenizer: Any) -> bool:
    """Whether the text after a special token gets a leading space, which is where a conversation's texts stand.

    llama.cpp adds that space always or never; transformers 5 may add it at the very beginning only ("first"). A
    rendered conversation begins with a special token, so for it "never" is then the same.
    """
    found = tokenizer(f"{tokenizer.eos_token}a", add_special_tokens=False)["input_ids"]
    return str(tokenizer.convert_ids_to_tokens(found)[1]).startswith("▁")


def looks_before_prefixing(tokenizer: Any) -> bool:
    """Whether the tokenizer adds no space where a text begins with one, which llama.cpp would do ("Metaspace")."""
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    return any(step["type"] == "Metaspace" for step in _flat(description.get("pre_tokenizer")))
