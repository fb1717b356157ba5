"""What a person may rely on when their mail is read: their own words, all of them, and nobody else's."""

import email
import time
from email.message import EmailMessage

import pytest

from curate.ledger.ledger import Ledger
from curate.model import Stage
from curate.read import mailboxes
from curate.read.conversations import read_messages
from curate.read.mail import own_text
from curate.read.mailboxes import split_mbox
from curate.read.read import find_files, read_sources
from likeness.recipe.load import load_recipe

from .golden import cases, conversation_pairs, expected


@pytest.mark.parametrize("name", cases("mail"))
def test_mail_is_read_as_its_golden_file_says(name):
    path, right = expected(name)
    pairs, reasons = conversation_pairs(path, right["author"])
    assert pairs == right["pairs"]
    assert reasons == right["reasons"]


# --- mailboxes ---


def test_an_mbox_of_any_size_is_gone_through_mail_by_mail():
    """What is not needed any more is let go: the lines come from a generator, and only one mail is held."""
    attachment = b"QUJD" * 18 + b"\n"
    read = 0

    def lines():
        nonlocal read
        for number in range(50):
            yield b"From a@example.org Mon Feb  5 10:00:00 2024\n"
            yield b"Subject: %d\n" % number
            yield b"\n"
            for _ in range(100):
                read += 1
                yield attachment
            yield b"\n"

    for number, mail in enumerate(split_mbox(lines())):
        assert read <= (number + 1) * 100
        assert mail.startswith(b"Subject: %d\n" % number)
    assert number == 49


def test_of_a_huge_mail_the_beginning_is_kept(monkeypatch):
    monkeypatch.setattr(mailboxes, "LARGEST_MAIL", 1000)
    (mail,) = split_mbox([b"From a@example.org Mon Feb  5 10:00:00 2024\n", b"Subject: x\n", b"\n", *[b"line\n"] * 5000])
    assert len(mail) <= 1000


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("From ann@example.org Mon Feb  5 10:00:00 2024", True),
        ("From - Mon Feb 05 10:00:00 2024", True),
        ("From 1790000000000000001@xxx Mon Feb 05 10:00:00 +0000 2024", True),
        ("From MAILER-DAEMON", True),
        ("From what I have seen so far, it is nine steps", False),
        ("From here: nine steps", False),
    ],
)
def test_what_parts_two_mails_is_a_line_that_a_program_wrote(line, parts):
    text = f"From a@example.org Mon Feb  5 10:00:00 2024\nSubject: one\n\nHello\n\n{line}\nSubject: two\n\nHello\n"
    assert len(list(split_mbox(text.encode().splitlines(keepends=True)))) == (2 if parts else 1)


BEGIN = "From x@example.org Mon Feb  5 10:00:00 2024\nMessage-ID: <{}>\nFrom: {}\nIn-Reply-To: <{}>\n\n{}\n\n"


@pytest.mark.parametrize("folder", [False, True], ids=["files", "apple folders"])
def test_the_answer_in_one_mailbox_finds_the_question_in_another(tmp_path, folder):
    for name, mail in {
        "inbox.mbox": BEGIN.format(1, "tom@example.org", "", "How long do you leave the dough?"),
        "sent.mbox": BEGIN.format(2, "ida@example.org", 1, "For a whole night, and in winter for a night and a day."),
    }.items():
        path = tmp_path / name / "mbox" if folder else tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(mail)
    (tmp_path / "recipe.yaml").write_text(
        "name: mail\npersona: {name: Ida, system_prompt: You bake.}\n"
        "sources:\n  - {path: '*.mbox', as: conversations, author: ida@example.org, rights: own}\n"
    )
    ledger = Ledger(tmp_path / "ledger.db")
    files = find_files(load_recipe(tmp_path / "recipe.yaml"), tmp_path)
    (pair,) = read_sources(files, ledger, Stage("read"), lambda *_: None).pairs
    ledger.close()
    assert (pair.instruction, pair.document.split("#")[0]) == ("How long do you leave the dough?", "sent.mbox")


# --- what a hostile mail cannot do ---

