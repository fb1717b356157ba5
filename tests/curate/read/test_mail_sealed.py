"""Mail that only its receiver can open is counted and named, and never taken for an empty answer."""

import base64

import pytest

from curate.ledger.ledger import Ledger
from curate.model import Stage
from curate.read import mail_sealed
from curate.read.conversations import read_messages
from curate.read.documents import Unreadable
from curate.read.message import Message
from curate.read.read import find_files, read_sources
from likeness.errors import CallError
from likeness.recipe.load import load_recipe

HEAD = "From: Ida <ida@example.org>\nMessage-ID: <{}>\nIn-Reply-To: <q>\nSubject: Re: dough\nMIME-Version: 1.0\n"
PGP = "-----BEGIN PGP MESSAGE-----\nVersion: 2\n\nhQEMA0rT2uZ\n=aB3d\n-----END PGP MESSAGE-----\n"
ENVELOPED = base64.b64encode(bytes.fromhex("3082091206092a864886f70d010703a082")).decode()
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


def der(tag: int, content: bytes, *, whole: bool = True) -> bytes:
    """An element, with its length before it or with zeros behind it."""
    if not whole:
        return bytes([tag, 0x80]) + content + b"\0\0"
    size = b"" if len(content) < 128 else len(content).to_bytes(2)
    return bytes([tag, 0x82 if size else len(content)]) + size + content


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("kind", ["application/pkcs7-mime", "application/octet-stream"])
def test_a_mail_that_is_packed_into_its_signature_is_read(kind, whole, tmp_path):
    """As `openssl smime -sign -nodetach` writes it, of known length or in pieces."""
    inner = f"Content-Type: text/plain; charset=utf-8\r\n\r\nFor a whole night.\r\n{'It rises slowly here. ' * 12}".encode()
    octets = der(0x04, inner) if whole else der(0x24, der(0x04, inner[:100]) + der(0x04, inner[100:]), whole=False)
    data = bytes.fromhex("06092a864886f70d010701") + der(0xA0, octets, whole=whole)
    signed = der(
        0x30, bytes.fromhex("06092a864886f70d010702") + der(0xA0, der(0x30, b"\2\1\1" + der(0x31, b"") + der(0x30, data)))
    )
    path = tmp_path / "a.eml"
    path.write_text(HEAD.format(1) + P7M.format(kind, "", base64.encodebytes(signed).decode()))
    assert [message.text for message in read_messages(path)] == ["For a whole night.\n" + ("It rises slowly here. " * 12).strip()]


@pytest.mark.parametrize("cut", [12, 20, 30, 34, 60])
def test_a_damaged_signature_is_no_mail_and_harms_nothing(cut, tmp_path):
    signed = bytes.fromhex("3082091206092a864886f70d010702a08230820201013100300b06092a864886f70d010701a08024800482ffff")[:cut]
    path = tmp_path / "a.eml"
    path.write_text(HEAD.format(1) + P7M.format("application/pkcs7-mime", "", base64.b64encode(signed).decode()))
    with pytest.raises(Unreadable, match="cannot be read"):
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


@pytest.mark.parametrize(("count", "said"), [(0, ""), (1, "1 message is"), (21, "21 messages are")])
def test_encrypted_mails_are_counted_in_the_right_number(count, said):
    mail = Message("1", 0.0, ("a",), "", "1", wordless=mail_sealed.ENCRYPTED)
    assert mail_sealed.sealed_in_words([mail] * count) == (f"{said} encrypted and cannot be read" if count else "")
