"""The model at a host, tuned or not, asked as any other that answers the controlled questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from export.sampling import Sampling
from train.evaluate.engine import MOST_TOKENS, Reply
from train.hosted.api import HostApi
from train.template import Message

AT_ONCE = 8


class HostedModel:
    """Base and tuned model at a host.

    Args:
        api: the host's.
        base: the base model's name there.
        tuned: the tuned model's.
        sampling: for seeded answers; a host takes its temperature alone.
    """

    at_once = AT_ONCE

    def __init__(self, api: HostApi, base: str, tuned: str, sampling: Sampling) -> None:
        self.api, self.base, self.tuned, self.sampling = api, base, tuned, sampling
        self._asked = tuned

    @contextmanager
    def adapted(self, strength: float) -> Iterator[HostedModel]:
        """The tuned model, or the base where the strength is 0; a host has nothing between."""
        self._asked = self.tuned if strength else self.base
        try:
            yield self
        finally:
            self._asked = self.tuned

    def reply(self, prompts: Sequence[list[Message]], seed: int | None) -> list[Reply]:
        """Answer prompts beside each other: at temperature 0 without a seed, else sampled.

        Args:
            prompts: messages of role and content.
            seed: of the sample.
        """
        with ThreadPoolExecutor(self.at_once) as threads:
            return list(threads.map(lambda prompt: self._one(prompt, seed), prompts))

    def _one(self, prompt: list[Message], seed: int | None) -> Reply:
        body = {"model": self._asked, "messages": prompt, "max_tokens": MOST_TOKENS, "temperature": 0.0}
        if seed is not None:
            body |= {"temperature": self.sampling.temperature, "seed": seed}
        choice = self.api.chat(body)["choices"][0]
        return Reply((choice["message"].get("content") or "").strip(), choice.get("finish_reason") == "stop")