BUSY = [" ", ">", "> \n", "a: ", "-", "--\n", "_", "*", "<div>", "<blockquote>", "<b>x</b>", "&lt;", "x@y ", "1", "20", ":", "：", "wrote:\n",
        "\u200e", "From \n", "On 1 Jan 2024, a@b wrote:\n", "A: b\n", "\n\n", "[", "confiden recipient ", "é"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("stuff", BUSY)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_mail_made_to_keep_a_reader_busy_does_not(stuff, kind):
    head = f"From: a@example.org\nSubject: {stuff[:1].strip()}\nContent-Type: text/{kind}; charset=utf-8\n\n"
    mail = email.message_from_bytes((head + stuff * (200_000 // len(stuff))).encode())
    began = time.process_time()
    own_text(mail)
    assert time.process_time() - began < 5


ODD = ["", "\ud800", "x" * 2000, "=?utf-8?b?broken?=", "=?klingon?q?x?=", "<>", '"', "Mon, 99 Feb 99999 99:99", "multipart/mixed", "text/plain; charset",
       "text/plain; charset*=x''y", "message/rfc822", "text/html; charset=utf-16", "text/plain; format=flowed; delsp"]  # fmt: skip
HEADERS = ["From", "Date", "Subject", "Message-ID", "In-Reply-To", "References", "Content-Type", "Content-Transfer-Encoding",
           "Content-Disposition", "Precedence", "Auto-Submitted"]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_no_value_of_a_header_stops_the_reader(tmp_path, header):
    box = tmp_path / "sent.mbox"
    for odd in ODD:
        mail = f"From x\nFrom: ida@example.org\n{header}: {odd}\n\nHello\n".encode("utf-8", "surrogatepass")
        good = b"\nFrom x\nFrom: tom@example.org\nMessage-ID: <7>\n\nHow do you do?\n"
        box.write_bytes(mail + good)
        assert "How do you do?" in [message.text for message in read_messages(box)]


# --- forwarded mail ---

ABOVE = "Have a look at this, and do not laugh before the end.\n\nI shall call them on Monday.\n"
FORWARDS = {
    "Thunderbird": "-------- Weitergeleitete Nachricht --------\nBetreff: \tAbsage\nVon: \tBüro <buero@kirche.example>\n\nDer Saal ist zu.\n",
    "Apple": "> Begin forwarded message:\n> \n> From: Accounts <accounts@pipes.example>\n> Subject: Notice\n> \n> Pay us.\n",
    "Gmail": "---------- Forwarded message ---------\nFrom: Ann <ann@a.example>\nDate: Mon, 4 Mar 2024\nSubject: Notice\n\nPay us.\n",
}


@pytest.mark.parametrize("program", FORWARDS)
def test_what_stands_above_a_forwarded_mail_is_the_senders(program):
    mail = email.message_from_string(f"From: a@a.example\nSubject: Fwd: Notice\n\n{ABOVE}\n{FORWARDS[program]}")
    assert own_text(mail) == (ABOVE.strip(), "")


@pytest.mark.parametrize("body", [*FORWARDS.values(), "Pay us, or the organ goes.\n"])
def test_a_forwarded_mail_with_nothing_above_it_has_no_words_of_the_sender(body):
    mail = email.message_from_string(f"From: a@a.example\nSubject: WG: Notice\n\n{body}")
    assert own_text(mail) == ("", "a forwarded mail")


def test_a_signature_between_two_rules_is_none_of_the_words():
    rule = "━" * 20
    said = "校正刷り、拝受しました。"
    text = f"From: a@a.example\nContent-Type: text/plain; charset=utf-8\n\n{said}\n\n{rule}\n 三木（翻訳）\n TEL: 000\n{rule}\n"
    assert own_text(email.message_from_bytes(text.encode()))[0] == said
    apart = f"One thing.\n\n{'-' * 20}\n\nAnother thing, and more of it.\n\nThe end of it."
    assert "Another thing" in own_text(email.message_from_string(f"From: a@a.example\nSubject: x\n\n{apart}"))[0]


@pytest.mark.parametrize(("kind", "words"), [("attachment", True), ("inline", False)])
def test_a_calendar_file_sent_along_makes_no_invitation(tmp_path, kind, words):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@x.example", "b@x.example", "Tuesday"
    mail.set_content("I can come on Tuesday, and I bring the ladder.")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", disposition=kind, filename="a.ics")
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    (message,) = read_messages(tmp_path / "a.eml")
    assert bool(message.text) == words and (message.wordless == "a calendar invitation") != words
