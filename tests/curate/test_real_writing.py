"""Published books as XHTML, with all their apparatus, through the whole of `curate build` and into trl.

The book here was written for the test, in the form in which e-books come. With LIKENESS_CORPUS set to a folder of .xhtml
files, the same test reads that folder as well: LIKENESS_CORPUS=~/essays pytest tests/curate/test_real_writing.py -s
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.messages_server import running

CURATE = Path(sys.executable).with_name("curate")

PARAGRAPHS = [
    "A wall is a sentence that a field says to its neighbour, and like most sentences it is longer than it need be. I have walked "
    "beside walls for the better part of forty years, and I hold that a man may be known by which side of his own he stands to mend.",
    "The waller does not choose his stones. He is given them by the plough, and he puts each where it will lie; and the art of it, "
    "if art there be, is all in the waiting, for there is no stone so ill made that the wall will not come to it in time.",
    "They asked old keepers of the parish why the gaps were left. “For the sheep,” said one; “for the water,” said another; "
    "and the third, who had built most of it, said that he had gone home to his dinner, and that the gap was the shape of it.",
    "Let no one praise a straight wall to me. The ground is not straight, and a line that takes no notice of the ground is an "
    "opinion and not a wall; the first hard winter will argue with it, and the winter has never yet been the one to give way.",
    "So I come back to the beginning, as a wall does that goes about a field. What we keep out we must walk beside; what we keep "
    "in we must feed; and he that builds higher than he can see over has made himself a smaller country, and called it safety.",
]

PAGE = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="en-GB">
<head><title>{title}</title><link href="../css/core.css" rel="stylesheet" type="text/css"/></head>
<body epub:type="bodymatter z3998:non-fiction">
<nav epub:type="toc"><ol><li><a href="a.xhtml">Contents</a></li></ol></nav>
<article id="x" epub:type="z3998:essay">
<header><h2 epub:type="title">{title}</h2>
<blockquote epub:type="epigraph z3998:poem"><p><span>Stone upon stone\u2060—</span><br/><span>the rest is weather.</span></p></blockquote></header>
{body}
</article>
<section epub:type="endnotes" role="doc-endnotes"><ol><li id="n1" epub:type="endnote"><p>A note of the editor’s.
<a href="#r1" role="doc-backlink">↩</a></p></li></ol></section>
</body></html>
"""


NOTE = ',<a href="#n1" id="r1" epub:type="noteref">1</a>'


def write_book(folder: Path) -> None:
    for number, title in enumerate(("On Walls", "On Gaps &amp; Gates", "On the Ground"), 1):
        order = PARAGRAPHS[number - 1 :] + PARAGRAPHS[: number - 1]
        body = "\n".join(f"<p>{text.replace(',', NOTE, 1)} <em>Chapter {number}</em> holds it so.</p>" for text in order * 3)
        (folder / f"{number}.xhtml").write_text(PAGE.format(title=title, body=body), encoding="utf-8")


def corpora() -> list[str]:
    return ["book", *filter(None, [os.environ.get("LIKENESS_CORPUS")])]


@pytest.mark.slow
@pytest.mark.parametrize("corpus", corpora())
def test_a_book_becomes_a_dataset_that_trains(corpus: str, tmp_path: Path, tiny: Path) -> None:
    folder = tmp_path / "essays"
    folder.mkdir()
    if corpus == "book":
        write_book(folder)
        titles = {"On Walls", "On Gaps & Gates", "On the Ground"}
    else:
        for path in Path(corpus).expanduser().glob("*.xhtml"):
            (folder / path.name).write_bytes(path.read_bytes())
        titles = set()
    (tmp_path / "recipe.yaml").write_text(
        """
name: essays
persona: {name: the essayist, description: Long sentences and aphorisms., system_prompt: Answer as in your essays.}
sources: [{path: essays/*.xhtml, rights: public-domain}]
generate:
  provider: anthropic
  kinds:
    - {kind: question_answer, per_passage: 2, words: [40, 180]}
    - {kind: own_words, per_passage: 1}
    - {kind: essay, per_document: 1, words: [40, 900]}
expect: [expect_column_values_to_not_be_null: {column: quote}]
""",
        encoding="utf-8",
    )
    with running() as server:
        done = subprocess.run(
            [CURATE, "build", "recipe.yaml", "--json"],
            cwd=tmp_path,
            env=os.environ | server.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert not server.log()["paid_twice"]
    said = json.loads(done.stdout)
    print(json.dumps({stage["name"]: stage for stage in said["stages"]}, indent=1), said["usage"], said["counts"])

    texts, passages = read_ledger(tmp_path / "build/essays/ledger.db")
    if titles:
        assert {title for title, _ in texts} == titles
    for title, text in texts:
        assert re.match(r"#+ ", text), f"{title}: the title is gone"
        assert not re.search(r"</?\w+|&\w+;|epub:|\u2060|↩|Contents\n", text), f"{title}: markup or apparatus is left"
        assert "A note of the editor’s" not in text
        assert not re.search(r"[a-z],1 ", text), "a footnote mark is left"
    assert len(passages) > len(texts)
    for text, start, end in passages:
        before, after = text[start - 1 : start], text[end : end + 1]
        assert not (before.isalnum() and text[start].isalnum()), text[start - 10 : start + 10]
        assert not (after.isalnum() and text[end - 1].isalnum()), text[end - 10 : end + 10]
    print(f"{len(texts)} documents, {sum(len(text.split()) for _, text in texts):,} words, {len(passages)} passages")

    import datasets

    dataset = datasets.load_dataset(said["dataset"], "sft")
    kinds = Counter(dataset["train"]["kind"])
    assert set(kinds) == {"question_answer", "own_words", "essay"}
    assert len(dataset["train"]) >= 10
    by_path = dict(read_texts(tmp_path / "build/essays/ledger.db"))
    for row in dataset["train"]:
        assert by_path[row["source"]][row["quote_start"] : row["quote_end"]] == row["quote"]
    train_a_step(tiny, dataset, tmp_path)


def read_ledger(path: Path) -> tuple[list[tuple[str, str]], list[tuple[str, int, int]]]:
    import sqlite3

    database = sqlite3.connect(path)
    texts = database.execute("select title, text from documents").fetchall()
    passages = database.execute("select d.text, p.start, p.end from passages p join documents d on d.id = p.document").fetchall()
    return texts, passages


def read_texts(path: Path) -> list[tuple[str, str]]:
    import sqlite3

    return sqlite3.connect(path).execute("select path, text from documents").fetchall()


def train_a_step(tiny: Path, dataset: object, folder: Path) -> None:
    """trl takes the published rows as they are."""
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    arguments = SFTConfig(
        output_dir=str(folder / "out"), max_steps=1, per_device_train_batch_size=2, use_cpu=True, bf16=False, report_to="none",
        gradient_checkpointing=False, max_length=512,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=str(tiny),
        args=arguments,
        train_dataset=dataset["train"].select(range(4)),
        peft_config=LoraConfig(task_type="CAUSAL_LM"),
    )
    assert trainer.train().training_loss > 0
