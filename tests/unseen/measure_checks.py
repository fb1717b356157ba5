"""Precision and recall of the checks on rows that their authors had not seen, with 95 % Wilson intervals.

python tests/unseen/measure_checks.py            the table
python tests/unseen/measure_checks.py refusals   with the notes of what this check missed
python tests/unseen/measure_checks.py --set f    one set's rows, where rows say of which set they are
python tests/unseen/measure_checks.py --write    counts of seen and unseen rows to docs/measured.json, from which the docs are made
"""

import json
import math
import pathlib
import sys
import time
import warnings

warnings.simplefilter("ignore")
root = pathlib.Path(__file__).parent / "checks"
ONE = sys.argv[2] if sys.argv[1:2] == ["--set"] else None
verbose = sys.argv[1] if len(sys.argv) > 1 and not ONE else ""
MEASURED: dict[str, dict[str, int]] = {}
from likeness.command import settle_libraries

settle_libraries()
from curate.check import Given, check_named
from curate.model import Document, Evidence, Pair, Passage, Turn
from curate.sources import SourceTexts
from likeness.recipe.screen import Screen

S = Screen()


def pair(i, r, kind="question_answer", doc="d.md", ev=None):
    return Pair(i, kind, (Turn("user", r["instruction"]),), r["response"], doc, ev)


def rows(n):
    found = [json.loads(l) for l in (root / f"{n}.jsonl").read_text().splitlines() if l.strip()]
    return [each for each in found if not ONE or each.get("set") == ONE] or found


def own(lang):
    import re

    W = {
        "de": r"\b(?:und|nicht|der|ich)\b",
        "fr": r"\b(?:les|une|est|je)\b",
        "es": r"\b(?:los|una|que|el)\b",
        "en": r"\b(?:the|and|of|was)\b",
    }
    ts = [p.read_text() for p in sorted((root / "voice").glob("*/own.txt"))]
    return [t for t in ts if max(W, key=lambda l: len(re.findall(W[l], t))) == lang]


def wilson(k, n):
    if not n:
        return (0, 0)
    z = 1.96
    p = k / n
    d = 1 + z * z / n
    c = p + z * z / 2 / n
    h = z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return ((c - h) / d, (c + h) / d)


def find(name, pairs, src, settings=S):
    return [f for f in check_named(name).find(Given(pairs, src, settings))]


def report(name, data, found, sev=None):
    tp = sum(r["label"] and i in found for i, r in enumerate(data))
    fp = sum((not r["label"]) and i in found for i, r in enumerate(data))
    pos = sum(r["label"] for r in data)
    p = tp / (tp + fp) if tp + fp else 1
    MEASURED[name] = {"right": tp, "found": tp + fp, "bad": pos, "rows": len(data)}
    rc = tp / pos
    a, b = wilson(tp, tp + fp)
    c, d = wilson(tp, pos)
    dropfp = sum((not r["label"]) and bool(sev) and (sev or {}).get(i) == "drop" for i, r in enumerate(data))
    droptp = sum(r["label"] and bool(sev) and (sev or {}).get(i) == "drop" for i, r in enumerate(data))
    lang = {}
    for i, r in enumerate(data):
        if r["label"]:
            l = lang.setdefault(r["language"], [0, 0])
            l[0] += i in found
            l[1] += 1
    print(
        f"{name:<16} rows {len(data)}  precision {p:.2f} [{a:.2f},{b:.2f}]  recall {rc:.2f} [{c:.2f},{d:.2f}]  drops {droptp}+{dropfp}wrong  by language {lang}"
    )
    if verbose == name:
        for i, r in enumerate(data):
            if r["label"] != (i in found):
                print("   MISSED" if r["label"] else "   FALSE", r.get("note", ""))


def behind(data):
    """Pairs, and the passages that they were made from where the rows have any."""
    pairs, documents, passages = [], {}, {}
    for i, r in enumerate(data):
        text, path = r.get("passage", ""), f"{i}.md"
        evidence = Evidence(path, 0, len(text), text) if text else None
        pairs.append(pair(str(i), r, doc=path, ev=evidence))
        if text:
            documents[path] = Document(path, "", text, "own")
            passages[path] = [Passage(path, 0, len(text), text)]
    return pairs, SourceTexts(documents, passages)


def simple(name, file=None, srcof=None):
    data = rows(file or name)
    found = set()
    sev = {}
    pairs, sources = behind(data)
    for f in find(name, pairs, sources):
        found.add(int(f.pair))
        sev[int(f.pair)] = "drop" if f.severity == "drop" or sev.get(int(f.pair)) == "drop" else "warning"
    report(name, data, found, sev)


def run(name, fn):
    try:
        t = time.time()
        fn()
    except FileNotFoundError:
        print(name, "no rows yet")
    except Exception as e:
        print(name, "CRASH", type(e).__name__, e)


for n, f in (("refusals", None), ("injection", None), ("debris", None), ("standalone", "standing_alone"), ("private_data", None)):
    run(n, lambda n=n, f=f: simple(n, f))


