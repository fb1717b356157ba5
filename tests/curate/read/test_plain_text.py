"""Plain text: any encoding, wrapped paragraphs joined, verse and lists and code as they stand."""

import textwrap
from pathlib import Path

import pytest

from curate.read.documents import Unreadable, read_document
from curate.read.encoding import decode_text
from curate.read.lines import is_verse
from curate.read.markdown import read_markdown
from curate.read.plain_text import read_plain_text

from .shown import golden_cases, read_golden, shown

DEMO = Path(__file__).parents[3] / "recipes/demo/documents"


@pytest.mark.parametrize("case", golden_cases(".txt"))
def test_text_reads_as_its_golden_file(case):
    if case == "right":
        pytest.fail("a case has no folder of its own")
    document, right = read_golden(case)
    assert shown(document) == right


@pytest.mark.parametrize("width", [40, 55, 66, 72, 80, 95])
@pytest.mark.parametrize("read", [read_plain_text, read_markdown])
def test_prose_that_is_wrapped_at_any_width_is_joined(read, width):
    paragraphs = []
    for path in sorted(DEMO.rglob("*.md")):
        reading = read_markdown(path.read_text(encoding="utf-8"))
        paragraphs += [reading.text[b.start : b.end] for b in reading.blocks if b.kind == "prose"]
    assert len(paragraphs) > 100
    wrapped = [textwrap.fill(each, width, break_on_hyphens=False, break_long_words=False) for each in paragraphs]
    reading = read("\n\n".join(wrapped))
    assert [reading.text[block.start : block.end] for block in reading.blocks] == paragraphs


POEMS = {
    "blake": "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\nCould frame thy fearful symmetry?",
    "dickinson": "“Hope” is the thing with feathers –\nThat perches in the soul –\nAnd sings the tune without the words –\nAnd never stops – at all –",
    "shakespeare": "Shall I compare thee to a summer’s day?\nThou art more lovely and more temperate:\nRough winds do shake the darling buds of May,\nAnd summer’s lease hath all too short a date;",
    "longfellow": "This is the forest primeval. The murmuring pines and the hemlocks,\nBearded with moss, and in garments green, indistinct in the twilight,\nStand like Druids of eld, with voices sad and prophetic,\nStand like harpers hoar, with beards that rest on their bosoms.",
    "goethe": "Über allen Gipfeln\nIst Ruh,\nIn allen Wipfeln\nSpürest du\nKaum einen Hauch;",
    "rilke": "Sein Blick ist vom Vorübergehn der Stäbe\nso müd geworden, daß er nichts mehr hält.\nIhm ist, als ob es tausend Stäbe gäbe\nund hinter tausend Stäben keine Welt.",
    "basho": "古池や\n蛙飛びこむ\n水の音",
    "li bai": "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。",
    "pushkin": "Мороз и солнце; день чудесный!\nЕще ты дремлешь, друг прелестный —\nПора, красавица, проснись:\nОткрой сомкнуты негой взоры",
    "williams": "so much depends\nupon\n\na red wheel\nbarrow",
    "an address": "14 Mill Lane\nOverwater\nthe third of May",
}  # fmt: skip


@pytest.mark.parametrize("name", POEMS)
def test_the_lines_of_a_poem_stay_beside_wrapped_prose(name):
    wrapped = textwrap.fill("I copied these lines out by hand when I was nine and I have them by heart to this day. " * 3, 72)
    for read in (read_plain_text, read_markdown):
        assert POEMS[name] in read(f"{wrapped}\n\n{POEMS[name]}\n\n{wrapped}\n").text
        assert POEMS[name] in read(POEMS[name]).text


def test_a_line_that_no_window_holds_is_a_paragraph():
    lines = ["This is a paragraph of a program that writes each on one line, however long it may come to be in the end."] * 2
    assert read_plain_text("\n".join([*lines, "Short."])).text == "\n\n".join([*lines, "Short."])


def test_a_word_divided_at_the_line_end_is_one_where_the_text_has_it():
    text = "He was remarkable, and his re-\nmarkable gate was well-\nknown."
    assert read_plain_text(text + " " + "x" * 20).text.startswith("He was remarkable, and his remarkable gate was well-known.")


def test_dialogue_with_dashes_is_no_list():
    assert [b.kind for b in read_plain_text("— Ты где?\n\n— Я здесь, у ворот, и никуда не ухожу.").blocks] == ["prose", "prose"]


def test_of_wide_lines_none_is_verse():
    assert not is_verse(["word " * 30, "word " * 30], 0)


# --- encodings ---

