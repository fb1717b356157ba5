"""The engines that answer: the base with and without its adapter (transformers), or an exported GGUF file (llama.cpp)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from export.sampling import Sampling
from likeness.llama.process import Llama
from train.template import Message, Template, render, without_thoughts

MOST_TOKENS = 200
AT_ONCE = 32
"""Answers generated in one batch: on a CPU the weights are read once for all of them."""
SCORED_AT_ONCE = 8
"""Texts scored in one batch: the logits of all their positions are in memory at once."""
GREEDILY = Sampling(0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and whether it ended by itself within MOST_TOKENS tokens."""

    text: str
    stopped: bool


class Engine(Protocol):
    """Something that answers prompts."""

    def reply(self, prompts: Sequence[list[Message]], seed: int | None) -> list[Reply]:
        """Answer prompts: greedily without a seed, else sampled."""


class Model:
    """The base in this process, with its adapter on or off, at any strength.

    Args:
        base: the base model's folder.
        adapter: the adapter's folder; without one, the base alone answers.
        tokenizer: of the base, with the chat template of the training rows.
        template: the properties of that chat template.
        sampling: the settings for seeded answers; the exported app uses the same.
        alpha: of the adapter, in place of the one that its file has.
    """

    def __init__(
        self,
        base: Path,
        adapter: Path | None,
        tokenizer: Any,
        template: Template,
        sampling: Sampling,
        alpha: float | None = None,
    ) -> None:
        import torch
        from peft import PeftConfig, PeftModel
        from transformers import AutoModelForCausalLM

        on_gpu = torch.cuda.is_available()
        dtype = torch.bfloat16 if on_gpu else torch.float32
        model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, use_safetensors=True)
        if adapter:
            config = PeftConfig.from_pretrained(adapter)
            config.lora_alpha = config.lora_alpha if alpha is None else alpha
            model = PeftModel.from_pretrained(model, adapter, config=config)
        self.model: Any = model.to("cuda" if on_gpu else "cpu").eval()
        self.tokenizer = tokenizer
        self.template = template
        self.sampling = sampling
        more = self.model.generation_config.eos_token_id
        more = more if isinstance(more, list) else [more]
        self._stops = sorted({template.stop, tokenizer.eos_token_id, *(token for token in more if token is not None)})

    @contextmanager
    def adapted(self, strength: float) -> Iterator[Model]:
        """The model with its adapter at a strength: 1 is as trained, 0 is the base alone."""
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
        import torch
        from transformers import GenerationConfig

        longest = max(map(len, prompts))
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (longest - len(prompt)) + prompt for prompt in prompts], device=self.model.device)
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=self.model.device)
        torch.manual_seed(seed or 0)
        how = (self.sampling if seed is not None else GREEDILY).for_transformers()
        with torch.inference_mode():
            output = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=GenerationConfig(max_new_tokens=tokens, eos_token_id=self._stops, pad_token_id=pad, **how),
            )
        replies = []
        for made in output[:, longest:].tolist():
            end = next((place for place, token in enumerate(made) if token in self._stops), None)
            said = self.tokenizer.decode(made[:end], skip_special_tokens=True)
            replies.append(Reply(without_thoughts(said), end is not None))
        return replies

    def ids(self, prompt: Sequence[Message]) -> list[int]:
        """The token ids of a prompt, up to the start of the answer."""
        return ids_of(self.tokenizer, self.template, prompt)

    def log_likelihood(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[float]:
        """The log-likelihood in nats of each continuation, given its prompt.

        Args:
            pairs: the ids of a prompt, and those of its continuation.
        """
        import torch

        found: list[float] = []
        for start in range(0, len(pairs), SCORED_AT_ONCE):
            batch = [(prompt + rest, len(prompt)) for prompt, rest in pairs[start : start + SCORED_AT_ONCE]]
            longest = max(len(ids) for ids, _ in batch)
            pad = self.tokenizer.pad_token_id
            ids = torch.tensor([row + [pad] * (longest - len(row)) for row, _ in batch], device=self.model.device)
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row, _ in batch], device=self.model.device)
            with torch.inference_mode():
                logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
            chances = torch.log_softmax(logits[:, :-1], dim=-1).gather(2, ids[:, 1:, None])[..., 0]
            found += [float(chances[row, begin - 1 : len(all_ids) - 1].sum()) for row, (all_ids, begin) in enumerate(batch)]
        return found


class Gguf:
    """An exported file, in a llama.cpp process of its own; use it in a `with` block.

    Args:
        file: the GGUF file.
        tokenizer: of the base; the export has checked that both make the same ids.
        template: the properties of its chat template.
        context: most tokens of prompt and answer together.
        sampling: the settings for seeded answers.
    """

    def __init__(self, file: Path, tokenizer: Any, template: Template, context: int, sampling: Sampling) -> None:
        self._tokenizer, self._template = tokenizer, template
        self._llama = Llama()
        self._context = context
        self._sampling = sampling
        self._llama.load(file, context=context)

    def __enter__(self) -> Gguf:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._llama.__exit__(kind, error, trace)

    def reply(self, prompts: Sequence[list[Message]], seed: int | None = None) -> list[Reply]:
        """Answer prompts one by one: greedily without a seed, else sampled.

        Args:
            prompts: conversations that end with a user's message.
            seed: of the sampling.
        """
        replies = []
        for prompt in prompts:
            ids = ids_of(self._tokenizer, self._template, prompt)
            room = max(1, min(MOST_TOKENS, self._context - len(ids)))
            how = (GREEDILY if seed is None else self._sampling).for_ollama()
            said = self._llama.ask("reply", ids=ids, tokens=room, how=how, seed=seed or 0)
            replies.append(Reply(without_thoughts(said["text"]), said["stopped"]))
        return replies


def ids_of(tokenizer: Any, template: Template, prompt: Sequence[Message]) -> list[int]:
    """The token ids of a prompt in the chat template, up to the start of the answer.

    Args:
        tokenizer: of the base model.
        template: what was found out about its chat template.
        prompt: the messages.
    """
    ids: list[int] = tokenizer(render(tokenizer, template.text, prompt, reply=True), add_special_tokens=False)["input_ids"]
    return ids
