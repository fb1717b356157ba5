"""Precision and recall of the thin terms on texts that the finder's author had not seen, beside the planted ones; 95 % Wilson intervals.

Labels name terms with their forms and what they are; a term without a label counts for nothing. Listed is what `curate contrast list`
would show as unexplained or inconsistent, with no pairs there.
"""

import json
import math
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from likeness.command import settle_libraries

settle_libraries()
from curate.contrast.terms import thin_terms
from curate.decisions.explanations import keys_of
from curate.read.documents import read_document


def unseen():
    for name in "abc":
        folder = ROOT / "tests/unseen/terms" / f"corpus_{name}"
        labels = json.loads((folder.parent / f"labels_{name}.json").read_text(encoding="utf-8"))
        yield f"corpus {name}", sorted(folder.iterdir()), [(each["class"], each["forms"]) for each in labels]


def planted():
    folder = ROOT / "tests/curate/planted/terms"
    for name, classes in json.loads((folder / "labels.json").read_text(encoding="utf-8")).items():
        yield name, [folder / name], [(kind, [term]) for kind, terms in classes.items() for term in terms]


def is_it(term, forms):
    """Whether a listed term is the labelled one: the same key, or one within the other in whole words."""
    if any(term.key in keys_of(form) for form in forms):
        return True
    shown = {f" {place} ".casefold() for place in [term.term]}
    return any(f" {form.casefold()} " in each or each in f" {form.casefold()} " for form in forms for each in shown)


def wilson(k, n):
    if not n:
        return "none"
    z, p = 1.96, k / n
    d, c = 1 + z * z / n, p + z * z / 2 / n
    h = z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return f"{k}/{n} = {p:.2f} [{(c - h) / d:.2f}, {(c + h) / d:.2f}]"


def measure(corpora):
    total = {}

    def count(name, hit):
        k, n = total.get(name, (0, 0))
        total[name] = k + hit, n + 1

    for _, files, labels in corpora:
        documents = [read_document(path, path.name, "own") for path in files]
        terms = thin_terms(documents, [])
        for kind, forms in labels:
            listed = {term.kind for term in terms if is_it(term, forms)}
            thin = bool(listed & {"unexplained", "inconsistent"})
            if kind == "ordinary":
                count("ordinary terms listed at all (lower is better)", bool(listed))
            else:
                count("terms found (recall)", bool(listed))
            if kind in ("thin", "inconsistent"):
                count("thin or inconsistent, listed so (recall)", thin)
            if kind == "inconsistent":
                count("inconsistent, listed so (recall)", "inconsistent" in listed)
            if thin:
                count("listed as thin or inconsistent, and labelled so (precision)", kind in ("thin", "inconsistent"))
    return total


if __name__ == "__main__":
    for title, corpora in (("planted", planted()), ("unseen", unseen())):
        print(title)
        for name, (k, n) in measure(corpora).items():
            print(f"  {name}: {wilson(k, n)}")
