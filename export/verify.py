"""The checks an exported file must pass. Each catches a fault that the others miss (the tests plant them).

llama.cpp is asked in a process of its own, so a file that crashes it fails a check. Limits come from experiments on
planted faults: a wrong file is off by KL .2 or more, rounding to f16 by 1e-6.
"""

from __future__ import annotations

import math
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from gguf import MODEL_ARCH_NAMES, LlamaFileType

from export.gguf.architectures import Architecture, Config
from export.gguf.convert import FILE_TYPES, convert, model_tensors, read_config
from export.gguf.families import architecture_of
from export.gguf.quantize import fallback_warning
from export.gguf.read import GgufFile
from export.gguf.rope import rope_tensors
from export.gguf.vocabulary import ENDS_BY_NAME, adds_bos_eos, pre_tokenizer_of
from export.model_files import load_tokenizer
from export.probe import REPLY_TOKENS, Conversation, Probe, ids, make_probe, render, turn_end
from export.reference import Logits, Reference, ask_transformers
from likeness.llama.process import Llama, LlamaError, cores

# Mean KL to transformers (nats a token), and the share of positions with the same most probable token. A bf16 file is
# as exact as an f16 one, but llama.cpp rounds what it multiplies with it to bf16 too: 1.7e-4 was measured on a sound file.
LOGIT_LIMITS: Mapping[str, tuple[float, float]] = {"f32": (1e-4, 0.99), "f16": (1e-4, 0.99), "bf16": (1e-3, 0.98)}

# Mean KL of a quantized file to its 16-bit file. Measured on SmolLM2-135M, the smallest real model at hand, whose rows of 576
# elements do not fit K-quants; on 384 positions of a dataset's rows, without an importance matrix (with one it is two thirds or
# less: docs/export.md), and in brackets how often the same token is most probable:
#   q8_0 .0035 (96 %)   q6_k .0084 (94 %)   q5_k_m .076 (81 %)   q4_k_m .040 (89 %)   q3_k_m .12 (75 %)
#   iq4_nl .14 (78 %)   iq4_xs .15 (76 %)   iq3_m .51 (59 %)
# Larger models lose less. A file beyond its limit is not lossy but wrong; how lossy the others are is told as a class.
QUANT_KL_LIMITS: Mapping[str, float] = {
    "q8_0": 0.02,
    "q6_k": 0.04,
    "q5_k_m": 0.25,
    "q5_k_s": 0.25,
    "q4_k_m": 0.25,
    "q4_k_s": 0.25,
    "q3_k_m": 0.5,
    "iq4_xs": 0.25,
    "iq4_nl": 0.25,
    "iq3_m": 0.8,
}
QUALITY = ((0.01, "as the original"), (0.05, "close"), (0.15, "noticeably rounded"), (math.inf, "coarse"))
# The merged model against the adapted base. Rounding every adapted weight to bf16 costs 1e-6 on tiny models and .003 on
# SmolLM2-135M; a tied embedding that was adapted on one side only costs .017, a lost adapter all that the adapter does.
MERGE_KL_LIMIT, MERGE_SHARE, MERGE_NOISE = 0.01, 0.5, 4e-3
# Half a unit in the last place, relative; and half the smallest step where f16 grows subnormal.
ROUNDING: Mapping[str, tuple[float, float]] = {"f32": (0.0, 0.0), "f16": (2.0**-11, 2.0**-25), "bf16": (2.0**-9, 0.0)}
# Two choices whose logits differ by less are a tie that rounding may break either way.
TIE = 0.05
# A quantized file against the folder made of it: the folder's weights are rounded to bf16 (7.7e-5 for SmolLM2-135M; models with
# random weights, which are sure of nothing, have 2 % of positions where another token is then as probable).
UNPACKED, UNPACKED_LIMITS = "unpacked", (2e-3, 0.96)
_ROWS_AT_ONCE = 4096


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
class _Subject:
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


