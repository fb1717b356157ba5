"""What every command of ours promises: exit codes, one clear message for an error, `--json` on standard output."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from typer import BadParameter

from recipes.errors import LikenessError

INTERRUPTED = 130
STOPPED = "stopped; what was done is kept, and the same command goes on from here"


def run_command(app: Callable[..., Any]) -> NoReturn:
    """Run a typer application and leave with the promised exit code.

    0 done · 1 a gate failed or work remains · 2 the call or the recipe is wrong · 3 a provider, server or machine
    failed. A traceback is shown only with `--debug` (or LIKENESS_DEBUG=1).
    """
    debug = "--debug" in sys.argv or os.environ.get("LIKENESS_DEBUG") == "1"
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
    signal.signal(signal.SIGTERM, _interrupt)  # asked to end: leave as tidily as after Ctrl-C
    usage_error: type[Any] = BadParameter.__mro__[1]  # click's UsageError, wherever this typer has it from
    try:
        left_with = app(standalone_mode=False)  # or typer tells its errors itself, and not as JSON
        code = left_with if isinstance(left_with, int) else 0
        if code == INTERRUPTED:  # typer makes this of Ctrl-C
            say(STOPPED)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except usage_error as error:
        code = fail_of_usage(error)
    except LikenessError as error:
        code = fail(error, debug)
    except KeyboardInterrupt:
        say(STOPPED)
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:  # a disk that is full, a folder that may not be written to, wherever it is met
        mend = "What was done is kept; run the command again when that is mended."
        code = fail(LikenessError(error.strerror or str(error), where=error.filename and str(error.filename), mend=mend), debug)
    except Exception as error:  # the last line of defence: no traceback for a person who did not ask
        mend = "This is a fault in the program; `--debug` shows where."
        code = fail(LikenessError(f"{type(error).__name__}: {error}", mend=mend), debug)
    sys.stdout.flush()
    sys.exit(code)


def fail(error: LikenessError, debug: bool) -> int:
    """Tell an error and give its exit code."""
    if debug:
        traceback.print_exc()
    say(f"error: {error}")
    if "--json" in sys.argv:
        answer({"error": {"what": error.what, "where": error.where, "mend": error.mend}})
    return error.exit_code


def fail_of_usage(error: Any) -> int:
    """Tell how a command was called wrongly, and give the exit code.

    Args:
        error: click's UsageError; it knows the command that it is of.
    """
    error.show()
    if "--json" in sys.argv:
        command = error.ctx.command_path if error.ctx else None
        mend = f"{command} --help says what it takes." if command else None
        answer({"error": {"what": error.format_message(), "where": command, "mend": mend}})
    return int(error.exit_code)


def say(text: str) -> None:
    """A line for the person at the terminal. Standard output is kept for results."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def answer(result: dict[str, Any]) -> None:
    """The one JSON object of a command called with `--json`."""
    print(json.dumps(result, ensure_ascii=False, indent=2, default=str), flush=True)  # noqa: T201


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
    another program wants a core, that made a training step up to 20 times slower than letting them sleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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
