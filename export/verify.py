"""The checks an exported file must pass. Each catches a fault that the others miss (the tests plant them).

llama.cpp is asked in a process of its own, so a file that crashes it fails a check. Limits come from experiments on
planted faults: a wrong file is off by KL .2 or more, rounding to f16 by 1e-6.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from export.checks import answers, vocabulary, weights
from export.checks.answers import UNPACKED, mean_kl
from export.checks.check import Check, Subject
from export.gguf.architectures import Config, context_length
from export.gguf.convert import convert, read_config
from export.gguf.families import architecture_of
from export.gguf.quantize import fallback_warning
from export.model_files import load_tokenizer
from export.nf4 import nf4_settings
from export.probe import Conversation, make_probe, turn_end
from export.reference import Logits, ask_transformers
from likeness.files import is_disk_full
from likeness.llama.process import Llama, LlamaError, cores

__all__ = [
    "Check", "mean_kl", "verify", "verify_as_trained", "verify_merged", "verify_quantized", "verify_unpacked",
    "verify_vocabulary",
]  # fmt: skip

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
# The merged model against the adapted base. Rounding every adapted weight to bf16 costs 1e-6 on tiny models and .003 on
# SmolLM2-135M; a tied embedding that was adapted on one side only costs .017, a lost adapter all that the adapter does.
MERGE_KL_LIMIT, MERGE_SHARE, MERGE_NOISE = 0.01, 0.5, 4e-3


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
    probe = make_probe(tokenizer, rows, system_prompt, context=_context_of(config))
    reference = ask_transformers(model_folder, probe, turn_end(tokenizer) or tokenizer.eos_token_id)
    with tempfile.TemporaryDirectory() as temporary, Llama() as llama:
        subject = Subject(
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
    probe = make_probe(tokenizer, rows, context=_context_of(read_config(model_folder)))

    def loads() -> list[Check]:
        llama.load(gguf, context=probe.context)
        return [Check("loads", True, None, None, "llama.cpp loads the file and finds its values valid.")]

    def computes() -> list[Check]:
        with tempfile.TemporaryDirectory() as temporary:
            own = answers.llama_logits(llama, probe, Path(temporary, "logits.npy"))
        checks = answers.compared(np.load(logits, allow_pickle=False), own, QUANT_KL_LIMITS[kind], None, "the 16-bit file")
        quality = [answers.quality(kind, *(check.value for check in checks))] if checks[0].passed else []
        return checks + quality

    def size() -> list[Check]:
        warning = fallback_warning(gguf, kind)
        return [Check("size", warning is None, None, None, warning or f"Every matrix is {kind}.", "warning")]

    with Llama() as llama:
        return _run(gguf, [("loads", loads), ("logits", computes), ("size", size)])


def _context_of(config: Config) -> int:
    return context_length(config, architecture_of(config).has_window)


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
        The checks tokens, stop token and chat template.
    """
    tokenizer = tokenizer or load_tokenizer(model_folder)
    probe = make_probe(tokenizer, rows)
    with tempfile.TemporaryDirectory() as temporary, Llama() as llama:
        file = convert(model_folder, Path(temporary, "vocabulary.gguf"), vocabulary_only=True, tokenizer=tokenizer, name=name)
        try:
            llama.load(file, "vocabulary")
            checks = [vocabulary.same_tokens(llama, tokenizer, probe), vocabulary.reply_ends(llama, tokenizer)]
            return [*checks, vocabulary.same_prompts(llama, tokenizer, probe)] if tokenizer.chat_template else checks
        except LlamaError as error:
            return [Check("tokens", False, None, None, str(error))]


def verify_merged(base: Path, adapter: Path, merged: Path, rows: Sequence[Conversation], *, dequantized: bool = False) -> Check:
    """Compare what the adapted base answers with what the merged folder answers, as it lies on the disk.

    Args:
        base: the base model's folder.
        adapter: the adapter's.
        merged: what they were merged into.
        rows: conversations that the adapter was trained on.
        dequantized: whether it was merged onto the base as QLoRA trains on it. The adapted base is that one then, in 4 bits.

    Returns:
        The check "merged": mean KL of the merged model to the adapted one, held against the adapter's own effect.
    """
    kl, effect, message = _distance(base, adapter, merged, rows, in_nf4=dequantized)
    limit = min(MERGE_KL_LIMIT, max(MERGE_SHARE * effect, MERGE_NOISE))
    return Check("merged", kl < limit, kl, limit, message)