def verify(
    gguf: Path,
    model_folder: Path,
    rows: Sequence[Conversation],
    *,
    system_prompt: str | None = None,
    keep_logits: Path | None = None,
) -> list[Check]:
    """Check a 16- or 32-bit GGUF file against the model that it was made from.

    Args:
        gguf: the file.
        model_folder: the Hugging Face folder it was converted from.
        rows: conversations (lists of {"role", "content"}) that the model was trained on; may be empty.
        system_prompt: used with stock questions where there are no rows.
        keep_logits: an .npy file to leave the file's own logits in, for `verify_quantized`.

    Returns:
        The checks, in this order: loads, architecture, tensors, weights, tokens, special tokens, chat template,
        stop token, logits, top-1, replies, replies end. They stop at the first that llama.cpp does not survive.
    """
    config = read_config(model_folder)
    tokenizer = load_tokenizer(model_folder)
    probe = make_probe(tokenizer, rows, system_prompt)
    reference = ask_transformers(model_folder, probe, turn_end(tokenizer) or tokenizer.eos_token_id)
    with tempfile.TemporaryDirectory() as temporary, Llama() as llama:
        subject = _Subject(
            gguf,
            model_folder,
            config,
            architecture_of(config),
            tokenizer,
            probe,
            reference,
            llama,
            keep_logits or Path(temporary, "logits.npy"),
        )
        return _run(gguf, [(name, partial(step, subject)) for name, step in _STEPS])


def verify_quantized(gguf: Path, kind: str, logits: Path, model_folder: Path, rows: Sequence[Conversation]) -> list[Check]:
    """Check a quantized file against the 16-bit file it was made from, whose `logits` `verify` has kept.

    Args:
        gguf: the quantized file.
        kind: its type, a key of KINDS.
        logits: the file that `verify` kept.
        model_folder: the model in transformers' format.
        rows: conversations that it was trained on.

    Returns:
        The checks loads, logits (mean KL to the 16-bit file), top-1 (reported only), quality (a warning that fails where the
        file is coarse), and size, a warning that fails where the quantizer fell back to larger types.
    """
    tokenizer = load_tokenizer(model_folder)
    probe = make_probe(tokenizer, rows)

    def loads() -> list[Check]:
        llama.load(gguf, context=probe.context)
        return [Check("loads", True, None, None, "llama.cpp loads the file and finds its values valid.")]

    def answers() -> list[Check]:
        with tempfile.TemporaryDirectory() as temporary:
            own = _llama_logits(llama, probe, Path(temporary, "logits.npy"))
        checks = _compare(np.load(logits, allow_pickle=False), own, QUANT_KL_LIMITS[kind], None, "the 16-bit file")
        quality = [_quality(kind, *(check.value for check in checks))] if checks[0].passed else []
        return checks + quality

    def size() -> list[Check]:
        warning = fallback_warning(gguf, kind)
        return [Check("size", warning is None, None, None, warning or f"Every matrix is {kind}.", "warning")]

    with Llama() as llama:
        return _run(gguf, [("loads", loads), ("logits", answers), ("size", size)])


def verify_vocabulary(
    model_folder: Path, rows: Sequence[Conversation], tokenizer: Any = None, *, name: str = "model"
) -> list[Check]:
    """Try the tokenizer alone in llama.cpp: seconds, where converting and checking a large model takes minutes.

    Args:
        model_folder: the model's folder.
        rows: conversations that it is trained on.
        tokenizer: to try instead of the folder's own.
        name: what the model will be called.

    Returns:
        The checks tokens and stop token.
    """
    tokenizer = tokenizer or load_tokenizer(model_folder)
    probe = make_probe(tokenizer, rows)
    with tempfile.TemporaryDirectory() as temporary, Llama() as llama:
        file = convert(model_folder, Path(temporary, "vocabulary.gguf"), vocabulary_only=True, tokenizer=tokenizer, name=name)
        try:
            llama.load(file, "vocabulary")
            return [_tokens_check(llama, tokenizer, probe), _stop_check(llama, tokenizer)]
        except LlamaError as error:
            return [Check("tokens", False, None, None, str(error))]


