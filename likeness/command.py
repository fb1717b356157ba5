"""What every command of ours promises: exit codes, one clear message for an error, `--json` on standard output."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from typer import BadParameter
from typer.core import TyperGroup

from likeness.errors import LikenessError, WorkRemains
from likeness.foreign_words import escape_controls, without_keys

STARTED = time.monotonic()
INTERRUPTED = 130
NO_MEMORY = (
    "cannot allocate memory",
    "failed to map segment",
    "out of memory",
    "bad_alloc",
    "malloc of size",
    "can't start new thread",
    "without setting an exception",  # Python itself, where an import ran out of it
    "without exception set",
)
"""What libraries say when memory runs out."""
JSON_HELP = "Print one JSON object on standard output, and everything else on standard error."
STOPPED = "stopped; what was done is kept, and the same command goes on from here"


class Commands(TyperGroup):
    """A group of commands whose `--help` gives the first sentence of each command whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        commands = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(limit=200)) for name, command in commands])


def run_command(app: Callable[..., Any]) -> NoReturn:
    """Run a typer application and leave with the promised exit code.

    0 done · 1 a gate failed or work remains · 2 the call or the recipe is wrong · 3 a provider, server or machine
    failed. A traceback is shown only with `--debug` (or LIKENESS_DEBUG=1).
    """
    _open_what_is_closed()
    debug = "--debug" in sys.argv or os.environ.get("LIKENESS_DEBUG") == "1"
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
    signal.signal(signal.SIGTERM, _interrupt)  # asked to end: leave as tidily as after Ctrl-C
    usage_error: type[Any] = BadParameter.__mro__[1]  # click's UsageError, wherever this typer has it from
    no_memory = False
    try:
        left_with = app(standalone_mode=False)  # or typer tells its errors itself, and not as JSON
        code = left_with if isinstance(left_with, int) else 0
        if code == INTERRUPTED:  # typer makes this of Ctrl-C
            say(STOPPED)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
        if isinstance(leaving.__context__, BrokenPipeError):  # whoever read it has seen enough; typer leaves with 1
            _give_up_output()
            code = 0
    except usage_error as error:
        code = fail_of_usage(error)
    except LikenessError as error:
        no_memory = is_out_of_memory(error)
        code = fail(error, debug)
    except KeyboardInterrupt:
        say(STOPPED)
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read it has seen enough
        _give_up_output()
        code = 0
    except Exception as error:
        no_memory = is_out_of_memory(error)
        if no_memory:
            told = out_of_memory()
        elif isinstance(error, OSError):  # a disk that is full, a folder that may not be written to, wherever it is met
            fix = "What was done is kept; run the command again when that is fixed."
            told = LikenessError(error.strerror or str(error), where=error.filename and str(error.filename), fix=fix)
        else:  # the last line of defence: no traceback for a person who did not ask
            fix = "This is a fault in the program; `--debug` shows where."
            told = LikenessError(f"{type(error).__name__}: {error}", fix=fix)
        code = fail(told, debug)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
    except OSError as error:
        _give_up_output()
        say(f"error: the output cannot be written: {error.strerror}")
        code = code or LikenessError.exit_code
    if no_memory:  # tidying up takes some, and libraries wait for it without end
        os._exit(code)
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Open os.devnull for standard streams that the caller closed (`>&-`); else the next file opened would take their place."""
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _give_up_output() -> None:
    """Discard output that is still buffered, so that Python prints no error of its own when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that it came of, means that memory ran out: libraries say it in words of their own."""
    while error is not None:
        said = str(error).lower()
        if isinstance(error, MemoryError) or any(words in said for words in NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def out_of_memory() -> LikenessError:
    """The message for a machine without enough memory."""
    fix = "Close other programs, or use a machine with more. What was done is kept, and the same command goes on from there."
    return LikenessError("there is not enough memory", fix=fix)


def fail(error: LikenessError, debug: bool) -> int:
    """Tell an error and give its exit code."""
    if debug:
        say(_for_a_person(traceback.format_exc()))
    waiting = isinstance(error, WorkRemains)
    say(_for_a_person(str(error) if waiting else f"error: {error}"))
    if "--json" in sys.argv:
        what, where, fix = (text and without_keys(text) for text in (error.what, error.where, error.fix))
        told = {"error": {"what": what, "where": where, "fix": fix, "mend": fix}}
        with suppress(OSError):  # the error may be that nothing can be written there
            answer(told | ({"waiting": True} if waiting else {}))
    return error.exit_code


def _for_a_person(text: str) -> str:
    """An error's text: without keys, and with what would move the cursor escaped; files are called what their makers please."""
    return escape_controls(without_keys(text), but="\n\t")


def fail_of_usage(error: Any) -> int:
    """Tell how a command was called wrongly, and give the exit code.

    Args:
        error: click's UsageError; it knows the command that it is of.
    """
    error.show()
    if "--json" in sys.argv:
        command = error.ctx.command_path if error.ctx else None
        fix = f"{command} --help says what it takes." if command else None
        answer({"error": {"what": error.format_message(), "where": command, "fix": fix, "mend": fix}})
    return int(error.exit_code)


def seconds_since_start() -> float:
    """Seconds since the command was called, but for Python's own start."""
    return time.monotonic() - STARTED


def say(text: str) -> None:
    """A line for the person at the terminal. Standard output is kept for results. Nothing stops because nobody can read it."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def answer(result: dict[str, Any]) -> None:
    """The one JSON object of a command called with `--json`."""
    print(json.dumps(result, ensure_ascii=False, indent=2, default=str), flush=True)  # noqa: T201


def shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def tell_version(asked: bool) -> None:
    """For `--version`: print it and leave.

    Raises:
        SystemExit: it was asked for.
    """
    if asked:
        from importlib.metadata import version

        print(f"likeness {version('likeness')}")  # noqa: T201
        raise SystemExit(0)


def settle_libraries() -> None:
    """Keep libraries from phoning home, from drawing bars over ours, and from burning the processor while they wait.

    Called before any of them is imported. Threads of OpenMP (torch, llama.cpp) spin when they wait for each other; where
    another program wants a core, that made a training step up to 20 times slower than letting them sleep. Sleeping at
    once costs a quarter of the speed of an idle machine, so they spin for some microseconds first (`tests/benchmarks/busy.py`).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    warnings.simplefilter("ignore", FutureWarning)  # between libraries, about their next versions
    for name in ("bitsandbytes", "httpx", "httpx2", "great_expectations", "pdfminer", "transformers", "py.warnings"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("argilla").setLevel(logging.CRITICAL)  # it logs each error that it also raises
    if logging.lastResort and not logging.root.handlers:  # what shows warnings anyway; or argilla sets up one that shows all
        logging.root.addHandler(logging.lastResort)


def _interrupt(_signal: int, _frame: Any) -> None:
    """Whoever handles Ctrl-C just now (Python, or an event loop that first lets its tasks end) handles this too."""
    if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):  # a script's background job ignores Ctrl-C
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