def verify_as_trained(base: Path, adapter: Path, merged: Path, rows: Sequence[Conversation]) -> float:
    """Mean KL of a model that was merged onto the 16-bit base to the one that QLoRA trained, whose base was in 4 bits.

    Args:
        base: the base model's folder.
        adapter: the adapter's.
        merged: what they were merged into.
        rows: conversations that the adapter was trained on.
    """
    return _distance(base, adapter, merged, rows, in_nf4=True)[0]


def _distance(base: Path, adapter: Path, merged: Path, rows: Sequence[Conversation], *, in_nf4: bool) -> tuple[float, float, str]:
    """Mean KL of the merged model to the adapted base, that of the bare base to it, and both in words."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    ids = torch.tensor([make_probe(load_tokenizer(merged), rows).sequence])
    more = {"quantization_config": nf4_settings(torch.float32), "device_map": "cpu"} if in_nf4 else {}
    with torch.no_grad():
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, use_safetensors=True, **more)
        model = PeftModel.from_pretrained(model, adapter).eval()
        adapted: Logits = model(input_ids=ids, use_cache=False).logits[0].numpy()
        with model.disable_adapter():
            bare: Logits = model(input_ids=ids, use_cache=False).logits[0].numpy()
        del model
        model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32, use_safetensors=True).eval()
        found: Logits = model(input_ids=ids, use_cache=False).logits[0].numpy()
    kl, effect = mean_kl(adapted, found), mean_kl(adapted, bare)
    top1 = float((adapted.argmax(-1) == found.argmax(-1)).mean())
    message = (
        f"KL to the adapted base {kl:.2g} nats a token, top-1 the same at {top1:.1%}; the adapter's own effect is {effect:.2g}."
    )
    return kl, effect, message


def verify_unpacked(gguf: Path, folder: Path) -> list[Check]:
    """Check a folder that was made of a GGUF file against the file: llama.cpp must answer as transformers does.

    llama.cpp multiplies quantized weights with quantized activations, so the file is brought back to full numbers first.

    Returns:
        The checks loads, tokens, chat template, stop token, logits, top-1, replies and replies end.
    """
    config, tokenizer = read_config(folder), load_tokenizer(folder)
    probe = make_probe(tokenizer, [], context=_context_of(config))
    with tempfile.TemporaryDirectory() as temporary, Llama() as llama:
        full = Path(temporary, f"{UNPACKED}.gguf")
        llama.ask("quantize", source=str(gguf), target=str(full), kind="f32", threads=cores())
        subject = Subject(
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


def _run(gguf: Path, steps: Sequence[tuple[str, Callable[[], list[Check]]]]) -> list[Check]:
    checks: list[Check] = []
    for name, step in steps:
        try:
            checks += step()
        except LlamaError as error:
            if is_disk_full(error):  # that says nothing of the file
                raise
            checks.append(Check(name, False, None, None, str(error)))
            break
    return [replace(check, file=gguf.name) for check in checks]


def _loads(subject: Subject) -> list[Check]:
    subject.found = subject.llama.load(subject.file, context=subject.probe.context)
    return [Check("loads", True, None, None, "llama.cpp loads the file.")]


_STEPS: Sequence[tuple[str, Callable[[Subject], list[Check]]]] = (
    ("loads", _loads),
    ("architecture", weights.architecture),
    ("tensors", weights.tensors),
    ("weights", weights.weights),
    ("tokens", vocabulary.tokens),
    ("special tokens", vocabulary.special_tokens),
    ("chat template", vocabulary.chat_template),
    ("stop token", vocabulary.stop_token),
    ("logits", answers.logits),
    ("replies", answers.replies),
)
