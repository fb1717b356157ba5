"""How many exports of mail, chats and pairs are read as a thoughtful person would."""

import json
import pathlib
import re
import sys
import warnings

warnings.simplefilter("ignore")
root = pathlib.Path(__file__).parent / "conversations"
verbose = "-v" in sys.argv
from likeness.command import settle_libraries

settle_libraries()
from curate.model import Stage
from curate.read.conversations import pairs_of, read_messages
from curate.read.documents import Unreadable
from curate.read.ready_pairs import read_pairs


def norm(s):
    return re.sub(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", s).replace("\u00a0", " ").replace("\u202f", " ").strip()


def loose(s):
    return " ".join(norm(s).split())


def attempt(paths, kind, author):
    stage = Stage("read")
    pairs = []
    err = []
    for p in paths:
        try:
            if kind == "pairs":
                pairs += read_pairs(p, p.name, stage)
            else:
                pairs += pairs_of(read_messages(p), p.name, author, stage)
        except Unreadable as e:
            err.append(str(e))
        except Exception as e:
            err.append(f"CRASH {type(e).__name__}: {e}")
    return pairs, err, stage


tot = good = 0
by = {}
P = [0, 0]
extra = 0
leaks = 0
for case in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
    e = json.loads((case / "expect.json").read_text())
    inp = case / "input"
    author = e.get("author") or "me"
    entries = sorted(p for p in inp.iterdir())
    options = [[inp], entries, sorted(p for p in inp.rglob("*") if p.is_file())]
    results = [attempt(o, e["kind"], author) for o in options]
    pairs, err, stage = max(results, key=lambda r: (len(r[0]), -len(r[1])))
    bad = []
    if e.get("refused"):
        if pairs:
            bad.append(f"{len(pairs)} pairs from what should be refused")
        elif not any(not x.startswith("CRASH") for r in results for x in r[1]):
            bad.append("no reason given: " + str(err)[:150])
    else:
        left = list(pairs)

        def match(want):
            for p in left:
                r = norm(p.response)
                pr = loose("\n".join(t.content for t in p.prompt) + "\n" + p.context)
                if want.get("response") is not None and loose(r) != loose(want["response"]):
                    continue
                if any(loose(s) not in loose(r) for s in want.get("response_contains") or ()):
                    continue
                if any(loose(s) in loose(r) for s in want.get("response_absent") or ()):
                    continue
                if any(loose(s) not in pr for s in want.get("prompt_contains") or ()):
                    continue
                if any(loose(s) in pr for s in want.get("prompt_absent") or ()):
                    continue
                return p

        for want in e.get("pairs", ()):
            P[1] += 1
            p = match(want)
            if p is None:
                bad.append(f"missing: {str(want.get('response') or want.get('response_contains'))[:110]!r}")
            else:
                P[0] += 1
                left.remove(p)
        for want in e.get("pairs_optional", ()):
            p = match(want)
            if p:
                left.remove(p)
        for p in left:
            extra += 1
            bad.append(f"extra: {p.response[:110]!r}")
        for s in e.get("absent", ()):
            if any(s in p.response for p in pairs):
                leaks += 1
                bad.append(f"leak: {s[:80]!r}")
        if not pairs and err:
            bad.append("errors: " + " | ".join(err)[:200])
    tot += 1
    good += not bad
    b = by.setdefault(e["kind"], [0, 0])
    b[0] += not bad
    b[1] += 1
    if bad:
        print(case.name, *(bad[:8] if verbose else [len(bad)]), sep="\n    " if verbose else " ")
print("cases right", good, "of", tot, by, "pairs", P, "extra", extra, "leaks", leaks)