def verify_merged(base: Path, adapter: Path, merged: Path, rows: Sequence[Conversation]) -> Check:
    """Compare what the adapted base answers with what the merged folder answers, as it lies on the disk.

    Args:
        base: the base model's folder.
        adapter: the adapter's.
        merged: what they were merged into.
        rows: conversations that the adapter was trained on.

    Returns:
        The check "merged": mean KL of the merged model to the adapted one, held against the adapter's own effect.
    """
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    ids = torch.tensor([make_probe(load_tokenizer(merged), rows).sequence])
    with torch.no_grad():
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, use_safetensors=True)
        model = PeftModel.from_pretrained(model, adapter).eval()
        adapted: Logits = model(input_ids=ids, use_cache=False).logits[0].numpy()
        with model.disable_adapter():
            bare: Logits = model(input_ids=ids, use_cache=False).logits[0].numpy()
        del model
        model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32, use_safetensors=True).eval()
        found: Logits = model(input_ids=ids, use_cache=False).logits[0].numpy()
    kl, effect = mean_kl(adapted, found), mean_kl(adapted, bare)
    top1 = float((adapted.argmax(-1) == found.argmax(-1)).mean())
    limit = min(MERGE_KL_LIMIT, max(MERGE_SHARE * effect, MERGE_NOISE))
    message = (
        f"KL to the adapted base {kl:.2g} nats a token, top-1 the same at {top1:.1%}; the adapter's own effect is {effect:.2g}."
    )
    return Check("merged", kl < limit, kl, limit, message)


def verify_unpacked(gguf: Path, folder: Path) -> list[Check]:
    """Check a folder that was made of a GGUF file against the file: llama.cpp must answer as transformers does.

    llama.cpp multiplies quantized weights with quantized activations, so the file is brought back to full numbers first.

    Returns:
        The checks loads, tokens, chat template, stop token, logits, top-1, replies and replies end.
    """
    config, tokenizer = read_config(folder), load_tokenizer(folder)
    probe = make_probe(tokenizer, [])
    with tempfile.TemporaryDirectory() as temporary, Llama() as llama:
        full = Path(temporary, f"{UNPACKED}.gguf")
        llama.ask("quantize", source=str(gguf), target=str(full), kind="f32", threads=cores())
        subject = _Subject(
            full,
            folder,
            config,
            architecture_of(config),
            tokenizer,
            probe,
            ask_transformers(folder, probe, turn_end(tokenizer) or tokenizer.eos_token_id),
            llama,
            Path(temporary, "logits.npy"),
        )
        steps = {name: partial(step, subject) for name, step in _STEPS}
        wanted = ("loads", "tokens", "chat template", "stop token", "logits", "replies")
        without_template = ("loads", "tokens", "logits")
        return _run(gguf, [(name, steps[name]) for name in (wanted if tokenizer.chat_template else without_template)])


def mean_kl(expected: Logits, found: Logits) -> float:
    """Mean over positions of KL(expected || found), in nats; both of shape (positions, vocabulary)."""
    total = 0.0
    for start in range(0, len(expected), 64):  # in slices: float64 copies of all logits would be large
        one, other = (_log_softmax(logits[start : start + 64]) for logits in (expected, found))
        total += float((np.exp(one) * (one - other)).sum())
    return total / len(expected)


def _run(gguf: Path, steps: Sequence[tuple[str, Callable[[], list[Check]]]]) -> list[Check]:
    checks: list[Check] = []
    for name, step in steps:
        try:
            checks += step()
        except LlamaError as error:
            checks.append(Check(name, False, None, None, str(error)))
            break
    return [replace(check, file=gguf.name) for check in checks]


def _loads(subject: _Subject) -> list[Check]:
    subject.found = subject.llama.load(subject.file, context=subject.probe.context)
    return [Check("loads", True, None, None, "llama.cpp loads the file.")]


def _architecture(subject: _Subject) -> list[Check]:
    expected, found = MODEL_ARCH_NAMES[subject.architecture.name], subject.found["architecture"]
    return [Check("architecture", found == expected, found, expected, f"llama.cpp takes the file for {found}.")]


