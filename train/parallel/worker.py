"""One of the processes that train together: `python -m train.parallel.worker FOLDER BASE`, as accelerate starts it.

It says on standard output, a JSON object a line, what the command that started it is to show: how far it is, lines that stay, and
what went wrong. Standard output of libraries goes where their errors go, to a file. It ends with that command: a process that
trained on would write into the folder of the next call.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from likeness.command import settle_libraries
from likeness.errors import LikenessError

ENDED = 130


class Voice:
    """What is said to the command that started the processes."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        os.dup2(2, 1)

    def say(self, **event: Any) -> None:
        """Say it, in one line.

        Args:
            event: `progress`, `line` or `error`.
        """
        os.write(self._out, json.dumps(event).encode() + b"\n")

    def fail(self, error: Exception) -> None:
        """Say what went wrong. Errors of ours are for people; of others they get the last words.

        Args:
            error: of this process.
        """
        from likeness.command import is_out_of_memory, out_of_memory

        kind = type(error).__name__
        if not isinstance(error, LikenessError):
            kind = "MachineError" if is_out_of_memory(error) else "fault"
            error = out_of_memory() if kind == "MachineError" else LikenessError(f"{type(error).__name__}: {error}")
        self.say(error={"kind": kind, "what": error.what, "where": error.where, "fix": error.fix})


def _end_with_the_command() -> None:
    """Standard input is a pipe that nothing is written to; it ends when the command does, however that ends."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os._exit(ENDED)

    threading.Thread(target=wait, daemon=True).start()


def work(folder: Path, base: Path, voice: Voice) -> None:
    """Train; each of the processes does.

    Args:
        folder: the run's `launch`. The main process alone reads it, so that other machines may begin before it is there.
        base: the model's folder on this machine.
        voice: what is said.
    """
    import torch
    from accelerate import PartialState

    from train.allocator import spare_memory
    from train.parallel.machines import shares_weights
    from train.parallel.ranks import Ranks
    from train.parallel.task import Task
    from train.preflight import load_tokenizer
    from train.sft import train_sft, watch_of
    from train.workload import workload

    state = PartialState(cpu=not torch.cuda.is_available())
    ranks = Ranks(state.process_index, state.num_processes)
    plain = json.loads((folder / "task.json").read_text(encoding="utf-8")) if ranks.is_main else None
    task = Task.from_dict(ranks.agree(plain))
    settings, rows = task.settings, task.rows
    assert settings.launch
    ranks = Ranks(ranks.rank, ranks.number, shares_weights(settings.launch))
    spare_memory(workload(base, settings, rows.trained_on, rows.validation))
    tokenizer = load_tokenizer(base, settings.base_model)
    if task.look:
        tokenizer.chat_template = task.look.template.text

    def progress(done: float, total: float, note: str) -> None:
        if ranks.is_main:
            voice.say(progress=[done, total, note])

    def tell(line: str) -> None:
        if ranks.is_main:
            voice.say(line=line)

    watch = watch_of(settings, rows, task.looker(tokenizer), tell)
    train_sft(base, tokenizer, rows, settings, task.adapter, progress, task.begin, watch, ranks)
    torch.distributed.barrier()  # the first to end would take the others' connection with it
    torch.distributed.destroy_process_group()


def main() -> None:
    """Train, or say why not."""
    voice = Voice()
    _end_with_the_command()
    settle_libraries()
    try:
        work(Path(sys.argv[1]), Path(sys.argv[2]), voice)
    except Exception as error:
        traceback.print_exc()
        voice.fail(error)
        sys.stderr.flush()
        os._exit(1)  # tidying up would wait for the other processes


if __name__ == "__main__":
    main()
