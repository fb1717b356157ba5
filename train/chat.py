"""Talk to a run's model as a local chat app would: the GGUF, its own template, the recipe's system prompt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from export.sampling import Sampling, read_sampling
from likeness.errors import CallError, MachineError
from likeness.llama.process import Llama, LlamaDied, LlamaError
from train.parts import check_gguf
from train.runs import read_part
from train.template import spoken

MOST_TOKENS = 512
EARLIER = Sampling(0.5, 0.05, 1.0)
"""How runs answer that carry no settings of their own."""


class Speaker:
    """A run's model, which a llama.cpp process of its own computes: its GGUF file, the recipe's system prompt, its settings, its
    passages. Use it in a `with` block.

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
        from export.knowledge import open_knowledge

        self.file = exported_file(run, quant)
        self.knowledge = open_knowledge(self.file.parent) if knowledge else None
        sampling = read_sampling(run / "merged") or EARLIER
        self.sampling = sampling if temperature is None else replace(sampling, temperature=temperature)
        self.system_prompt = system_prompt_of(run)
        self.ended: dict[str, Any] = {}
        """Of the last answer: `ended` (`stop` by itself, `length` where it was cut), `prompt_tokens`, `completion_tokens`."""
        self._llama: Llama | None = None
        self._loaded()

    def _loaded(self) -> Llama:
        """llama.cpp with the model in it; after a crash another one."""
        if self._llama is None:
            self._llama = Llama()
            try:
                self._llama.load(self.file, "answering", context=0)
            except LlamaDied as error:
                raise self._crash(error) from None
            except LlamaError as error:
                self.close()
                fix = "If other files can be loaded, `train export RECIPE` makes this one again."
                raise MachineError(f"cannot be loaded: {error.reason}", where=str(self.file), fix=fix) from None
        return self._llama

    def close(self) -> None:
        """End llama.cpp, whatever it is at."""
        if self._llama is not None:
            self._llama.close()
            self._llama = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def with_passages(self, messages: Sequence[dict[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
        """The messages, the last with what was found about it in the passages, and the ids of those."""
        *before, last = messages
        asked, passages = self.knowledge.with_passages(last["content"]) if self.knowledge else (last["content"], [])
        return [*before, {"role": "user", "content": asked}], passages

    def reply(self, messages: Sequence[dict[str, str]], sampling: Sampling, most_tokens: int) -> Generator[str, None, None]:
        """The answer to the last message, piece by piece, without the thoughts that it may begin with.

        Args:
            messages: with `role` and `content`, the user's last.
            sampling: how words are drawn.
            most_tokens: of the answer.

        Raises:
            CallError: the conversation is too long for the model.
            MachineError: llama.cpp crashed.
        """
        return spoken(self._pieces(messages, sampling, most_tokens))

    def _pieces(self, messages: Sequence[dict[str, str]], sampling: Sampling, most_tokens: int) -> Iterator[str]:
        how = sampling.for_ollama()
        try:
            self.ended = yield from self._loaded().stream("chat", messages=list(messages), tokens=most_tokens, how=how)
        except LlamaDied as error:
            raise self._crash(error) from None
        except LlamaError as error:
            if "context window" not in error.reason:
                raise
            fix = "Ask something shorter, or begin a new chat."
            raise CallError(f"too long for this model: {error.reason}", fix=fix) from None

    def _crash(self, error: LlamaDied) -> MachineError:
        self.close()
        return MachineError(error.what, where=str(self.file), fix=error.fix)


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
        question = question.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # an argument may be no UTF-8
        self.messages.append({"role": "user", "content": question})
        prompt, self.passages = self.speaker.with_passages(self.messages)  # what was looked up is told once
        said: list[str] = []
        for piece in self.speaker.reply(prompt, self.speaker.sampling, MOST_TOKENS):
            said.append(piece)
            yield piece
        self.messages.append({"role": "assistant", "content": "".join(said)})


def ask_each(chat: Chat, questions: Sequence[str]) -> list[dict[str, Any]]:
    """Ask questions one after another; gives each with its answer and the ids of the passages that it was asked with.

    Raises:
        CallError: there is no question.
    """
    if not questions:
        raise CallError("no question was asked", fix="Give one with -q, or lines on standard input.")
    turns = []
    for question in questions:
        answer = "".join(chat.ask(question))
        turns.append({"question": chat.messages[-2]["content"], "answer": answer, "passages": chat.passages})
    return turns


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


def exported_file(run: Path, quant: str | None) -> Path:
    """One of a run's GGUF files: the one of a quantization, or the recipe's first.

    Args:
        run: a finished run's folder.
        quant: such as q4_k_m.

    Raises:
        CallError: the run has no such file, or it is gone or damaged.
    """
    files = [run / str(name) for name in read_part(run, "manifest.json").get("gguf", [])]
    chosen = [path for path in files if quant is None or path.stem.endswith(f"-{quant}")]
    if not chosen:
        kinds = ", ".join(path.stem.rsplit("-", 1)[1] for path in files)
        raise CallError(f"this run has no GGUF file as {quant}", where=str(run), fix=f"It has: {kinds}.")
    return check_gguf(run, chosen[0])


def system_prompt_of(run: Path) -> str | None:
    """The system prompt of a run's recipe."""
    from ruamel.yaml import YAML

    recipe = YAML(typ="safe").load((run / "recipe.yaml").read_text(encoding="utf-8"))
    prompt: str | None = recipe["persona"]["system_prompt"]
    return prompt
