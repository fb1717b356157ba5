"""The engines that answer: the base with and without its adapter (transformers), or an exported GGUF file (llama.cpp)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from export.model_files import stored_tensors
from export.sampling import Sampling
from likeness.llama.process import Llama, cores
from train.continued import WEIGHTS
from train.evaluate.decoding import generate, log_likelihood
from train.template import Message, Template, render, without_thoughts

MOST_TOKENS = 200
AT_ONCE = 64
"""Answers generated in one batch: on a CPU the weights are read once for all of them."""
FILE_AT_ONCE = 32
"""Answers of an exported file that are asked for and stored together: each process has several under way."""
MOST_PROCESSES = 4
"""Most llama.cpp processes that answer beside each other; each needs its own memory for its context."""
SCORED_AT_ONCE = 8
"""Prompts whose continuations are scored in one batch: the logits of all their positions are in memory at once."""
GREEDILY = Sampling(0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and whether it ended by itself within MOST_TOKENS tokens."""

    text: str
    stopped: bool


class Engine(Protocol):
    """Something that answers prompts."""

    at_once: int
    """How many prompts to hand over in one call."""

    def reply(self, prompts: Sequence[list[Message]], seed: int | None) -> list[Reply]:
        """Answer prompts: greedily without a seed, else sampled."""


@runtime_checkable
class Adapted(Protocol):
    """An engine that answers with its adapter on or off."""

    def adapted(self, strength: float) -> AbstractContextManager[Engine]:
        """It with its adapter at a strength: 0 is the base alone."""


