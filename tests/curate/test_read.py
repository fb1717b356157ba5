"""What a person may rely on when files are read: clean text, exact passages, and every bad file named at once."""

import io
import json
import random
import re
import unicodedata
import zipfile
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import docx
import pytest

from curate.ledger.ledger import Ledger
from curate.model import Stage
from curate.read.conversations import missing_author, pairs_of, read_messages
from curate.read.documents import Unreadable, read_document, source_files
from curate.read.plain import as_laid_out, tidy
from curate.read.read import find_files, read_sources
from curate.read.ready_pairs import read_pairs
from likeness.errors import CallError
from likeness.recipe.load import load_recipe
from likeness.recipe.schema import Recipe, Source

# --- normalised text ---


def test_text_is_tidied():
    text = tidy("\ufeffOne\u00a0two\u200b\t three\r\nfour\rfive\x0csix\x00\x07 \n\n\n\n seven e\u0301 so\u00adft")
    assert text == "One two three\nfour\nfive\nsix\n\nseven é soft"


def test_blanks_that_nobody_sees_do_not_stay():
    assert as_laid_out("  One. \t\n \n  Two:\r\n      three  \n") == "One.\n\nTwo:\n    three"


def test_code_keeps_the_place_of_its_first_line():
    assert as_laid_out("\n    # area 0\n\tif r < 0:\r\n\t\treturn\n\n") == "    # area 0\n\tif r < 0:\n\t\treturn"
    assert as_laid_out("   One.\nTwo.") == "One.\nTwo."


def test_results_of_a_build_are_nobodys_writing(corpus, tmp_path):
    built = tmp_path / "my-voice" / "build" / "my-voice"
    (built / "dataset").mkdir(parents=True)
    (built / "recipe.path").write_text("../../recipe.yaml")
    (built / "dataset" / "README.md").write_text("A dataset's card.")
    (tmp_path / "note.md").write_text("I write this.")
    inside = [path.name for path in source_files(Source(path=f"{tmp_path}/**/*.md", rights="own"))]
    assert "note.md" in inside and "README.md" not in inside
    assert len(source_files(Source(path=f"{built}/dataset/*.md", rights="own"))) == 1, "named on purpose"


def test_what_is_kept_as_it_was_laid_out_stays_as_it_is():
    dice = random.Random(8)
    for _ in range(5000):
        once = as_laid_out("".join(dice.choice("a \n\t\r\x00\x85\u0301\u200b\u2028é") for _ in range(dice.randint(1, 14))))
        assert as_laid_out(once) == once == once.strip("\n").rstrip()
        assert once == once.strip() or once.count("\n")
        assert unicodedata.normalize("NFC", once) == once
        assert not set(once) & set("\r\x00\x85\u200b\u2028")


def test_tidy_text_stays_as_it_is_whatever_it_was_made_of():
    dice = random.Random(7)
    marks = "ab #-*\n\t\r\x00\x1c\x85\u0301\u00a0\u00ad\u200b\u2028\u202e\u2066\ufeffé"
    for _ in range(5000):
        text = "".join(dice.choice(marks) for _ in range(dice.randint(1, 14)))
        once = tidy(text)
        assert tidy(once) == once
        assert unicodedata.normalize("NFC", once) == once
        assert not re.search(r"\n{3}|[^\S\n]{2}", once)
        hidden = [mark for mark in once if mark != "\n" and unicodedata.category(mark) in ("Cc", "Cf")]
        assert not hidden, (text, once)


# --- files ---


