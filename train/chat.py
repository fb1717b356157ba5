"""Talk to a run's model as a local chat app would: the GGUF, its own template, the recipe's system prompt."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from recipes.errors import CallError, MachineError
from recipes.folders import BuildFolder
from recipes.load import load_recipe

MOST_TOKENS = 512


def find_run(named: str) -> Path:
    """The folder of a run: named by its folder, by its id, or by a recipe, whose newest run it then is.

    Raises:
        CallError: there is no such run, or it did not finish.
    """
    path = Path(named)
    if path.suffix in (".yaml", ".yml"):
        return BuildFolder.of(load_recipe(path).name).run()
    if path.is_dir():
        if not (path / "manifest.json").is_file():
            raise CallError("is not a finished run", where=named, mend="Run `train run RECIPE` again: it goes on.")
        return path
    found = [manifest.parent for manifest in Path("build").absolute().glob(f"*/runs/{named}*/manifest.json")]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CallError(f"there is no finished run {named!r} below build/", mend="`train runs RECIPE` lists them.")
    raise CallError(f"{named!r} is the name of {len(found)} runs", mend=f"Give its folder: {', '.join(map(str, found[:4]))}")


class Chat:
    """A conversation with a run's model.

    Args:
        run: a finished run's folder.
        quant: which GGUF, such as q4_k_m; the first of the recipe where none is named.
        temperature: 0 takes the likeliest word each time; the seed is fixed, so that other values answer the same too.
    """

    def __init__(self, run: Path, quant: str | None = None, temperature: float = 0.5) -> None:
        import llama_cpp

        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        files = [run / name for name in manifest["gguf"]]
        chosen = [path for path in files if quant is None or path.stem.endswith(f"-{quant}")]
        if not chosen:
            kinds = ", ".join(path.stem.rsplit("-", 1)[1] for path in files)
            raise CallError(f"this run has no GGUF as {quant}", where=str(run), mend=f"It has: {kinds}.")
        self.file = chosen[0]
        self.temperature = temperature
        self.messages: list[dict[str, str]] = []
        if system := _system_prompt(run):
            self.messages.append({"role": "system", "content": system})
        try:
            self._llama: Any = llama_cpp.Llama(
                str(self.file), n_ctx=0, n_threads=_threads(), verbose=False, n_gpu_layers=-1, seed=17
            )
        except (ValueError, OSError) as error:
            raise MachineError(f"cannot be loaded: {error}", where=str(self.file)) from None

    def ask(self, question: str) -> Iterator[str]:
        """Ask; the answer comes piece by piece and is remembered for the next question."""
        self.messages.append({"role": "user", "content": question})
        said: list[str] = []
        stream = self._llama.create_chat_completion(
            self.messages, stream=True, temperature=self.temperature, max_tokens=MOST_TOKENS
        )
        for chunk in _fitting(stream):
            if piece := chunk["choices"][0]["delta"].get("content"):
                said.append(piece)
                yield piece
        self.messages.append({"role": "assistant", "content": "".join(said)})


def _fitting(stream: Iterator[Any]) -> Iterator[Any]:
    """The stream; a conversation that does not fit the model is the caller's to shorten."""
    try:
        yield from stream
    except ValueError as error:
        if "context window" not in str(error):
            raise
        raise CallError(f"too long for this model: {error}", mend="Ask something shorter, or begin a new chat.") from None


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


def _threads() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
