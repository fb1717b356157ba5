"""Talk to a run's model as a local chat app would: the GGUF, its own template, the recipe's system prompt."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from export.sampling import Sampling, read_sampling
from likeness.errors import CallError, MachineError
from likeness.llama.process import threads
from train.template import spoken

MOST_TOKENS = 512
EARLIER = Sampling(0.5, 0.05, 1.0)
"""How runs answer that carry no settings of their own."""


class Speaker:
    """A run's model, ready to answer: its GGUF file, the recipe's system prompt, its settings, its passages.

    Args:
        run: a finished run's folder.
        quant: which GGUF, such as q4_k_m; the first of the recipe where none is named.
        temperature: in place of the recipe's; 0 takes the likeliest word each time. The seed is fixed.
        knowledge: look in the passages that were shipped with the model, if any were.

    Raises:
        CallError: the run has no such file.
        MachineError: the file cannot be loaded.
    """

    def __init__(self, run: Path, quant: str | None = None, temperature: float | None = None, *, knowledge: bool = True) -> None:
        import llama_cpp

        from export.knowledge import open_knowledge

        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        files = [run / name for name in manifest["gguf"]]
        chosen = [path for path in files if quant is None or path.stem.endswith(f"-{quant}")]
        if not chosen:
            kinds = ", ".join(path.stem.rsplit("-", 1)[1] for path in files)
            raise CallError(f"this run has no GGUF file as {quant}", where=str(run), fix=f"It has: {kinds}.")
        self.file = chosen[0]
        self.knowledge = open_knowledge(self.file.parent) if knowledge else None
        sampling = read_sampling(run / "merged") or EARLIER
        self.sampling = sampling if temperature is None else replace(sampling, temperature=temperature)
        self.system_prompt = _system_prompt(run)
        self.finish = "stop"
        """How the last answer ended: `stop` by itself, `length` where it was cut."""
        self._said = 0
        try:
            self._llama: Any = llama_cpp.Llama(
                str(self.file), n_ctx=0, n_threads=threads(), verbose=False, n_gpu_layers=-1, seed=17
            )
        except (ValueError, OSError) as error:
            raise MachineError(f"cannot be loaded: {error}", where=str(self.file)) from None

    def with_passages(self, messages: Sequence[dict[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
        """The messages, the last with what was found about it in the passages, and the ids of those."""
        *before, last = messages
        asked, passages = self.knowledge.with_passages(last["content"]) if self.knowledge else (last["content"], [])
        return [*before, {"role": "user", "content": asked}], passages

    def reply(self, messages: Sequence[dict[str, str]], sampling: Sampling, most_tokens: int) -> Iterator[str]:
        """The answer to the last message, piece by piece, without the thoughts that it may begin with.

        Args:
            messages: with `role` and `content`, the user's last.
            sampling: how words are drawn.
            most_tokens: of the answer.

        Raises:
            CallError: the conversation is too long for the model.
        """
        stream = self._llama.create_chat_completion(list(messages), stream=True, max_tokens=most_tokens, **sampling.for_ollama())
        self.finish, self._said = "stop", 0
        return spoken(self._pieces(stream))

    def _pieces(self, stream: Iterator[Any]) -> Iterator[str]:
        for chunk in _fitting(stream):
            choice = chunk["choices"][0]
            self.finish = choice["finish_reason"] or self.finish
            if piece := choice["delta"].get("content"):
                self._said += 1
                yield piece

    def usage(self) -> dict[str, int]:
        """Tokens of the last prompt and answer."""
        total = int(self._llama.n_tokens)
        return {"prompt_tokens": max(0, total - self._said), "completion_tokens": self._said, "total_tokens": total}


class Chat:
    """A conversation with a model.

    Args:
        speaker: the model.
    """

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.passages: list[str] = []
        """Ids of those that the last question was asked with."""
        self.messages: list[dict[str, str]] = []
        if speaker.system_prompt:
            self.messages.append({"role": "system", "content": speaker.system_prompt})

    def ask(self, question: str) -> Iterator[str]:
        """Ask a question. The answer comes piece by piece and is remembered for the next question."""
        self.messages.append({"role": "user", "content": question})
        prompt, self.passages = self.speaker.with_passages(self.messages)  # what was looked up is told once
        said: list[str] = []
        for piece in self.speaker.reply(prompt, self.speaker.sampling, MOST_TOKENS):
            said.append(piece)
            yield piece
        self.messages.append({"role": "assistant", "content": "".join(said)})


def _fitting(stream: Iterator[Any]) -> Iterator[Any]:
    """The stream; a conversation that is too long for the model is an error of the call."""
    try:
        yield from stream
    except ValueError as error:
        if "context window" not in str(error):
            raise
        raise CallError(f"too long for this model: {error}", fix="Ask something shorter, or begin a new chat.") from None


def talk(chat: Chat, write: Callable[[str], None]) -> None:
    """Ask what is typed, line by line, until the input ends."""
    interactive = sys.stdin.isatty()
    while True:
        if interactive:
            write("\n> ")
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            for piece in chat.ask(line.strip()):
                write(piece)
            write("\n")


def _system_prompt(run: Path) -> str | None:
    from ruamel.yaml import YAML

    recipe = YAML(typ="safe").load((run / "recipe.yaml").read_text(encoding="utf-8"))
    prompt: str | None = recipe["persona"]["system_prompt"]
    return prompt
