"""How many files of a set (`third`, `fifth`) are read as a person would have it: documents, mail, chats, pairs. `-v`: what is not."""

import json
import pathlib
import re
import sys
import warnings

warnings.simplefilter("ignore")
root = pathlib.Path(__file__).parent / next((each for each in sys.argv[1:] if each[0] != "-"), "third")
verbose = "-v" in sys.argv
from likeness.command import settle_libraries

settle_libraries()
from curate.model import OWN_WORDS, Stage
from curate.read.conversations import _is, _names_of, read_messages
from curate.read.documents import Unreadable, holds_words, read_document
from curate.read.ready_pairs import read_pairs

MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text):
    return " ".join(MARKS.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").replace("`", "").split())


def of_document(file, _expected):
    """The text, and what of it is the author's."""
    if file.is_dir():
        read = []
        for each in sorted(path for path in file.rglob("*") if path.is_file() and holds_words(path)):
            try:
                read.append(of_document(each, None))
            except Unreadable as error:
                if verbose:
                    print(f"    without {each.name}: {error}"[:160])
        if not read:
            raise Unreadable("nothing in it can be read")
        return "\n\n".join(text for text, _ in read), "\n\n".join(own for _, own in read)
    document = read_document(file, file.name, "own")
    own = "\n\n".join(document.text[block.start : block.end] for block in document.blocks if block.kind in OWN_WORDS)
    return document.text, own


def of_conversation(path, expected):
    """All messages, and the author's."""
    names = set()
    for each in (*expected["me"].get("names", ()), *expected["me"].get("addresses", ()), *expected["me"].get("ids", ())):
        names |= _names_of(each)
    best, refused = [], []
    deep = [each for each in sorted(path.rglob("*")) if each.is_file()] if path.is_dir() else []
    for paths in ([path], sorted(path.iterdir()) if path.is_dir() else [], deep):
        messages = []
        for each in paths:
            try:
                messages += read_messages(each)
            except (Unreadable, OSError) as error:
                refused.append(str(error))
        if len({each.text for each in messages}) > len({each.text for each in best}):
            best = messages
    if best:
        said = [message for message in best if message.text]
        return "\n\n".join(each.text for each in said), "\n\n".join(each.text for each in said if _is(each.sender, names))
    if "read it as documents" in " ".join(refused):  # an archive of what a person posted, which answers nothing in it
        return of_document(path, expected)
    raise Unreadable("; ".join(refused)[:200])


def of_pairs(file, expected):
    """The answers."""
    pairs = read_pairs(file, file.name, Stage("read"))
    for want in expected.get("pairs", ()):
        found = [pair for pair in pairs if plain(want["prompt"]) in plain(" ".join(turn.content for turn in pair.prompt))]
        parts = want["reply"] if isinstance(want["reply"], list) else [want["reply"]]
        if not any(all(plain(part) in plain(pair.response) for part in parts) for pair in found):
            raise AssertionError(f"no pair {want['prompt'][:50]!r}")
    answers = "\n\n".join(pair.response for pair in pairs)
    asked = "\n\n".join(turn.content for pair in pairs for turn in pair.prompt)
    return f"{asked}\n\n{answers}", answers


right = total = 0
by = {}
for case in sorted(path for path in root.iterdir() if path.is_dir()):
    expected = json.loads((case / "expect.json").read_text(encoding="utf-8"))
    kind = expected["kind"]
    file = next(each for each in case.iterdir() if each.name.startswith("input"))
    read = of_conversation if kind in ("mail", "chat") else of_pairs if kind == "pairs" else of_document
    bad = []
    try:
        text, own = read(file, expected)
        if expected.get("refused", False):
            bad.append("should be refused")
        code_in, whole, mine = text, plain(text), plain(own)
        bad += [f"contains: {each[:90]!r}" for each in expected.get("contains", ()) if plain(each) not in whole]
        bad += [
            f"not as own: {each[:90]!r}"
            for each in expected.get("contains", ())
            if plain(each) in whole and kind in ("mail", "chat") and plain(each) not in mine
        ]
        bad += [
            f"code: {each[:90]!r}"
            for each in expected.get("code", ())
            if each not in code_in and "\n".join(f"    {line}" for line in each.split("\n")) not in code_in
        ]
        bad += [
            f"there: {each[:90]!r}"
            for name in ("absent", "never")
            for each in expected.get(name, ())
            if (plain(each) in whole if plain(each) and not MARKS.search(each) else each in text)
        ]
        bad += [f"own: {each[:90]!r}" for each in expected.get("not_own", ()) if plain(each) in mine]
        bad += [
            f"{whole.count(plain(each))} times: {each[:90]!r}"
            for each in expected.get("once", ())
            if whole.count(plain(each)) != 1
        ]
        places = [whole.find(plain(each)) for each in expected.get("order", ())]
        bad += ["order"] if places != sorted(places) else []
    except Unreadable as error:
        if not expected.get("refused", False) and not expected.get("may_refuse"):
            bad.append(f"refused: {error}")
    except Exception as error:
        bad.append(f"{type(error).__name__}: {error}")
    total, right = total + 1, right + (not bad)
    counts = by.setdefault(kind, [0, 0])
    counts[0], counts[1] = counts[0] + (not bad), counts[1] + 1
    if bad:
        print(case.name, *(bad[:9] if verbose else [len(bad)]), sep="\n    " if verbose else " ")
print("right", right, "of", total, by)
