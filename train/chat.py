"""Talk to a run's model as a local chat app would: the GGUF, its own template, the recipe's system prompt."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from export.sampling import Sampling, read_sampling
from likeness.errors import CallError, MachineError
from likeness.llama.process import Llama, LlamaDied, LlamaError
from train.template import spoken

MOST_TOKENS = 512
EARLIER = Sampling(0.5, 0.05, 1.0)
"""How runs answer that carry no settings of their own."""


class Chat:
    """A conversation with a run's model, which a llama.cpp process of its own computes; use it in a `with` block.

    Args:
        run: a finished run's folder.
        quant: which GGUF, such as q4_k_m; the first of the recipe where none is named.
        knowledge: look in the passages that were shipped with the model, if any were.
        temperature: in place of the recipe's; 0 takes the likeliest word each time. The seed is fixed.
    """

    def __init__(self, run: Path, quant: str | None = None, temperature: float | None = None, *, knowledge: bool = True) -> None:
        from export.knowledge import open_knowledge

        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        files = [run / name for name in manifest["gguf"]]
        chosen = [path for path in files if quant is None or path.stem.endswith(f"-{quant}")]
        if not chosen:
            kinds = ", ".join(path.stem.rsplit("-", 1)[1] for path in files)
            raise CallError(f"this run has no GGUF file as {quant}", where=str(run), fix=f"It has: {kinds}.")
        self.file = chosen[0]
        self.knowledge = open_knowledge(self.file.parent) if knowledge else None
        self.passages: list[str] = []
        """Ids of those that the last question was asked with."""
        sampling = read_sampling(run / "merged") or EARLIER
        self.sampling = sampling if temperature is None else replace(sampling, temperature=temperature)
        self.messages: list[dict[str, str]] = []
        if system := _system_prompt(run):
            self.messages.append({"role": "system", "content": system})
        self._llama = Llama()
        try:
            self._llama.load(self.file, "answering", context=0)
        except LlamaDied as error:
            self._llama.close()
            raise self._crash(error) from None
        except LlamaError as error:
            self._llama.close()
            raise MachineError(f"cannot be loaded: {error.reason}", where=str(self.file)) from None

    def __enter__(self) -> Chat:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._llama.close()

    def ask(self, question: str) -> Iterator[str]:
        """Ask a question. The answer comes piece by piece and is remembered for the next question."""
        asked, self.passages = self.knowledge.with_passages(question) if self.knowledge else (question, [])
        prompt = [*self.messages, {"role": "user", "content": asked}]
        self.messages.append({"role": "user", "content": question})  # what was looked up is told once
        said: list[str] = []
        stream = self._llama.stream("chat", messages=prompt, tokens=MOST_TOKENS, how=self.sampling.for_ollama())
        try:
            for piece in spoken(stream):
                said.append(piece)
                yield piece
        except LlamaDied as error:
            raise self._crash(error) from None
        except LlamaError as error:
            if "context window" not in error.reason:
                raise
            fix = "Ask something shorter, or begin a new chat."
            raise CallError(f"too long for this model: {error.reason}", fix=fix) from None
        self.messages.append({"role": "assistant", "content": "".join(said)})

    def _crash(self, error: LlamaDied) -> MachineError:
        return MachineError(error.what, where=str(self.file), fix=error.fix)


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