def _tensors(subject: _Subject) -> list[Check]:
    """Exactly the tensors that the model has, and every matrix of the type that the file claims."""
    reader = GgufFile(subject.file)
    found = {tensor.name for tensor in reader.tensors}
    expected = {tensor.name for tensor in model_tensors(subject.folder, subject.architecture, subject.config)}
    expected |= rope_tensors(subject.config).keys()
    kind = FILE_TYPES[_dtype(reader)][1].name
    types = Counter(tensor.kind.name for tensor in reader.tensors if len(tensor.shape) > 1)
    odd = sorted(found ^ expected)
    message = f"{len(found)} tensors, matrices: {dict(types)}."
    if odd:
        message += f" In the file or the model only: {', '.join(odd[:5])}."
    return [Check("tensors", not odd and set(types) == {kind}, len(found), len(expected), message)]


def _weights(subject: _Subject) -> list[Check]:
    """Read every weight back; the distance is in units of what rounding to the file's type may do (at most 1)."""
    reader = GgufFile(subject.file)
    written = {tensor.name: tensor for tensor in reader.tensors}
    worst, where = 0.0, ""
    for tensor in model_tensors(subject.folder, subject.architecture, subject.config):
        if tensor.name not in written:
            continue  # the check of the tensors has said so
        kind = "f32" if len(tensor.shape) == 1 else _dtype(reader)
        values = torch.from_numpy(written[tensor.name].values())
        shift = 1.0 if subject.architecture.shifts_norms and tensor.name.endswith("norm.weight") else 0.0
        distance = _distance(tensor.load().float() + shift, _as_in_transformers(values, tensor.name, subject), kind)
        if distance > worst:
            worst, where = distance, tensor.source
    passed = worst <= 1.0 + 1e-6
    message = "Every weight reads back within rounding." if passed else f"{where} reads back differently."
    return [Check("weights", passed, worst, 1.0, message)]


