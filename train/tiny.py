"""`builtin:tiny`: a small chat model that is trained on this machine, so that demos and tests need no download.

It has the shape of Llama, the pre-tokenizer of SmolLM2 and a ChatML template without a default system prompt. It
learns to read and write from `tiny_text.jsonl` alone: 458 questions and answers and 150 short accounts in plain
English. It knows nothing beyond them, and its English is as broken as 40,000 words leave it; what it is for is to be a
real model with a real tokenizer that trains, merges and exports in seconds.

2.8 million parameters, 380 steps of 1,024 tokens: about two minutes on two cores, once per machine. The loss on its own
text ends at 1.9; with AdamW alone it ended at 3.4.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likeness.files import atomic_folder
from likeness.lock import one_after_another

if TYPE_CHECKING:
    pass

Progress = Callable[[float, str], None]

TEXT = Path(__file__).with_name("tiny_text.jsonl")

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"  # ids 0, 1 and 2, in this order
ROLES = ("system", "user", "assistant")
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "Answer in plain words.",
    "You are a kind and patient helper.",
    "Answer the question in a few short sentences.",
)

SHAPE = {
    "hidden_size": 256,  # K-quants need rows of 256 or a multiple; on any other width they silently fall back
    "intermediate_size": 512,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
}


@dataclass(frozen=True)
class Settings:
    """How the model is made. A change here makes another model, in another folder of the cache."""

    version: int = 1  # raise it when a change of the code below changes the weights
    seed: int = 7
    threads: int = 2  # fixed, because the order of additions depends on it
    vocabulary: int = 3072  # most words of the text become one token
    steps: int = 380
    windows: int = 4  # 1,024 tokens a step: on so little text many small steps learn more than few large ones
    window: int = 256
    system_share: float = 0.1  # share of rows with a neutral system prompt, so that the model knows one
    rate: float = 8e-3
    warm_up: float = 0.05
    weight_decay: float = 0.1


SETTINGS = Settings()


def tiny_folder(progress: Progress | None = None) -> Path:
    """The model's folder in the cache; the model is made first where it is not there yet.

    Two processes may call this at once: one makes the model and the other waits for it. One that is killed leaves
    nothing that the next call would take for a model.

    Raises:
        MachineError: the cache folder cannot be written to.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "likeness", f"tiny-{fingerprint()}")
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with one_after_another(folder.with_suffix(".lock")):
            if not folder.is_dir():
                make_tiny(folder, progress=progress)
    return folder


def fingerprint() -> str:
    """What the model depends on, in twelve characters: the constants of this module and the text."""
    constants = [asdict(SETTINGS), SHAPE, CHAT_TEMPLATE, SYSTEM_PROMPTS]
    return hashlib.sha256(json.dumps(constants).encode() + TEXT.read_bytes()).hexdigest()[:12]


def make_tiny(folder: Path, *, steps: int = SETTINGS.steps, progress: Progress | None = None) -> None:
    """Train the model and write it to `folder`, which appears only when it is whole.

    The same machine makes the same bytes every time. Nothing is left changed in torch: random state, number of
    threads and determinism are put back.

    Args:
        folder: to write to.
        steps: of training.
        progress: called with the share that is done, and a line about it.

    Raises:
        MachineError: the folder cannot be written to.
    """
    report = progress or (lambda _share, _message: None)
    report(0.0, "making the tokenizer")
    rows = [json.loads(line) for line in TEXT.read_text(encoding="utf-8").splitlines()]
    tokenizer = _tokenizer(rows)
    with _same_every_time():
        model = _model(tokenizer)
        _train(model, _windows(rows, tokenizer), steps, report)
    with atomic_folder(folder) as part:
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
    report(1.0, "")


def _tokenizer(rows: Sequence[dict[str, str]]) -> Any:
    """Byte-level BPE in the manner of SmolLM2 (llama.cpp calls its pre-tokenizer `smollm`), learnt from the text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SETTINGS.vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),  # every byte, so that no text is ever unknown
        show_progress=False,
    )
    # The roles are in every rendered row and nowhere in the text: without this each would cost five tokens a turn.
    bpe.train_from_iterator([text for row in rows for text in (*ROLES, *row.values())], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[START],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=SHAPE["max_position_embeddings"],
    )


def _model(tokenizer: Any) -> Any:
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    special = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=True, **SHAPE, **special))
    model.generation_config = GenerationConfig(**special)
    return model


def _windows(rows: Sequence[dict[str, str]], tokenizer: Any) -> Iterator[list[int]]:
    """An endless stream of windows of rendered rows, shuffled in each round.

    A window begins where a row begins, as a chat does, and cuts its last row short. Rows see those before them, as
    the turns of a longer chat would: that is how a model trained on rows of 60 tokens learns to bear 256.
    """
    order = random.Random(SETTINGS.seed)  # noqa: S311 - it shuffles, it keeps no secret
    window: list[int] = []
    while True:
        for row in order.sample(rows, len(rows)):
            if "text" in row:
                window += tokenizer(row["text"] + PAD).input_ids
            else:
                chat = [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["response"]}]
                if order.random() < SETTINGS.system_share:
                    chat.insert(0, {"role": "system", "content": order.choice(SYSTEM_PROMPTS)})
                window += tokenizer.apply_chat_template(chat, return_dict=False)
            if len(window) >= SETTINGS.window:
                yield window[: SETTINGS.window]
                window = []


def _train(model: Any, windows: Iterator[list[int]], steps: int, report: Progress) -> None:
    """The whole of the training: Muon for the matrices inside the layers, AdamW for the rest; a short warm-up, a cosine down.

    On so few steps Muon (Jordan et al. 2024) ends at less than half the loss that AdamW alone does.
    """
    import torch

    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in named if p.ndim != 2 or "embed" in name]
    decay = SETTINGS.weight_decay
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=SETTINGS.rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw", ns_steps=4),
        torch.optim.AdamW(others, lr=SETTINGS.rate, betas=(0.9, 0.95), weight_decay=decay),
    ]
    model.train()
    for step in range(steps):
        warm = min(1.0, (step + 1) / max(1.0, steps * SETTINGS.warm_up))
        cosine = 0.05 + 0.95 * (1 + math.cos(math.pi * step / steps)) / 2
        batch = torch.tensor([next(windows) for _ in range(SETTINGS.windows)])
        logits = model(batch, use_cache=False).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = SETTINGS.rate * warm * cosine
            optimizer.step()
        model.zero_grad()
        report((step + 1) / steps, f"loss {loss.item():.2f}")
    model.eval()


@contextmanager
def _same_every_time() -> Iterator[None]:
    """Seed, threads and determinism as the model needs them; afterwards as they were."""
    import torch

    fills: Any = torch.utils.deterministic
    threads, fill = torch.get_num_threads(), fills.fill_uninitialized_memory
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=[]):
        try:
            torch.manual_seed(SETTINGS.seed)
            torch.set_num_threads(SETTINGS.threads)
            torch.use_deterministic_algorithms(True)
            fills.fill_uninitialized_memory = False  # it is for finding bugs and halves the speed
            yield
        finally:
            fills.fill_uninitialized_memory = fill
            torch.use_deterministic_algorithms(strict, warn_only=warn)
            torch.set_num_threads(threads)
