"""What stands below the words of a mail, in mails whose programs put no `-- ` above it."""

import email

import pytest

from curate.read.mail import own_text
from curate.read.mail_signature import recurring, without_tail

SAID = "The organ will not be ready by Easter, and I would rather say so now than in the sermon."


def own(body: str, sender: str = "Tom Hill <tom@hill.example>") -> str:
    data = f"From: {sender}\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"
    return own_text(email.message_from_bytes(data.encode()))[0]


CARDS = {
    "name again": ("Best,\nTom\n\nTom Hill\nOrgan builder\nPhone: +44 20 7946 0000", "Best,\nTom"),
    "below the greeting": ("Best regards,\nTom Hill\nOrgan builder, Hill & Sons Ltd.\n020 7946 0000", "Best regards,\nTom Hill"),
    "no greeting": ("Dr. Tom Hill | Organ builder\nwww.hill.example | tom@hill.example", ""),
    "several paragraphs": ("Yours,\nTom\n\nTom Hill\nOrgan builder\n\nHill & Sons\n1 Mill Lane, York\nT 01904 496 0000\nF 01904 496 0001", "Yours,\nTom"),
    "with a postscript": ("Yours,\nTom\n\nTom Hill\nTel. 020 7946 0000\n\nPS: Bring the ladder.", "Yours,\nTom\n\nPS: Bring the ladder."),
    "name alone": ("Tom\n\nTom Hill\n020 7946 0000", "Tom"),
    "on one line": ("Tom\n\nTom Hill – Organ works of York – 020 7946 0000", "Tom"),
    "a long line": ("Yours,\nTom\n\nTom Hill\nOrgan builder\n12, Lane of the Old Mill – Tel. 020 79 46 00 00\nwww.hill.example", "Yours,\nTom"),
    "scrubbed": ("Tom\n\n-------------- next part --------------\nAn HTML attachment was scrubbed...\nURL: <https://x.example/a.html>", "Tom"),
    "of an app": ("Tom\n\n---\nGesendet mit der GMX Mail App", "Tom"),
    "by address": ("Cheers\n\nOrgan works York\nmail: tom@hill.example", "Cheers"),
}  # fmt: skip


@pytest.mark.parametrize("case", CARDS)
def test_the_card_at_the_end_goes_and_the_greeting_stays(case):
    card, kept = CARDS[case]
    assert own(f"{SAID}\n\n{card}") == f"{SAID}\n\n{kept}".strip()


@pytest.mark.parametrize(("sender", "end", "kept"), [
    ("Ada Mühle <a@muehle.example>", "Mit freundlichen Grüßen\nAda Mühle\nLeiterin Verkauf\nTelefon: 030 90 18 20-0\nAmtsgericht Köln, HRB 12345",
     "Mit freundlichen Grüßen\nAda Mühle"),
    ("Inés Roca <ines@roca.example>", "Un abrazo,\nInés\n\nInés Roca\nRestauradora de órganos\nTeléfono 910 00 12 34", "Un abrazo,\nInés"),
    ("Jan Młyn <jan@mlyn.example>", "Pozdrawiam\nJan\n\nJan Młyn\norganmistrz\ntel. kom. 600 100 200\nNIP: 123-456-78-90", "Pozdrawiam\nJan"),
    ("Иван Мельник <i@x.example>", "С уважением,\nИван Мельник\nглавный инженер\nтел. +7 (495) 000-12-34", "С уважением,\nИван Мельник"),
    ("ليلى حداد <l@x.example>", "مع تحياتي،\nليلى\n\nليلى حداد\nمهندسة\nهاتف: +961 1 234 567", "مع تحياتي،\nليلى"),
    ("김철수 <k@x.example>", "감사합니다.\n김철수 드림\n\n김철수\n과장\n전화: 02-123-4567", "감사합니다.\n김철수 드림"),
    ("Jiro Yamada <j@yamada.example>", "よろしくお願いいたします。\n\n山田オルガン工房\n山田 二郎\n電話 03-0000-1234", "よろしくお願いいたします。"),
    ("山田 二郎 <j@yamada.example>", "よろしくお願いいたします。\n山田\n\n山田二郎\nオルガン工房\n電話：03-0000-1234", "よろしくお願いいたします。\n山田"),
])  # fmt: skip
def test_cards_are_known_in_any_language(sender, end, kept):
    assert own(f"{SAID}\n\n{end}", sender) == f"{SAID}\n\n{kept}"