class Model:
    """The base in this process, with its adapter on or off, at any strength.

    Args:
        base: the base model's folder.
        adapter: the adapter's folder; without one, the base alone answers.
        tokenizer: of the base, with the chat template of the training rows.
        template: the properties of that chat template.
        sampling: the settings for seeded answers; the exported app uses the same.
        alpha: of the adapter, in place of the one that its file has.
        in_nf4: whether the adapter stands on the base in 4 bits, as QLoRA trains it. The base alone answers with its own weights.
    """

    at_once = AT_ONCE

    def __init__(
        self,
        base: Path,
        adapter: Path | None,
        tokenizer: Any,
        template: Template,
        sampling: Sampling,
        alpha: float | None = None,
        in_nf4: bool = False,
    ) -> None:
        import torch
        from peft import PeftConfig, PeftModel

        on_gpu = torch.cuda.is_available()
        model = _load(base, in_nf4)
        if adapter:
            stored_tensors(adapter / WEIGHTS)  # one that was cut short is answered with its name
            config = PeftConfig.from_pretrained(adapter)
            config.lora_alpha = config.lora_alpha if alpha is None else alpha
            config.base_model_name_or_path = str(base)  # the file names it for others; peft would look that up on the hub
            model = PeftModel.from_pretrained(model, adapter, config=config)
        self.model: Any = model.to("cuda" if on_gpu else "cpu").eval()
        self.tokenizer = tokenizer
        self.template = template
        self.sampling = sampling
        self._base, self._in_nf4 = base, in_nf4
        self._alone: Any = None
        more = self.model.generation_config.eos_token_id
        more = more if isinstance(more, list) else [more]
        self._stops = {template.stop, tokenizer.eos_token_id, *(token for token in more if token is not None)}

    @contextmanager
    def adapted(self, strength: float) -> Iterator[Model]:
        """The model with its adapter at a strength: 1 is as trained, 0 is the base alone."""
        if strength == 0 and self._in_nf4:
            if self._alone is None:
                self._alone = _load(self._base).to(self.model.device).eval()
            with_adapter, self.model = self.model, self._alone
            try:
                yield self
            finally:
                self.model = with_adapter
            return
        if strength == 0:
            with self.model.disable_adapter():
                yield self
            return
        layers = [part for part in self.model.modules() if hasattr(part, "lora_A") and hasattr(part, "scaling")]
        before = [dict(layer.scaling) for layer in layers]
        try:
            for layer in layers:
                layer.scaling = {name: value * strength for name, value in layer.scaling.items()}
            yield self
        finally:
            for layer, scaling in zip(layers, before, strict=True):
                layer.scaling = scaling

    def reply(self, prompts: Sequence[list[Message]], seed: int | None = None) -> list[Reply]:
        """Answer one batch of prompts: greedily without a seed, else sampled.

        Args:
            prompts: conversations that end with a user's message.
            seed: of the sampling.
        """
        return self.continue_from([self.ids(prompt) for prompt in prompts], MOST_TOKENS, seed)

    def continue_from(self, prompts: Sequence[list[int]], tokens: int, seed: int | None = None) -> list[Reply]:
        """Continue prompts given as token ids.

        Args:
            prompts: the ids of each prompt.
            tokens: most tokens to add.
            seed: of the sampling; None for greedy decoding.
        """
        sampling = GREEDILY if seed is None else self.sampling
        made = generate(self.model, prompts, tokens, self._stops, sampling, seed or 0, self.tokenizer.pad_token_id)
        replies = []
        for ids in made:
            stopped = ids[-1] in self._stops
            said = self.tokenizer.decode(ids[:-1] if stopped else ids, skip_special_tokens=True)
            replies.append(Reply(without_thoughts(said), stopped))
        return replies

    def ids(self, prompt: Sequence[Message]) -> list[int]:
        """The token ids of a prompt, up to the start of the answer."""
        return ids_of(self.tokenizer, self.template, prompt)

    def log_likelihood(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[float]:
        """The log-likelihood in nats of each continuation, given its prompt.

        Args:
            pairs: the ids of a prompt, and those of its continuation.
        """
        by_prompt: dict[tuple[int, ...], list[int]] = {}
        for number, (prompt, _) in enumerate(pairs):
            by_prompt.setdefault(tuple(prompt), []).append(number)
        prompts = list(by_prompt)
        found = [0.0] * len(pairs)
        for start in range(0, len(prompts), SCORED_AT_ONCE):
            batch = prompts[start : start + SCORED_AT_ONCE]
            rest = [(row, number) for row, prompt in enumerate(batch) for number in by_prompt[prompt]]
            continuations = [(row, pairs[number][1]) for row, number in rest]
            values = log_likelihood(self.model, batch, continuations, self.tokenizer.pad_token_id)
            for (_, number), value in zip(rest, values, strict=True):
                found[number] = value
        return found


def _load(base: Path, in_nf4: bool = False) -> Any:
    """The base in this process, in bf16 on a GPU."""
    import torch
    from transformers import AutoModelForCausalLM

    from export.nf4 import nf4_settings

    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    quantization = nf4_settings(dtype) if in_nf4 else None
    return AutoModelForCausalLM.from_pretrained(base, dtype=dtype, quantization_config=quantization, use_safetensors=True)


class Gguf:
    """An exported file, in llama.cpp processes; use it in a `with` block.

    One process with a thread for each core is slower: its threads wait for each other at every layer of every token.

    Args:
        file: the GGUF file.
        tokenizer: of the base; the export has checked that both make the same ids.
        template: the properties of its chat template.
        context: most tokens of prompt and answer together.
        sampling: the settings for seeded answers.
    """

    at_once = FILE_AT_ONCE

    def __init__(self, file: Path, tokenizer: Any, template: Template, context: int, sampling: Sampling) -> None:
        self._tokenizer, self._template = tokenizer, template
        self._file, self._context = file, context
        self._sampling = sampling
        self._processes = min(MOST_PROCESSES, cores())
        self._free: SimpleQueue[Llama] = SimpleQueue()
        self._open = ExitStack()

    def __enter__(self) -> Gguf:
        with self._open:
            for _ in range(self._processes):
                llama = self._open.enter_context(Llama())
                llama.load(self._file, context=self._context, processes=self._processes)
                self._free.put(llama)
            self._pool = self._open.enter_context(ThreadPoolExecutor(self._processes))
            self._open = self._open.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.__exit__(kind, error, trace)

    def reply(self, prompts: Sequence[list[Message]], seed: int | None = None) -> list[Reply]:
        """Answer prompts, each by itself: greedily without a seed, else sampled.

        Args:
            prompts: conversations that end with a user's message.
            seed: of the sampling.
        """
        how = (GREEDILY if seed is None else self._sampling).for_ollama()
        asked = [ids_of(self._tokenizer, self._template, prompt) for prompt in prompts]
        shares = [range(first, len(asked), self._processes) for first in range(self._processes)]
        found: dict[int, Reply] = {}
        for share, said in zip(
            shares, self._pool.map(lambda share: self._answer([asked[each] for each in share], how, seed), shares), strict=True
        ):
            found |= zip(share, said, strict=True)
        return [found[number] for number in range(len(asked))]

    def _answer(self, prompts: list[list[int]], how: dict[str, float], seed: int | None) -> list[Reply]:
        """The answers of one process."""
        if not prompts:
            return []
        room = [max(1, min(MOST_TOKENS, self._context - len(ids))) for ids in prompts]
        llama = self._free.get()
        try:
            said = llama.ask("replies", prompts=prompts, tokens=room, how=how, seed=seed or 0)
        finally:
            self._free.put(llama)
        return [Reply(without_thoughts(each["text"]), each["stopped"]) for each in said]


def ids_of(tokenizer: Any, template: Template, prompt: Sequence[Message]) -> list[int]:
    """The token ids of a prompt in the chat template, up to the start of the answer.

    Args:
        tokenizer: of the base model.
        template: what was found out about its chat template.
        prompt: the messages.
    """
    ids: list[int] = tokenizer(render(tokenizer, template.text, prompt, reply=True), add_special_tokens=False)["input_ids"]
    return ids
