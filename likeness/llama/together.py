"""Several answers at once: for the next token of each of them the weights are read once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import llama_cpp

AT_ONCE = 8
"""Answers under way. A token of SmolLM2-135M (q8_0) takes one thread 20 ms alone, 8 among eight, 7 among sixteen."""
MOST_CACHE = 2 * 2**30
"""Bytes of keys and values for all of them: of a large model fewer are under way."""
BLOCK = 256
"""llama.cpp rounds the places of an answer up to a multiple of this."""


@dataclass
class Going:
    """An answer under way: its number, its sampler, how many places it has filled, and the ids to read next."""

    number: int
    sampler: Any
    filled: int
    ids: Sequence[int]


def go_on(
    model: Any,
    prompts: Sequence[Sequence[int]],
    tokens: Sequence[int],
    sampler: Callable[[], Any],
    ends: Callable[[int], bool],
) -> list[tuple[list[int], bool]]:
    """Continue prompts, each by itself: when one has ended, the next takes its place.

    The same prompts have the same answers. Among others an answer may differ, where two tokens are nearly as likely: sums of
    several rows are added up in another order than those of one.

    Args:
        model: a loaded `llama_cpp.Llama`.
        prompts: the ids of each.
        tokens: most ids to add to each, at least one.
        sampler: makes what draws the ids of an answer.
        ends: whether an id ends an answer.

    Returns:
        The ids of each answer, without the one that ended it, and whether one did.

    Raises:
        RuntimeError: llama.cpp refuses.
    """
    places = -(-max(len(prompt) + most for prompt, most in zip(prompts, tokens, strict=True)) // BLOCK) * BLOCK
    at_once = max(1, min(AT_ONCE, len(prompts), MOST_CACHE // (places * _cache_bytes(model))))
    made: list[list[int]] = [[] for _ in prompts]
    ended = [False] * len(prompts)
    waiting = list(range(len(prompts)))[::-1]
    going: dict[int, Going] = {}
    with _context(model, places * at_once, at_once) as (context, batch):
        while waiting or going:
            for row in range(at_once):
                if row not in going and waiting:
                    number = waiting.pop()
                    going[row] = Going(number, sampler(), 0, prompts[number])
            for row, place in _read(context, batch, going).items():
                answer = going[row]
                identifier = int(answer.sampler.sample(context, place))
                ended[answer.number] = ends(identifier)
                if not ended[answer.number]:
                    made[answer.number].append(identifier)
                if ended[answer.number] or len(made[answer.number]) >= tokens[answer.number]:
                    llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(context.ctx), row, -1, -1)
                    del going[row]
                else:
                    answer.ids = [identifier]
    return list(zip(made, ended, strict=True))


def _read(context: Any, batch: Any, going: dict[int, Going]) -> dict[int, int]:
    """Read what each answer has next; gives the place in the batch that each one's next id is drawn from."""
    drawn_from = {}
    batch.n_tokens = 0
    for row, answer in going.items():
        for identifier in answer.ids:
            place = batch.n_tokens
            batch.token[place], batch.pos[place] = identifier, answer.filled
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, row
            batch.logits[place] = False
            batch.n_tokens, answer.filled = place + 1, answer.filled + 1
        batch.logits[place] = True
        drawn_from[row] = place
    if status := llama_cpp.llama_decode(context.ctx, batch):
        raise RuntimeError(f"llama_decode answered {status}")
    return drawn_from


@dataclass(frozen=True)
class _Context:
    """As a sampler of `llama_cpp` takes it."""

    ctx: Any


@contextmanager
def _context(model: Any, places: int, rows: int) -> Generator[tuple[_Context, Any]]:
    """A context beside the model's own, with its settings, for so many answers; and a batch that fills it."""
    settings = type(model.context_params).from_buffer_copy(model.context_params)
    settings.n_ctx = settings.n_batch = places
    settings.n_ubatch = min(512, places)
    settings.n_seq_max = rows
    context = llama_cpp.llama_init_from_model(model._model.model, settings)
    if not context:
        raise RuntimeError(f"llama.cpp has no memory for {rows} answers at once")
    batch = llama_cpp.llama_batch_init(places, 0, 1)
    try:
        yield _Context(context), batch
    finally:
        llama_cpp.llama_batch_free(batch)
        llama_cpp.llama_free(context)


def _cache_bytes(model: Any) -> int:
    """Bytes of keys and values of one id: two numbers of 16 bits for each channel of each layer."""
    of = model._model.model
    layers, width = int(llama_cpp.llama_model_n_layer(of)), int(llama_cpp.llama_model_n_embd(of))
    heads, shared = int(llama_cpp.llama_model_n_head(of)), int(llama_cpp.llama_model_n_head_kv(of))
    return max(1, 4 * layers * width * shared // max(1, heads))