def language():
    data = rows("language")
    found = set()
    docs = {l: own(l) for l in ("en", "de", "fr", "es")}
    for l in set(r["document_language"] for r in data):
        texts = docs.get(l) or [" ".join(r["response"] for r in data if not r["label"] and r["document_language"] == l)]
        src = SourceTexts({f"{i}.md": Document(f"{i}.md", "", t, "own") for i, t in enumerate(texts)})
        sel = [(i, r) for i, r in enumerate(data) if r["document_language"] == l]
        for f in find("language", [pair(str(i), r) for i, r in sel], src):
            found.add(int(f.pair))
    report("language", data, found)


run("language", language)


def contradictions():
    data = rows("contradictions")
    found = set()
    for i, r in enumerate(data):
        if find("contradictions", [pair("a", r["a"]), pair("b", r["b"])], SourceTexts()):
            found.add(i)
    report("contradictions", data, found)


run("contradictions", contradictions)


def contamination():
    data = rows("contamination")
    found = set()
    sev = {}
    for i, r in enumerate(data):
        for f in find("contamination", [pair("a", r)], SourceTexts(control=[r["control"]])):
            found.add(i)
            sev[i] = f.severity
    report("contamination", data, found, sev)


run("contamination", contamination)


def reworded():
    data = rows("reworded")
    pairs = []
    for i, r in enumerate(data):
        pairs += [pair(f"{i}a", r["a"]), pair(f"{i}b", r["b"])]
    found = set()
    for f in find("reworded", pairs, SourceTexts()):
        found.add(int(f.pair[:-1]))
    report("reworded", data, found)


run("reworded", reworded)


def mannerisms():
    data = rows("mannerisms")
    found = set()
    for l in ("en", "de", "fr", "es"):
        texts = own(l)
        src = SourceTexts({f"{i}.md": Document(f"{i}.md", "", t, "own") for i, t in enumerate(texts)})
        for f in find("mannerisms", [pair(str(i), r) for i, r in enumerate(data) if r["language"] == l], src):
            found.add(int(f.pair))
    report("mannerisms", data, found)


run("mannerisms", mannerisms)


def grounding():
    data = rows("grounding")
    found = set()
    for i, r in enumerate(data):
        d = Document("d.md", "", r["passage"], "own")
        src = SourceTexts({"d.md": d}, {"d.md": [Passage("d.md", 0, len(d.text), d.text)]})
        if find("grounding", [pair("a", r, ev=Evidence("d.md", 0, 20, d.text[:20]))], src):
            found.add(i)
    report("grounding", data, found)


run("grounding", grounding)


def echo():
    data = rows("echo")
    found = set()
    for i, r in enumerate(data):
        d = Document("d.md", "", r["own"], "own")
        src = SourceTexts({"d.md": d}, {"d.md": [Passage("d.md", 0, len(d.text), d.text)]})
        if find("echo", [pair(str(j), {"instruction": "?", "response": x}) for j, x in enumerate(r["responses"])], src):
            found.add(i)
    report("echo", data, found)


run("echo", echo)


def lang_of(a):
    t = (a / "own.txt").read_text()
    return next((l for l in ("en", "de", "fr", "es") if t in own(l)), "?")


def voice():
    A = sorted(p for p in (root / "voice").iterdir() if (p / "heldout.jsonl").exists())
    J = lambda p: [json.loads(l)["text"] for l in p.read_text().splitlines() if l.strip()]
    tot = {"own": [0, 0], "other": [0, 0], "flat": [0, 0]}
    for a in A:
        d = Document("d.md", "", (a / "own.txt").read_text(), "own")
        src = SourceTexts({"d.md": d})

        def share(texts, key):
            ps = [pair(str(i), {"instruction": "?", "response": t}) for i, t in enumerate(texts)]
            n = len({f.pair for f in find("voice", ps, src)})
            tot[key][0] += n
            tot[key][1] += len(texts)
            return f"{n}/{len(texts)}"

        mine = lang_of(a)
        others = [t for b in A if b != a and lang_of(b) == mine for t in J(b / "heldout.jsonl")]
        print(
            "   voice",
            a.name,
            len(d.text.split()),
            "own",
            share(J(a / "heldout.jsonl"), "own"),
            "other",
            share(others, "other") if others else "-",
            "flat",
            share(J(a / "flat.jsonl"), "flat") if (a / "flat.jsonl").exists() else "-",
        )
    print("voice", {k: f"{x}/{y}={x / max(1, y):.2f}" for k, (x, y) in tot.items()})


run("voice", voice)


def seen():
    """The same counts on the rows that were in sight when the checks were written."""
    sys.path.insert(0, str(root.parents[2]))
    from tests.curate import labelled
    from tests.curate.test_content_checks import CHECKS, planted

    counts = {}
    for name, (find_in, *_) in CHECKS.items():
        made = planted(name)
        if name == "contradictions":
            found = [finding for pairs, _ in made for finding in find_in(pairs)]
        else:
            found = list(find_in([pair for pairs, _ in made for pair in pairs]))
        ids = {finding.pair.removesuffix("-other") for finding in found}
        bad = {pairs[0].id for pairs, is_bad in made if is_bad}
        counts[name] = {"right": len(ids & bad), "found": len(ids), "bad": len(bad), "rows": len(made)}
    for name in labelled.CHECKS:
        counts[name] = {key: count + counts[name][key] for key, count in labelled.counts(name).items()}
    return counts


if verbose == "--write":
    file = root.parents[2] / "docs/measured.json"
    file.write_text(json.dumps({"seen": seen(), "unseen": MEASURED}, indent=1, sort_keys=True) + "\n")