def encrypted_pdf() -> bytes:
    """A PDF that asks for a password: the standard security handler, revision 2 (PDF 32000-1, 7.6.3)."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>",
        b"<< /Length 16 >>\nstream\n0123456789abcdef\nendstream",
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"1f" * 32 + b"> /U <" + b"2e" * 32 + b"> >>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places))
    identifier = b"<" + b"3d" * 16 + b">"
    out.write(b"trailer\n<< /Size 6 /Root 1 0 R /Encrypt 5 0 R /ID [%s %s] >>\n" % (identifier, identifier))
    out.write(b"startxref\n%d\n%%%%EOF\n" % table)
    return out.getvalue()


def word_file() -> bytes:
    document = docx.Document()
    document.add_heading("The mill", 1)
    document.add_paragraph("The mill stands still on Sundays, and so do I.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


BAD = {
    "cut.docx": (lambda: word_file()[:2000], "cannot be read as DOCX"),
    "empty.md": (lambda: b"", "is empty"),
    "locked.pdf": (encrypted_pdf, "is encrypted; save a copy without its password"),
    "picture.jpg": (lambda: b"\xff\xd8\xff\xe0", "is not a file type that can be read"),
    "program.md": (lambda: b"\x7fELF\x02\x01\x01\x00\x00\xf0\x9f\x00", "is not text"),
    "whole-library.txt": (lambda: b"word " * 10_000_000, "is 50 MB, and the limit for a document is 20"),
    "zip.docx": (lambda: _zip(), "cannot be read as DOCX"),
    "blank.html": (lambda: b"<html><body><p> </p></body></html>", "contains no text"),
}


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", "no Word document")
    return out.getvalue()


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_told_why(name, tmp_path):
    make, why = BAD[name]
    path = tmp_path / name
    path.write_bytes(make())
    with pytest.raises(Unreadable, match=why):
        read_document(path, name, "own")


def test_every_bad_file_is_named_at_once_and_the_good_ones_are_kept(tmp_path, curate):
    for name, (make, _) in BAD.items():
        (tmp_path / name).write_bytes(make())
    (tmp_path / "good.md").write_text("# Good\n\nThis one can be read.\n")
    (tmp_path / "good.docx").write_bytes(word_file())
    (tmp_path / "recipe.yaml").write_text(
        "name: bad\npersona: {name: A, system_prompt: B}\nsources: [{path: '*.*', exclude: [recipe.yaml], rights: own}]\n"
        "generate: {provider: anthropic, kinds: [{kind: own_words, per_passage: 1}]}\n"
    )
    told = curate(tmp_path, "build", "recipe.yaml", code=2)
    message = told.stderr[told.stderr.index("error: ") :].splitlines()
    assert message[0].startswith("error: sources: 8 files cannot be read: ")
    assert len(message) == len(BAD) + 1
    for (name, (_, why)), line in zip(sorted(BAD.items()), message, strict=False):
        assert re.search(f"{re.escape(name)} .*{why}", line), line
    assert "exclude" in message[-1]
    ledger = Ledger(tmp_path / "build/bad/ledger.db")
    assert ledger.newest_document("good.md").title == "Good"
    assert "stands still on Sundays" in ledger.newest_document("good.docx").text
    ledger.close()


def test_a_file_is_read_once_while_it_stays_as_it_is(corpus, tmp_path):
    recipe = load_recipe(corpus)
    ledger = Ledger(tmp_path / "ledger.db")
    first = read_sources(find_files(recipe, tmp_path), ledger, Stage("read"), lambda *_: None)
    files = find_files(recipe, tmp_path)
    for path in tmp_path.glob("documents/*"):
        path.unlink()  # the ledger has them
    again = read_sources(files, ledger, Stage("read"), lambda *_: None)
    assert list(again.documents) == list(first.documents) != []
    assert [document.title for document in first.documents] == ["Bread", "The clock", "The ferry", "orchard"]
    ledger.close()


def test_a_source_that_names_no_file_is_told(corpus, tmp_path):
    corpus.write_text(corpus.read_text().replace("documents/*", "docments/*"))
    with pytest.raises(CallError, match="no file matches"):
        find_files(load_recipe(corpus), tmp_path)


def test_a_file_whose_name_is_not_utf8_is_named(corpus, tmp_path):
    (tmp_path / "documents/caf\udce9.md").write_text("# Coffee\n\nIt is strong.\n")
    files, ledger = find_files(load_recipe(corpus), tmp_path), Ledger(tmp_path / "ledger.db")
    with pytest.raises(CallError, match=r"documents/caf\\xe9\.md has a name that is not UTF-8 .*; rename it"):
        read_sources(files, ledger, Stage("read"), lambda *_: None)
    corpus.write_text(corpus.read_text().replace('"documents/*"', '"documents/*", unreadable: skip'))
    read = read_sources(find_files(load_recipe(corpus), tmp_path), ledger, Stage("read"), lambda *_: None)
    assert len(read.documents) == 4 and len(read.skipped) == 1
    ledger.close()


def test_a_name_that_moves_the_cursor_is_escaped(tmp_path):
    path = tmp_path / "a\x1b[31m\nb\u202e.md"
    path.write_text("Words of mine.")
    (file,) = find_files(Recipe.model_construct(sources=[Source.model_validate({"path": str(path), "rights": "own"})]), tmp_path)
    assert file.name == "a\\x1b[31m\\nb\\u202e.md"
    assert read_document(file.path, file.name, "own").title == "a\\x1b[31m\\nb\\u202e"


def test_a_folder_that_is_read_by_suffix_may_lose_its_last_file_of_one(corpus, tmp_path):
    lines = '"documents/**/*.md", rights: own}\n  - {path: "documents/**/*.html"'
    corpus.write_text(corpus.read_text().replace('"documents/*"', lines))
    recipe = load_recipe(corpus)
    (tmp_path / "documents/clock.html").unlink()
    assert [file.name for file in find_files(recipe, tmp_path)] == ["documents/bread.md", "documents/ferry.md"]
    for path in (tmp_path / "documents").glob("*.md"):
        path.unlink()
    with pytest.raises(CallError, match="no file matches"):
        find_files(recipe, tmp_path)
    (tmp_path / "documents/bread.md").write_text("Bread.")
    corpus.write_text(corpus.read_text().replace("*.html", "*.htlm"))
    with pytest.raises(CallError, match="no file matches"):
        find_files(load_recipe(corpus), tmp_path)


def test_excluded_files_are_left_out(corpus, tmp_path):
    corpus.write_text(corpus.read_text().replace('"documents/*"', '"documents/*", exclude: ["documents/c*"]'))
    assert [file.name for file in find_files(load_recipe(corpus), tmp_path)] == [
        "documents/bread.md",
        "documents/ferry.md",
        "documents/orchard.txt",
    ]


# --- mail ---

ANSWER = "We keep the oven at two hundred degrees, and the bread goes in when the flour on the stone turns brown."


def mail(number: int, sender: str, body: str, parent: int | None = None, html: str | None = None) -> bytes:
    message = EmailMessage()
    message["From"] = f"Somebody <{sender}>"
    message["To"] = "someone@example.org"
    message["Subject"] = "Bread"
    message["Message-ID"] = f"<{number}@example.org>"
    if parent:
        message["In-Reply-To"] = f"<{parent}@example.org>"
    message.set_content(body)
    if html:
        message.clear_content()
        message.set_content(html, subtype="html")
    lines = message.as_bytes().splitlines()
    return b"From x@example.org Mon Jan  1 00:00:00 2024\n" + b"\n".join(
        b">" + line if re.match(rb">*From ", line) else line for line in lines
    )


@pytest.fixture
def box(tmp_path):
    def read(*messages: bytes) -> tuple[list, Stage]:
        path = tmp_path / "sent.mbox"
        path.write_bytes(b"\n\n".join(messages) + b"\n")
        stage = Stage("read")
        return pairs_of(read_messages(path), "sent.mbox", "Me@Example.org", stage), stage

    return read


def test_a_mail_and_its_answer_are_a_pair_without_quotes_and_signature(box):
    quoting = (
        f"{ANSWER}\n\nOn Mon, Jan 1, 2024, at 10:00, Ann <ann@example.org>\nwrote:\n> How hot is it?\n>\n> Ann\n\n-- \nThe bakery"
    )
    (pair,), stage = box(
        mail(1, "ann@example.org", "How hot is your oven?\n\nSent from my phone"), mail(2, "me@example.org", quoting, 1)
    )
    assert pair.instruction == "How hot is your oven?"
    assert pair.response == ANSWER
    assert stage.reasons == {}


def test_an_answer_between_quoted_lines_is_kept(box):
    body = f"> How hot is it?\n{ANSWER}\n> And the stone?\nThe stone is older than the oven.\n"
    (pair,), _ = box(mail(1, "ann@example.org", "How hot is your oven?"), mail(2, "me@example.org", body, 1))
    assert pair.response == f"{ANSWER}\n\nThe stone is older than the oven."


def test_html_mail_is_read_without_its_quotation(box):
    html = f"<div>{ANSWER}</div><blockquote><p>How hot is it?</p></blockquote>"
    (pair,), _ = box(mail(1, "ann@example.org", "How hot is your oven?"), mail(2, "me@example.org", "", 1, html))
    assert pair.response == ANSWER


def test_mail_that_makes_no_pair_is_counted_with_the_reason(box):
    pairs, stage = box(
        mail(1, "ann@example.org", "How hot is your oven?"),
        mail(2, "me@example.org", ANSWER),
        mail(3, "me@example.org", ANSWER, 99),
        mail(4, "me@example.org", ANSWER, 2),
        mail(5, "me@example.org", "Thanks!", 1),
    )
    assert pairs == []
    assert stage.reasons == {
        "not an answer": 1,
        "what it answers is not in the file": 1,
        "answers the author's own message": 1,
        "too short to stand alone": 1,
    }


def test_a_line_that_begins_with_from_is_not_taken_for_a_quotation(box):
    (pair,), _ = box(
        mail(1, "ann@example.org", "How hot is it?"), mail(2, "me@example.org", f"{ANSWER}\n\nFrom then on you wait.", 1)
    )
    assert pair.response == f"{ANSWER}\n\nFrom then on you wait."


@pytest.mark.parametrize(
    "message",
    [
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"Content-Type: text/plain; charset=klingon\n\nhello",
        b"Content-Transfer-Encoding: base64\n\n!!!",
        b"Content-Type: text/plain; charset=utf-8\n\n\xff\xfe\xfd",
        b"Content-Type: nonsense\n\nhello",
        b'From: "broken <me@example.org\nMessage-ID: <>\nIn-Reply-To: <1@example.org>\n\nhello',
        b"Subject: =?utf-8?b?broken?=\n\n",
        b"",
    ],
)
def test_a_broken_mail_does_not_spoil_the_others(box, message):
    good = mail(1, "ann@example.org", "How hot is your oven?"), mail(2, "me@example.org", ANSWER, 1)
    pairs, _ = box(b"From x@example.org Mon Jan  1 00:00:00 2024\nFrom: me@example.org\n" + message, *good)
    assert [pair.response for pair in pairs] == [ANSWER]


def test_a_file_that_is_no_mbox_is_told_so(tmp_path):
    (tmp_path / "mail.mbox").write_text("Hello")
    with pytest.raises(Unreadable, match="does not begin with a `From ` line"):
        read_messages(tmp_path / "mail.mbox")


# --- pairs that exist already ---

QUESTION, REPLY = "How hot is your oven?", "Two hundred degrees."


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": role, "content": text} for role, text in
                      (("system", "S"), ("user", QUESTION), ("assistant", REPLY))]},
        {"conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": REPLY}]},
        {"instruction": QUESTION, "input": "", "output": REPLY},
        {"instruction": QUESTION, "response": REPLY},
        {"prompt": QUESTION, "completion": REPLY},
    ],
    ids=["openai", "sharegpt", "alpaca", "instruction-response", "prompt-completion"],
)  # fmt: skip
def test_a_ready_pair_is_read_in_every_shape(row, tmp_path):
    for name, text in {"a.jsonl": json.dumps(row) + "\n\n", "a.json": json.dumps([row], indent=1)}.items():
        (tmp_path / name).write_text(text)
        stage = Stage("read")
        (pair,) = read_pairs(tmp_path / name, name, stage)
        assert (pair.instruction, pair.response, pair.kind, pair.document) == (QUESTION, REPLY, "pair", name)
        assert stage.reasons == {}


def read_rows(tmp_path: Path, *rows: object) -> tuple[list, Stage]:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    stage = Stage("read")
    return read_pairs(path, path.name, stage), stage


def test_a_conversation_of_several_turns_keeps_them(tmp_path):
    turns = [("human", "A?"), ("gpt", "B."), ("human", "C?"), ("gpt", "D.")]
    (first, pair), _ = read_rows(tmp_path, {"conversations": [{"from": who, "value": text} for who, text in turns]})
    assert (first.instruction, first.response) == ("A?", "B."), "every answer is one to learn from"
    assert [(turn.role, turn.content) for turn in pair.prompt] == [("user", "A?"), ("assistant", "B."), ("user", "C?")]
    assert pair.response == "D."


def test_alpacas_input_stands_below_its_instruction(tmp_path):
    (pair,), _ = read_rows(tmp_path, {"instruction": "Sum up.", "input": "A long text.", "output": "Short."})
    assert pair.instruction == "Sum up.\n\nA long text."


def test_rows_of_no_known_shape_are_counted(tmp_path):
    odd = [
        {"text": "x"},
        ["a", "b"],
        7,
        {"messages": ["hello"]},
        {"messages": [{"role": "user", "content": "unanswered"}]},
        {"instruction": None, "output": "x"},
    ]
    pairs, stage = read_rows(tmp_path, {"instruction": QUESTION, "output": REPLY}, *odd)
    assert len(pairs) == 1
    assert stage.reasons == {"row of no known shape": len(odd)}


def test_a_file_of_no_known_shape_is_told_so(tmp_path):
    with pytest.raises(Unreadable, match="no row of a known shape"):
        read_rows(tmp_path, {"text": "x"})


def test_a_broken_line_is_told_with_its_number(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"instruction": "A", "output": "B"}\n{"instruction": \n')
    with pytest.raises(Unreadable, match="line 2 is not JSON"):
        read_pairs(path, path.name, Stage("read"))


def test_outlook_quotes_below_its_header_lines() -> None:
    from email.message import EmailMessage

    from curate.read.mail import own_text

    message = EmailMessage()
    message.set_content(
        "Your parcel leaves tomorrow at nine.\n\nFrom: A Customer\nSent: Monday\nTo: Support\nSubject: Where is it?\n\nWhere?"
    )
    assert own_text(message)[0] == "Your parcel leaves tomorrow at nine."


def test_a_mailbox_without_the_author_is_told_with_who_wrote_in_it(tmp_path: Path) -> None:
    box = tmp_path / "sent.mbox"
    box.write_text("From x\nFrom: A Friend <friend@example.com>\nMessage-ID: <1>\n\nHow do you do, after all this time?\n")
    senders = Counter(message.sender for message in read_messages(box))
    assert "no message from mee@example.com; most are from friend@example.com" in missing_author("mee@example.com", senders)
    assert missing_author("A Friend <friend@example.com>", senders) is None


def test_a_text_that_is_again_what_it_was_is_the_newest(tmp_path):
    """A, then B, then A again: the ledger has read A before, and it is what the file says now."""
    (tmp_path / "recipe.yaml").write_text(
        "name: back\npersona: {name: A, system_prompt: B}\nsources: [{path: '*.md', rights: own}]\n"
        "generate: {provider: anthropic, kinds: [{kind: own_words, per_passage: 1}]}\n"
    )
    ledger = Ledger(tmp_path / "ledger.db")
    for text in ("The first text.", "The second text.", "The first text."):
        (tmp_path / "notes.md").write_text(f"{text}\n")
        files = find_files(load_recipe(tmp_path / "recipe.yaml"), tmp_path)
        read_sources(files, ledger, Stage("read"), lambda *_: None)
        assert ledger.newest_document("notes.md").text == text
    ledger.close()
