"""No pattern that sees other people's text can be kept busy by it: what it takes grows with the text and no faster.

Each pattern of the readers and of the metrics is given 200,000 blanks, tabs, brackets and letters, and 50,000 characters of what else
such a pattern goes back over, in a process of its own that is stopped after its time.
"""

import importlib
import json
import pkgutil
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

LENGTHS = {" ": 200_000, "\t": 200_000, "[": 200_000, "a": 200_000}
LENGTH = 50_000
SECONDS_A_CHARACTER = 2e-5
"""Of one pattern on one text: linear ones take at most a third of it, quadratic ones more on either length."""
ROOMS = ("curate.read", "likeness.metrics", "curate.contrast", "train.evaluate")
PIECES = [" ", "\t", "\n", " \n", "[", "]", "(", "<", ">", "> ", "a", "a ", "A", "1", "1:", ".", "- ", "_", "*", "`", "#", "{", ":", "a: ", "@",
          "\u200e", "中", "\n\n", "%%", "\\", "$"]  # fmt: skip
HOSTILE = [
    "A-",
    "A_",
    "Aa ",
    "Calle Aa ",
    "HIV-",
    "eyJ-",
    "![](b",
    "[a](http",
    "| ",
    "-|",
    "model reading this ",
    "need more details ",
    "!",
]
"""More pieces, of `curate.contrast` and `train.evaluate`, which have few patterns."""


SEARCHED = r"\b{}(?:\[[^\]]*\])?\.(?:search|finditer|findall|sub|subn|split)\b"


def patterns(room):
    """(where, pattern, whether it is searched for and not only matched) of every compiled pattern of a package.

    Also those within tuples, lists and dicts, which may be searched for under any name.
    """
    package = importlib.import_module(room)
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(package.__file__).parent.glob("*.py")))
    found = {}
    for module in pkgutil.walk_packages(package.__path__, f"{room}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            values = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else [value]
            for number, each in enumerate(values):
                each = each[0] if isinstance(each, tuple) and each and isinstance(each[0], re.Pattern) else each
                if isinstance(each, re.Pattern):
                    searched = each is not value or bool(re.search(SEARCHED.format(name), source))
                    where, before = found.get((each.pattern, each.flags), (f"{module.name}.{name}[{number}]", False))
                    found[each.pattern, each.flags] = where, searched or before
    return [(where, re.compile(*key), searched) for key, (where, searched) in found.items()]


def names(room):
    return [where for where, _, _ in patterns(room)]


def work(room):
    """In the process: try every pattern, and say what each begins with, so that one that hangs is known."""
    pieces = PIECES + HOSTILE if room in ("curate.contrast", "train.evaluate") else PIECES
    for where, pattern, searched in patterns(room):
        for piece in pieces:
            text = piece * (LENGTHS.get(piece, LENGTH) // len(piece))
            most = SECONDS_A_CHARACTER * len(text)
            if isinstance(pattern.pattern, bytes):
                text = text.encode()
            for tail in ("\x00",) if isinstance(text, str) else (b"\x00",):
                print(json.dumps([where, piece]), flush=True)
                began = time.process_time()
                for _ in pattern.finditer(text + tail) if searched else ():
                    if time.process_time() - began > most:
                        break
                pattern.match(text + tail)
                pattern.fullmatch(text + tail)
                if (took := time.process_time() - began) > most:
                    print(json.dumps([where, piece, took]), flush=True)
                    break


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_every_pattern_is_linear(room):
    limit = 30 + len(names(room)) * 4
    child = subprocess.Popen([sys.executable, __file__, room], stdout=subprocess.PIPE, text=True)
    slow, last, began = [], None, time.monotonic()
    try:
        for line in child.stdout:
            last = json.loads(line)
            slow += [last] if len(last) > 2 else []
            assert time.monotonic() - began < limit, last
    finally:
        child.kill()
        child.wait()
    assert slow == []
    assert last is not None


if __name__ == "__main__":
    work(sys.argv[1])
