"""Run a causal model over many prompts at once. What they begin with in common (the system prompt) is read once."""

from __future__ import annotations

import functools
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from export.sampling import Sampling

ROOM = 64
"""Places that a cache grows by."""


@dataclass
class Batch:
    """Prompts that a model has read: its cache, which positions of it count, the next position, and the last logits."""

    cache: Any
    mask: Any
    position: Any
    logits: Any

    def select(self, rows: Any) -> None:
        """Keep these rows, in this order; a row may be taken more than once."""
        self.cache.batch_select_indices(rows)
        self.mask, self.position, self.logits = self.mask[rows], self.position[rows], self.logits[rows]

    def read(self, model: Any, ids: Any, mask: Any, *, last_only: bool) -> Any:
        """Go on with further ids in every row.

        Args:
            model: the one that has read the prompts.
            ids: of shape (rows, ids).
            mask: 1 where an id counts, 0 for padding.
            last_only: whether only the logits after the last id are needed.

        Returns:
            The logits.
        """
        import torch

        self.mask = torch.cat([self.mask, mask], dim=1)
        places = self.position[:, None] + (mask.cumsum(1) - 1).clamp(min=0)
        self.position = self.position + mask.sum(1)
        out = model(
            input_ids=ids,
            attention_mask=self.mask,
            position_ids=places,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1 if last_only else 0,
        )
        self.cache, self.logits = out.past_key_values, out.logits[:, -1].float()
        return out.logits


def read_prompts(model: Any, prompts: Sequence[Sequence[int]], pad: int) -> Batch:
    """Read prompts.

    Args:
        model: a causal model of transformers.
        prompts: the ids of each.
        pad: any id; it is masked.
    """
    import torch

    device, rows, cache = model.device, len(prompts), _new_cache(model)
    # padding between the shared part and a prompt's own would take places in a sliding window
    shared = 0 if any(layer.is_sliding for layer in cache.layers) else _shared(prompts)
    own = [list(prompt[shared:]) for prompt in prompts]
    longest = max(map(len, own))
    ids = torch.tensor([[pad] * (longest - len(each)) + each for each in own], device=device)
    mask = torch.tensor([[0] * (longest - len(each)) + [1] * len(each) for each in own], device=device)
    if shared:
        start = torch.tensor([list(prompts[0][:shared])], device=device)
        cache = model(input_ids=start, past_key_values=cache, use_cache=True, logits_to_keep=1).past_key_values
        cache.batch_repeat_interleave(rows)
    batch = Batch(
        cache,
        torch.ones((rows, shared), dtype=mask.dtype, device=device),
        torch.full((rows,), shared, device=device),
        None,
    )
    batch.read(model, ids, mask, last_only=True)
    return batch


