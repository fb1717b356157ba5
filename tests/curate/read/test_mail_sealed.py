"""Mail that only its receiver can open is counted and named, and never taken for an empty answer."""

import base64

import pytest

from curate.ledger.ledger import Ledger
from curate.model import Stage
from curate.read.conversations import read_messages
from curate.read.documents import Unreadable
from curate.read.read import find_files, read_sources
from likeness.errors import CallError
from likeness.recipe.load import load_recipe

HEAD = "From: Ida <ida@example.org>\nMessage-ID: <{}>\nIn-Reply-To: <q>\nSubject: Re: dough\nMIME-Version: 1.0\n"
PGP = "-----BEGIN PGP MESSAGE-----\nVersion: 2\n\nhQEMA0rT2uZ\n=aB3d\n-----END PGP MESSAGE-----\n"
ENVELOPED = base64.b64encode(bytes.fromhex("3082091206092a864886f70d010703a082")).decode()
SIGNED = base64.b64encode(bytes.fromhex("3082091206092a864886f70d010702a082")).decode()
P7M = 'Content-Type: {}; name="smime.p7m"{}\nContent-Transfer-Encoding: base64\n\n{}\n'
MIME = (
    'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b\nContent-Type: '
    f"application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n{PGP}--b--\n"
)
ENCRYPTED = {
    "S/MIME": P7M.format("application/pkcs7-mime", "; smime-type=enveloped-data", ENVELOPED),
    "S/MIME of old programs": P7M.format("application/x-pkcs7-mime", "", ENVELOPED),
    "S/MIME through Exchange": P7M.format("application/octet-stream", "", ENVELOPED),
    "PGP/MIME": MIME,
    "PGP/MIME through Exchange": MIME.replace("encrypted; protocol", "mixed; x").replace("--b\nContent", "--b\nContent-Type: text/plain\n\n\n--b\nContent", 1),
    "PGP in the text": f"Content-Type: text/plain\n\n{PGP}",
    "PGP in the text, signed": f"Content-Type: text/plain\n\n{PGP}\n-- \nIda\n",
    "PGP in HTML": f"Content-Type: text/html\n\n<pre>{PGP}</pre>\n",
}  # fmt: skip
PLAIN = "Content-Type: text/plain\n\nFor a whole night, and in winter for a night and a day.\n"
QUESTION = "From: tom@example.org\nMessage-ID: <q>\n\nHow long do you leave the dough?\n"


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_an_encrypted_mail_alone_is_refused_by_name(kind, tmp_path):
    path = tmp_path / "a.eml"
    path.write_text(HEAD.format(1) + ENCRYPTED[kind])
    with pytest.raises(
        Unreadable, match="has no words: 1 message is encrypted and cannot be read; decrypt it in the mail program"
    ):
        read_messages(path)


def test_a_mail_within_its_signature_is_named_too(tmp_path):
    path = tmp_path / "a.eml"
    for smime in ("; smime-type=signed-data", ""):
        path.write_text(HEAD.format(1) + P7M.format("application/pkcs7-mime", smime, SIGNED))
        with pytest.raises(Unreadable, match="1 message is packed into its signature and cannot be read"):
            read_messages(path)


@pytest.mark.parametrize("body", [
    f"Yes, I can read it now.\n\n> {PGP.strip().replace(chr(10), chr(10) + '> ')}\n", f"Yes, I can read it now.\n\n{PGP}",
])  # fmt: skip
def test_words_beside_an_encrypted_block_are_read(body, tmp_path):
    path = tmp_path / "a.eml"
    path.write_text(f"{HEAD.format(1)}Content-Type: text/plain\n\n{body}")
    assert [message.text for message in read_messages(path)] == ["Yes, I can read it now."]


def sources_of(tmp_path, *mails: str, more: str = ""):
    for number, mail in enumerate(mails):
        (tmp_path / f"{number}.eml").write_text(mail)
    (tmp_path / "recipe.yaml").write_text(
        "name: mail\npersona: {name: Ida, system_prompt: You bake.}\n"
        f"sources:\n  - {{path: '*.eml', as: conversations, author: ida@example.org, rights: own{more}}}\n"
    )
    stage = Stage("read")
    ledger = Ledger(tmp_path / "ledger.db")
    try:
        found = read_sources(find_files(load_recipe(tmp_path / "recipe.yaml"), tmp_path), ledger, stage, lambda *_: None)
    finally:
        ledger.close()
    return found, stage


def test_encrypted_mails_among_others_are_counted_and_named(tmp_path):
    sealed = [HEAD.format(number) + body for number, body in enumerate(list(ENCRYPTED.values())[:3])]
    found, stage = sources_of(tmp_path, QUESTION, *sealed, HEAD.format(9) + PLAIN)
    assert [pair.response for pair in found.pairs] == ["For a whole night, and in winter for a night and a day."]
    assert [note.partition(": ")[2] for note in found.notes()] == ["3 messages are encrypted and cannot be read"]
    assert stage.reasons["an encrypted mail"] == 3


def test_a_source_of_nothing_else_is_refused_unless_it_skips_such_files(tmp_path):
    sealed = [HEAD.format(number) + body for number, body in enumerate(ENCRYPTED.values())]
    with pytest.raises(CallError, match="has no words: 8 messages are encrypted and cannot be read"):
        sources_of(tmp_path, *sealed)
    found, _ = sources_of(tmp_path, *sealed, more=", unreadable: skip")
    assert len(found.skipped) == 1
