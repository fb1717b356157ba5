"""How many documents are read as a thoughtful person would, by kind."""

import json
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")
root = pathlib.Path(__file__).parent / "documents"
verbose = "-v" in sys.argv
from likeness.command import settle_libraries

settle_libraries()
from curate.model import OWN_WORDS
from curate.read.documents import Unreadable, read_document

tot = 0
good = 0
by = {}
parts = {"contains": [0, 0], "absent": [0, 0], "code": [0, 0], "not_own": [0, 0]}
for case in sorted(p for p in root.iterdir() if p.is_dir()):
    e = json.loads((case / "expect.json").read_text())
    f = next(case.glob("input.*"))
    bad = []
    try:
        d = read_document(f, f.name, "own")
        text = d.text
        if e.get("refused"):
            bad.append("should be refused")
        else:
            own = getattr(d, "own_text", None) or "\n\n".join(text[b.start : b.end] for b in d.blocks if b.kind in OWN_WORDS)
            for k in ("contains", "code"):
                for s in e.get(k, ()):
                    ok = s in text or (
                        k == "contains"
                        and " ".join(s.replace("\u00a0", " ").split())
                        in " ".join(text.replace("\u00a0", " ").replace("`", "").split())
                    )
                    parts[k][0] += ok
                    parts[k][1] += 1
                    if not ok:
                        bad.append(f"{k}: {s[:90]!r}")
            for s in e.get("absent", ()):
                ok = s not in text
                parts["absent"][0] += ok
                parts["absent"][1] += 1
                if not ok:
                    bad.append(f"absent: {s[:90]!r}")
            for s in e.get("not_own", ()):
                ok = s not in own
                parts["not_own"][0] += ok
                parts["not_own"][1] += 1
                if not ok:
                    bad.append(f"not_own: {s[:90]!r}")
    except Unreadable as error:
        if not e.get("refused") and not e.get("refuse_ok"):
            bad.append(f"refused: {error}")
    except Exception as error:
        bad.append(f"crash {type(error).__name__}: {error}")
    tot += 1
    good += not bad
    b = by.setdefault(e["kind"], [0, 0])
    b[0] += not bad
    b[1] += 1
    if bad and verbose:
        print(case.name, *bad[:9], sep="\n    ")
    elif bad:
        print(case.name, len(bad))
print("cases right", good, "of", tot, by, {k: f"{a}/{b}" for k, (a, b) in parts.items()})