def _as_in_transformers(values: torch.Tensor, name: str, subject: _Subject) -> torch.Tensor:
    """Undo the pairing of rotated rows, in words of its own: even rows are a head's first half, odd ones its second."""
    keys = {".attn_q.": "num_attention_heads", ".attn_k.": "num_key_value_heads"}
    heads = next((subject.config[key] for part, key in keys.items() if part in name), None)
    if heads is None or not subject.architecture.rotates_pairs:
        return values
    by_head = values.reshape(heads, values.shape[0] // heads, *values.shape[1:])
    return torch.cat([by_head[:, 0::2], by_head[:, 1::2]], dim=1).flatten(0, 1)


def _distance(expected: torch.Tensor, found: torch.Tensor, kind: str) -> float:
    if expected.shape != found.shape:
        return float("inf")
    relative, absolute = ROUNDING[kind]
    worst = 0.0
    for start in range(0, len(expected), _ROWS_AT_ONCE):
        one = expected[start : start + _ROWS_AT_ONCE].float()
        error = (one - found[start : start + _ROWS_AT_ONCE]).abs()
        allowed = one.abs() * relative + absolute
        ratio = torch.where(error == 0, 0.0, error / allowed).max().item()
        worst = float("inf") if math.isnan(ratio) else max(worst, ratio)
    return worst


def _tokens(subject: _Subject) -> list[Check]:
    return [_tokens_check(subject.llama, subject.tokenizer, subject.probe)]


def _tokens_check(llama: Llama, tokenizer: Any, probe: Probe) -> Check:
    """The same ids in both, except for three things that llama.cpp is known to do differently.

    It does not compose characters (NFC), so composed text may be compared instead. And it makes a mark of each token that it
    knows by its text to end a reply ("</s>" of every Qwen vocabulary is an ordinary token): such a text may be cut there.
    And its tekken cuts words before vowel signs and accents that stand alone (the marks of Hindi, say): that is allowed where no
    row that the model was trained on holds any.
    """
    texts = probe.texts
    expected = [ids(tokenizer, text) for text in texts]
    found = llama.ask("tokenize", texts=texts)
    composed = llama.ask("tokenize", texts=[unicodedata.normalize("NFC", text) for text in texts])
    ordinary = _ordinary_ends(tokenizer)
    tekken, own = pre_tokenizer_of(tokenizer) == "tekken", set(probe.rendered)
    by_name: set[str] = set()
    wrong: list[str] = []
    for text, one, two, three in zip(texts, expected, found, composed, strict=True):
        if one in (two, three):
            continue
        met = {end for end in ordinary if end in text}
        if met and _cut_at(tokenizer, text, ordinary) == two:
            by_name |= met
        elif tekken and text not in own and any(unicodedata.category(letter).startswith("M") for letter in text):
            by_name.add("accents that stand alone")
        else:
            wrong.append(text)
    message = f"{len(texts) - len(wrong)} of {len(texts)} texts give the same ids in transformers and llama.cpp."
    if by_name:
        message += f" llama.cpp is known to read {', '.join(sorted(by_name))} differently."
    if wrong:
        message += f" Not so {wrong[0][:60]!r}: the pre-tokenizer or the vocabulary of the file is wrong."
    return Check("tokens", not wrong, len(wrong), 0, message)


def _ordinary_ends(tokenizer: Any) -> dict[str, int]:
    """Texts that end a reply in llama.cpp and are ordinary tokens here."""
    marks = {token.content for token in tokenizer.added_tokens_decoder.values()}
    vocabulary = tokenizer.get_vocab()
    return {text: vocabulary[text] for text in ENDS_BY_NAME if text in vocabulary and text not in marks}


def _cut_at(tokenizer: Any, text: str, ends: Mapping[str, int]) -> list[int]:
    """The ids of a text in which each of `ends` is a token of its own."""
    cut = re.split("(" + "|".join(map(re.escape, sorted(ends, key=len, reverse=True))) + ")", text)
    return [token for part in cut if part for token in ([ends[part]] if part in ends else ids(tokenizer, part))]


def _special_tokens(subject: _Subject) -> list[Check]:
    tokenizer, found = subject.tokenizer, subject.found
    begins, ends = adds_bos_eos(tokenizer)
    expected = {"eos": tokenizer.eos_token_id, "adds_bos": begins, "adds_eos": ends}
    if tokenizer.bos_token_id is not None:
        expected["bos"] = tokenizer.bos_token_id
    wrong = {name: found[name] for name, value in expected.items() if found[name] != value}
    message = f"The file says {wrong}, the tokenizer {expected}." if wrong else "BOS and EOS are the tokenizer's."
    return [Check("special tokens", not wrong, str(wrong or "same"), "same", message)]


def _chat_template(subject: _Subject) -> list[Check]:
    def check(passed: bool, message: str) -> list[Check]:
        return [Check("chat template", passed, None, None, message)]

    if subject.found["template"] is None:
        return check(False, "The file has no chat template; give the model's tokenizer one, then export again.")
    if subject.tokenizer.chat_template is None:
        return check(False, "The file has a chat template, the model has none: it is not this model's.")
    conversations, tokenizer = subject.probe.conversations, subject.tokenizer
    expected = [render(tokenizer, conversation, reply=True) for conversation in conversations]
    found = subject.llama.ask("render", conversations=conversations, generation_prompt=True)
    for one, other in zip(expected, found, strict=True):
        if one != other:
            return check(False, f"transformers renders {one[:80]!r}, llama.cpp {other[:80]!r}.")
    if subject.llama.ask("tokenize", texts=found) != [ids(tokenizer, text) for text in expected]:
        return check(False, "The rendered conversations give other ids in llama.cpp.")
    return check(True, f"{len(found)} conversations render to the same text and ids.")


def _stop_token(subject: _Subject) -> list[Check]:
    return [_stop_check(subject.llama, subject.tokenizer)]


def _stop_check(llama: Llama, tokenizer: Any) -> Check:
    """The token that the template puts after a reply must end a generation, or every app talks on forever."""
    end = turn_end(tokenizer)
    if end is None:
        message = "The chat template ends a reply with no special token: the model cannot learn to stop."
        return Check("stop token", False, None, None, message, "warning")
    text = str(tokenizer.convert_ids_to_tokens(end))
    passed = llama.ask("ends", ids=[end]) == [True]
    message = f"{text} {'ends' if passed else 'does not end'} a generation in llama.cpp."
    return Check("stop token", passed, text, None, message if passed else f"{message} Make it the tokenizer's EOS.")


def _logits(subject: _Subject) -> list[Check]:
    found = _llama_logits(subject.llama, subject.probe, subject.keep_logits)
    kl_limit, top1_limit = LOGIT_LIMITS[_dtype(GgufFile(subject.file))]
    if subject.file.stem == UNPACKED:
        kl_limit, top1_limit = UNPACKED_LIMITS
    return _compare(subject.reference.logits, found, kl_limit, top1_limit, "transformers")


def _llama_logits(llama: Llama, probe: Probe, file: Path) -> Logits:
    llama.ask("logits", ids=probe.sequence, out=str(file))
    logits: Logits = np.load(file, allow_pickle=False)
    return logits


def _compare(expected: Logits, found: Logits, kl_limit: float, top1_limit: float | None, whom: str) -> list[Check]:
    if expected.shape != found.shape:
        message = f"Logits of shape {found.shape}, {whom} gives {expected.shape}."
        return [Check("logits", False, None, kl_limit, message)]
    kl, top1 = mean_kl(expected, found), float((expected.argmax(-1) == found.argmax(-1)).mean())
    agreed = f"The most probable token is that of {whom} at {top1:.1%} of {len(found)} positions."
    return [
        Check("logits", kl < kl_limit, kl, kl_limit, f"Mean KL to {whom}: {kl:.2g} nats a token."),
        Check("top-1", top1_limit is None or top1 >= top1_limit, top1, top1_limit, agreed),
    ]


def _quality(kind: str, kl: Any, top1: Any) -> Check:
    """How much a quantization costs, as a class that a person can choose by."""
    name = next(name for limit, name in QUALITY if kl < limit)
    message = f"{kind} is {name}: KL {kl:.2g}, the same most probable token at {top1:.0%}."
    return Check("quality", name != QUALITY[-1][1], name, None, message, "warning")


def _replies(subject: _Subject) -> list[Check]:
    """Greedy replies, id by id. That they also end is a warning: a model of few steps may ramble, and be exported."""
    different, ended = 0, 0
    probe, expected = subject.probe, subject.reference.replies
    for prompt, limit, reply in zip(probe.prompts, probe.reply_limits, expected, strict=True):
        found = subject.llama.ask("greedy", ids=prompt, tokens=limit)
        ended += subject.llama.ask("ends", ids=found[-1:]) == [True]
        different += not _same_reply(reply.ids, found[:REPLY_TOKENS], reply.logits)
    total = len(probe.prompts)
    return [
        Check("replies", different == 0, different, 0, f"{total - different} of {total} greedy replies are the same."),
        Check("replies end", ended == total, ended, total, f"{ended} of {total} replies end by themselves.", "warning"),
    ]


def _same_reply(expected: list[int], found: list[int], logits: npt.NDArray[np.float32]) -> bool:
    """Whether two greedy replies agree up to their end or to a choice that was a tie."""
    for one, other, scores in zip(expected, found, logits, strict=False):
        if one != other:
            return bool(scores[one] - scores[other] < TIE)
    return len(expected) == len(found)


def _dtype(file: GgufFile) -> str:
    """The type that a file claims for its matrices: f32, f16 or bf16."""
    claimed = LlamaFileType(int(file.keys["general.file_type"]))
    return next(name for name, (file_type, _) in FILE_TYPES.items() if file_type == claimed)


def _log_softmax(logits: Logits) -> npt.NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    result: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


_STEPS: Sequence[tuple[str, Callable[[_Subject], list[Check]]]] = (
    ("loads", _loads),
    ("architecture", _architecture),
    ("tensors", _tensors),
    ("weights", _weights),
    ("tokens", _tokens),
    ("special tokens", _special_tokens),
    ("chat template", _chat_template),
    ("stop token", _stop_token),
    ("logits", _logits),
    ("replies", _replies),
)