def _new_cache(model: Any) -> Any:
    """A cache for the model, whose layers do not copy what they hold for every id."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    cache = DynamicCache(config=model.config)
    cache.layers = [_roomy_layer()() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


@functools.cache
def _roomy_layer() -> Any:
    from transformers.cache_utils import DynamicLayer

    class RoomyLayer(DynamicLayer):  # type: ignore[misc]
        """Grows by ROOM places at a time."""

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self._room = {"keys": None, "values": None}
            length = self.get_seq_length()
            self.keys = self._append("keys", length, key_states)
            self.values = self._append("values", length, value_states)
            return self.keys, self.values

        def _append(self, name: str, length: int, new: Any) -> Any:
            held, buffer, wanted = getattr(self, name), self._room[name], length + new.shape[-2]
            if buffer is None or buffer.data_ptr() != held.data_ptr() or buffer.shape[-2] < wanted:
                buffer = self._room[name] = new.new_empty((*new.shape[:-2], wanted + ROOM, new.shape[-1]))
                if length:
                    buffer[..., :length, :] = held
            buffer[..., length:wanted, :] = new
            return buffer[..., :wanted, :]

    return RoomyLayer


def _shared(prompts: Sequence[Sequence[int]]) -> int:
    """How many ids all prompts begin with; at least one of each prompt is left over."""
    same = 0
    for ids in zip(*(prompt[:-1] for prompt in prompts), strict=False):
        if len(set(ids)) > 1:
            break
        same += 1
    return same


def _without_gradients(model: Any) -> Any:
    """Weights that several processes share are gathered in place for each pass, which inference mode forbids."""
    import torch

    weight = next(model.parameters())
    return torch.no_grad() if hasattr(weight, "full_tensor") or hasattr(weight, "ds_id") else torch.inference_mode()


def generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    tokens: int,
    stops: Set[int],
    sampling: Sampling,
    seed: int,
    pad: int,
) -> list[list[int]]:
    """Continue prompts up to and with an id of `stops`, or by `tokens` ids. What has ended is computed no further.

    Args:
        model: a causal model of transformers.
        prompts: the ids of each.
        tokens: most ids to add.
        stops: ids that end a continuation.
        sampling: how ids are drawn.
        seed: of the drawing. The draws of a prompt do not depend on when others end.
        pad: any id; it is masked.
    """
    import torch

    chances = torch.rand((len(prompts), tokens), generator=torch.Generator().manual_seed(seed)).to(model.device)
    longest = max(map(len, prompts))
    seen = torch.tensor([[prompt[0]] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=model.device)
    made: list[list[int]] = [[] for _ in prompts]
    going = list(range(len(prompts)))
    with _without_gradients(model):
        batch = read_prompts(model, prompts, pad)
        for number in range(tokens):
            drawn = draw(batch.logits, seen, sampling, chances[:, number])
            for row, identifier in zip(going, drawn.tolist(), strict=True):
                made[row].append(identifier)
            left = [place for place, row in enumerate(going) if made[row][-1] not in stops]
            if not left or number == tokens - 1:
                break
            if len(left) < len(going):
                going = [going[place] for place in left]
                rows = torch.tensor(left, device=model.device)
                batch.select(rows)
                drawn, seen, chances = drawn[rows], seen[rows], chances[rows]
            seen = torch.cat([seen, drawn[:, None]], dim=1)
            batch.read(model, drawn[:, None], torch.ones_like(drawn[:, None]), last_only=True)
    return made


def draw(logits: Any, seen: Any, sampling: Sampling, chances: Any) -> Any:
    """The next id of each row, as `Sampling` says.

    Args:
        logits: of shape (rows, vocabulary).
        seen: ids that the repeat penalty counts, of shape (rows, ids).
        sampling: the settings.
        chances: a number in [0, 1) for each row, which chooses among the ids that are left.
    """
    import torch

    if sampling.repeat_penalty != 1:
        said = logits.gather(1, seen)
        said = torch.where(said < 0, said * sampling.repeat_penalty, said / sampling.repeat_penalty)
        logits = logits.scatter(1, seen, said)
    if sampling.temperature == 0:
        return logits.argmax(-1)
    likely = torch.softmax(logits / sampling.temperature, dim=-1)
    likely = likely * (likely >= sampling.min_p * likely.amax(-1, keepdim=True))
    sums = likely.cumsum(-1)
    return torch.searchsorted(sums, (chances[:, None] * sums[:, -1:]), right=True)[:, 0].clamp(max=logits.shape[1] - 1)


def log_likelihood(
    model: Any, prompts: Sequence[Sequence[int]], rest: Sequence[tuple[int, Sequence[int]]], pad: int
) -> list[float]:
    """The log-likelihood in nats of each continuation.

    Args:
        model: a causal model of transformers.
        prompts: the ids of each; every one is read once, however many continuations it has.
        rest: of each continuation, the number of its prompt, and its ids.
        pad: any id; it is masked.
    """
    import torch

    with _without_gradients(model):
        batch = read_prompts(model, prompts, pad)
        batch.select(torch.tensor([number for number, _ in rest], device=model.device))
        longest = max(len(ids) for _, ids in rest)
        ids = torch.tensor([[*more, *[pad] * (longest - len(more))] for _, more in rest], device=model.device)
        counts = torch.tensor([[1] * len(more) + [0] * (longest - len(more)) for _, more in rest], device=model.device)
        chances = torch.zeros(ids.shape, device=model.device)
        chances[:, 0] = torch.log_softmax(batch.logits, dim=-1).gather(1, ids[:, :1])[:, 0]
        if longest > 1:
            logits = batch.read(model, ids[:, :-1], counts[:, 1:], last_only=False)
            for row, more in enumerate(logits):  # one after another: all words at all places are held once, not three times
                chances[row, 1:] = torch.log_softmax(more.float(), dim=-1).gather(1, ids[row, 1:, None])[:, 0]
        found: list[float] = (chances * counts).sum(1).tolist()
    return found