TEXTS = {
    "english": "I’d planted the tree – my tree – in winter, and it’s there still. “Waiting” is a kind of work, and nobody pays for it.",
    "german": "Für Ida. Die Mühle steht am Sonntag still, und ich auch. Größe ist nicht alles, und es wird früh dunkel.",
    "french": "J’ai planté l’arbre au cœur de l’hiver, et il y est toujours. L’été, on voit où naît la forêt.",
    "russian": "Я посадил грушу в первую зиму, когда земля была ещё мягкой. Шесть лет она не давала плодов.",
    "japanese": "最初の冬に梨の木を植えた。土はまだ柔らかく、お金よりも時間があった。六年間、実はひとつもならなかった。",
    "chinese": "我在第一个冬天种下了那棵梨树，那时候地还软得可以下锹，而我的时间比钱多。它六年没有结一个果子。",
    "taiwanese": "我在第一個冬天種下了那棵梨樹，那時候地還軟得可以下鍬，而我的時間比錢多。它六年沒有結一個果子。",
    "korean": "나는 첫 겨울에 배나무를 심었다. 땅은 아직 부드러웠고 돈보다 시간이 많았다. 여섯 해 동안 열매가 열리지 않았다.",
    "polish": "Posadziłem gruszę pierwszej zimy, gdy ziemia była jeszcze miękka. Przez sześć lat nie dała owoców, a co roku mówiono mi, żebym ją ściął.",
    "greek": "Φύτεψα την αχλαδιά τον πρώτο χειμώνα, όταν το χώμα ήταν ακόμη μαλακό. Έξι χρόνια δεν έδωσε καρπό.",
    "hebrew": "נטעתי את עץ האגס בחורף הראשון, כשהאדמה עדיין הייתה רכה. שש שנים הוא לא נתן פרי.",
    "names": "We met Matěj’s friend Šimon Dvořák and Žofie at the Café Noël; the œuvre cost €9 ± 2.".replace("ě", "e").replace("ř", "r"),
    "icelandic": "Það er gott veður í dag og ég gekk með hundinn minn að ánni, en hann vildi ekki fara yfir brúna.",
    "thai": "ฉันปลูกต้นแพร์ในฤดูหนาวแรก เมื่อดินยังนุ่มพอจะขุดได้ และฉันมีเวลามากกว่าเงิน",
}  # fmt: skip
ENCODINGS = [
    ("english", "cp1252"), ("english", "mac_roman"), ("german", "cp1252"), ("german", "cp850"), ("french", "cp1252"),
    ("russian", "koi8_r"), ("russian", "cp1251"), ("russian", "cp866"), ("russian", "iso8859_5"), ("japanese", "cp932"),
    ("japanese", "euc_jp"), ("japanese", "iso2022_jp"), ("chinese", "gb18030"), ("taiwanese", "big5"), ("korean", "cp949"),
    ("polish", "cp1250"), ("polish", "iso8859_2"), ("greek", "cp1253"), ("hebrew", "cp1255"), ("thai", "cp874"),
    ("names", "cp1252"), ("icelandic", "cp1252"), ("russian", "mac_cyrillic"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "encoding"), ENCODINGS)
def test_an_encoding_that_is_not_named_is_found_and_said(language, encoding):
    text, note = decode_text(TEXTS[language].encode(encoding))
    assert text == TEXTS[language]
    assert note.startswith("its encoding was guessed: ") or encoding == "iso2022_jp"


@pytest.mark.parametrize("language", TEXTS)
def test_unicode_is_read_with_a_mark_and_without(language):
    text = TEXTS[language] + "\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert decode_text(text.encode(encoding)) == (text, "")
    for encoding in ("utf-16-le", "utf-16-be"):
        read, note = decode_text(text.encode(encoding))
        assert read == text
        assert "UTF-16" in note


def test_a_few_bytes_pasted_into_utf8_spoil_nothing():
    data = TEXTS["french"].encode() + b" caf\xe9 " + TEXTS["german"].encode()
    text, note = decode_text(data)
    assert text == f"{TEXTS['french']} café {TEXTS['german']}"
    assert note == "1 bytes of it are not UTF-8 and were read as Windows-1252"


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01\x00\x00\xf0\x9f\x00", bytes(range(256)) * 8, b"\xff\xfe\x00\xd8"])
def test_what_is_no_text_is_refused(data):
    with pytest.raises(Unreadable, match=r"is not text|begins as UTF-16"):
        decode_text(data)


def test_the_guess_is_in_the_documents_notes(tmp_path):
    (tmp_path / "a.txt").write_bytes(TEXTS["german"].encode("cp1252"))
    document = read_document(tmp_path / "a.txt", "a.txt", "own")
    assert document.text == TEXTS["german"]
    assert document.notes[0].startswith("its encoding was guessed: Windows-1252;")


def test_a_page_break_within_a_sentence_is_none_and_its_number_is_left_out():
    text = "We talked of the pail and of what it had been and still might be, and my uncle said, as he unter-\r\n\f- 19 -\r\n\r\nhielt us all.\r\n"
    reading = read_plain_text(f"{text}\r\n{text}")
    assert "as he unterhielt us all." in reading.text
    assert "19" not in reading.text
    assert reading.left_out[0].reason == "page_numbers"


def test_a_hyphen_that_stands_for_the_rest_of_a_word_keeps_its_blank():
    lines = "She went, as she told all of us in the office that day, to Süd-\nund nicht to Norddeutschland, and we gave her an umbrella for it.\n"
    assert "to Süd- und nicht" in read_plain_text(lines).text