@pytest.mark.parametrize("body", [
    f"{SAID}\n\nCall me on 020 7946 0000.\n\nTom",
    "My number:\n\n020 7946 0000\n\nTom",
    "Ask the plumber, he is honest.\n\nJoe Pipe\n020 7946 0000\njoe@pipe.example",
    "The hotel is this one:\n\nHotel Krone\nMill Lane 1\nTel. 020 7946 0000",
    f"{SAID}\n\n- tom@hill.example\n- 020 7946 0000",
    f"{SAID}\n\nRoses are red\nTom was here\nand so was I",
    "020 7946 0000",
    f"{SAID}\n\nIt was on 14.03.2025 12:30\n\nTom Hill",
])  # fmt: skip
def test_numbers_and_addresses_that_are_the_answer_stay(body):
    assert own(body) == body


NOTICES = [
    "Ce courriel et ses pièces jointes peuvent contenir des informations confidentielles et ne doivent être ni diffusés ni copiés.",
    "Diese Nachricht enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, löschen Sie sie bitte sofort.",
    "Este mensaje y sus adjuntos son confidenciales; si lo ha recibido por error, bórrelo y avise a quien se lo ha enviado.",
    "Niniejsza wiadomość może zawierać informacje poufne. Jej kopiowanie i rozpowszechnianie bez zgody nadawcy jest zabronione.",
    "本メールには機密情報が含まれている場合があります。誤って受信された方は、速やかに削除してくださいますようお願いいたします。",
    "Questo messaggio contiene informazioni riservate. Se lo avete ricevuto per errore, vi preghiamo di distruggerlo subito.",
    "Please consider the environment before you print this e-mail.", "Bitte denken Sie an die Umwelt, bevor Sie drucken.",
    "Virenfrei. www.avast.com", "This email has been checked for viruses by Avast antivirus software.",
    "The information in this e-mail is confidential. If you\nare not the person it was meant for, do not read it,\nand delete it at once.",
]  # fmt: skip


@pytest.mark.parametrize("apart", ["\n", "\n\n"])
@pytest.mark.parametrize("notice", NOTICES)
def test_notices_go_in_any_language(notice, apart):
    assert own(f"{SAID}\n\nYours,\nTom\n\nTom Hill\nTel. 020 7946 0000{apart}{notice}") == f"{SAID}\n\nYours,\nTom"
    assert own(f"{SAID}\n\nTom{apart}{notice}") == f"{SAID}\n\nTom"


@pytest.mark.parametrize("body", [
    f"{SAID}\n\nI print nothing these days, because the trees behind the church are the only company I have, and the planet knows it.",
    f"Ann,\n\nthis message is confidential, so burn it after you have read what I think of the organ.\n\n{SAID}",
])  # fmt: skip
def test_what_the_sender_says_of_secrets_and_trees_stays(body):
    assert own(body) == body


def test_a_long_line_at_the_end_of_two_mails_is_no_words_of_theirs():
    notice = "Hill and Sons have built and tuned organs in the north of England since 1871."
    texts = [
        f"{SAID}\n\nTom\n{notice}",
        f"No, the bellows are sound, and the mouse that lived in them has moved out.\n\nTom\n{notice}",
    ]
    assert [without_tail(text, recurring(texts)) for text in texts] == [text.split("\n")[0] for text in texts]
    assert notice in without_tail(texts[0], recurring([texts[0], texts[0]]))  # one mail, sent twice


def test_a_mail_program_that_names_itself_is_no_word_of_the_mail():
    assert own(f"{SAID}\n\nSent with [Proton Mail](https://proton.me/mail/home) secure email.") == SAID
    assert own(f"{SAID}\n\nSent with love, and a tuning fork.").endswith("fork.")
