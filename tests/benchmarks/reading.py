"""How fast files are read, against markitdown on the same 300 files.

    .venv/bin/python tests/benchmarks/reading.py

The files are those of the tests with more text in them; each kind is timed by itself, the better of two rounds.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from curate.read.documents import read_document  # noqa: E402
from tests.curate.read.makers import epub, paragraph, pdf, word, wrapped  # noqa: E402
from tests.curate.read.shown import GOLDEN  # noqa: E402

STORY = (
    "I planted the pear tree in the first winter, when the ground was still soft enough for a spade and I had more time than "
    "money. It gave nothing for six years, and I was told each year to cut it down, which I never did because of a bird. "
)
EACH = 60


def main() -> None:
    """Print the table."""
    from markitdown import MarkItDown

    warnings.simplefilter("ignore")
    theirs = MarkItDown(enable_plugins=False)
    print("| files | ours, ms each | markitdown, ms each | markitdown : ours | aim |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder)
        ours_all = theirs_all = 0.0
        for suffix in (".docx", ".epub", ".html", ".md", ".pdf"):
            files = sorted(folder.glob(f"*{suffix}"))
            ours = timed(lambda path: read_document(path, path.name, "own"), files)
            others = timed(theirs.convert_local, files)
            ours_all, theirs_all = ours_all + ours, theirs_all + others
            row(f"{len(files)} {suffix[1:]}", ours / len(files), others / len(files))
        count = 5 * EACH
        row(f"{count} of all kinds", ours_all / count, theirs_all / count)
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        tracemalloc.start()
        for path in sorted(folder.iterdir()):
            read_document(path, path.name, "own")
        print(
            f"\nPython's peak memory over all files: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB; the process, with both readers: {largest:.0f} MB"
        )


def timed(read: Callable[[Path], object], files: list[Path]) -> float:
    """Seconds for all of the files, the better of two rounds."""
    rounds = []
    for _ in range(2):
        started = time.perf_counter()
        for path in files:
            read(path)
        rounds.append(time.perf_counter() - started)
    return min(rounds)


def row(what: str, ours: float, theirs: float) -> None:
    """Print one line of the table."""
    print(f"| {what} | {1000 * ours:.1f} | {1000 * theirs:.1f} | {theirs / ours:.1f} | 1.0 |")


def write_files(folder: Path) -> None:
    """Sixty files of each kind, of about 3,000 words."""
    pages = sorted(path for path in GOLDEN.glob("*/page.htm*"))
    for number in range(EACH):
        text = f"{STORY * (10 + number % 5)}"
        page = pages[number % len(pages)].read_bytes()
        more = b"".join(b"<p>%s</p>" % f"{n}. {STORY * 3}".encode() for n in range(20))
        for end in (b"<h2", b"<H2", b"<UL", b"<ol"):
            if end in page:
                page = page.replace(end, more + end, 1)
                break
        (folder / f"{number}.html").write_bytes(page)
        chapters = {f"c{n}.xhtml": f"<h1>Chapter {n}</h1>" + f"<p>{text}</p>" * 4 for n in range(3)}
        (folder / f"{number}.epub").write_bytes(epub(chapters))
        body = "".join(paragraph(f"Part {n}", "Heading1") + paragraph(text) * 3 for n in range(4))
        (folder / f"{number}.docx").write_bytes(word(body))
        (folder / f"{number}.md").write_text(f"# Title {number}\n\n" + "\n\n".join([text] * 12), encoding="utf-8")
        lines = wrapped(text, 300)
        sheet = [(60.0, 80.0 + 12 * n, 10.0, "T", line) for n, line in enumerate(lines[:38])]
        (folder / f"{number}.pdf").write_bytes(pdf([[*sheet, (200.0, 560.0, 9.0, "T", str(n + 1))] for n in range(6)]))


if __name__ == "__main__":
    main()
