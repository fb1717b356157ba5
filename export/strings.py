"""Two hundred awkward strings: where tokenizers that look alike differ."""

from __future__ import annotations

import random

_SPACE = [
    "",
    " ",
    "  ",
    "   ",
    "\n",
    "\n\n",
    "\n\n\n",
    " \n ",
    "\t",
    "\t\t\t",
    "\r\n",
    "a\r\nb",
    " a",
    "  a",
    "a ",
    "a  ",
]
_LINES = ["\na", "a\n", "a \n b", "a\n\n\nb", "x\n    y\n        z", "    indented", "\tindented", "trailing   \n"]
_ODD_SPACE = ["\u00a0x", "x\u200by", "\ufeffx", "\u3000全角", " \t \n \t ", "a" + " " * 10 + "b", " " * 50, "\n" * 20]
_WORDS = [
    "Hello world",
    "hello, world!",
    "HELLO",
    "Hello World's end",
    "don't I'M we'VE he'LL you'd 'tis ''' '",
    "it’s “curly” quotes — dash… ellipsis",
    "The quick brown fox jumps over the lazy dog.",
    "Mr. O'Neil's",
    "rock'n'roll",
    "'s's's",
    "I'LL",
    "'Re",
    "ſt 's ſ",
    "supercalifragilisticexpialidocious",
    "camelCaseString",
    "snake_case_string",
    "ALLCAPS_CONST",
    "a_b__c___d",
    "A.B.C.",
    "e.g. i.e.",
    "a" * 100,
    "ab" * 50,
    "word" * 20,
]
_NUMBERS = ["1", "12", "123", "1234", "12345678901234567890", "3.14159", "1,234,567.89", "0x1F", "1e-10", "v1.2.3-rc4"]
_MORE_NUMBERS = ["٣٤٥ ४५६ Ⅷ ½ ²", "100%", "$9.99", "#1 @user", "1st 2nd 3rd", "a1b2c3", "1a2b3c", "x=1;y=2", "K Kelvin"]
_SCRIPTS = [
    "Größe straße",
    "naïve café",
    "Привет, мир!",
    "你好，世界",
    "こんにちは世界",
    "안녕하세요 세계",
    "مرحبا بالعالم",
    "שלום עולם",
    "नमस्ते दुनिया",
    "ไทยไม่มีช่องว่าง",
    "កាន់តែពិសេស",
    "Iñtërnâtiônàlizætiøn",
    "ﬁ ﬂ ligature",
    "İstanbul ıI",
    "ǅ ǆ",
    "𝕳𝖊𝖑𝖑𝖔",
    "e\u0301 a\u0308 NFD",
    "é NFC",
    "ḍ̇",
    "\u1100\u1161 jamo",
]
_PICTURES = ["🚀", "🚀🚀🚀", "😶‍🌫️", "👨‍👩‍👧‍👦 family", "🇩🇪🇫🇷", "👍🏽", "✅ done ❌", "♥️", "a🙂b", "☃"]
_CODE = [
    "def f(x):\n    return x ** 2\n",
    "for i in range(10):\n\tprint(i)\n",
    "if (a && b || !c) { return; }",
    '<div class="x">&nbsp;</div>',
    "SELECT * FROM t WHERE a='b';",
    '{"k": [1, 2, {"n": null}]}',
    "https://example.com/a?b=c&d=%20#e",
    "user@example.com",
    "C:\\Users\\me\\file.txt",
    "/usr/local/bin",
    "```python\nx=1\n```",
    "\\n literal \\t",
    "====----====",
    "......",
    "!!!???",
    "~`^|\\",
    "()[]{}<>",
    "+-*/=%",
    "::->=>",
    "\x00",
    "\x01\x02",
    "\x7f",
    "a\x00b",
    "\x1b[31mred\x1b[0m",
]
_MARKERS = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    " <|im_end|> ",
    "<|im_end|><|im_end|>",
    "<|im_end|>\n\n<|im_start|>",
    "x<|im_start|>y",
    "<|im_star|>",
    "<| im_end |>",
    "<think>\nhm\n</think>\n\nok",
    "<s>",
    "</s>",
    "[INST] hi [/INST]",
    "<unk>",
    "[PAD1500]",
    "<0x41>",
    "▁",
    "a▁b",
    "Ġ",
    "Ċ",
    "Ġhello",
]
_PIECES = [" ", "\n", "\t", "a", "B", "1", "23", "é", "你", "🙂", "'s", ".", "!?", "_", "  ", "\r\n", "ß", "Ω", "м"]
_MORE_PIECES = ["the", "def", "(", '"', "<|im_end|>", "-", "\u200d", "ا"]
COUNT = 200


def awkward_strings() -> list[str]:
    """The strings, always the same: those with a reason first, then random mixtures of awkward pieces."""
    known = [
        *_SPACE,
        *_LINES,
        *_ODD_SPACE,
        *_WORDS,
        *_NUMBERS,
        *_MORE_NUMBERS,
        *_SCRIPTS,
        *_PICTURES,
        *_CODE,
        *_MARKERS,
    ]
    choose = random.Random(7)  # noqa: S311 - not a secret
    pieces = [*_PIECES, *_MORE_PIECES]
    mixed = ["".join(choose.choices(pieces, k=choose.randint(3, 25))) for _ in range(COUNT - len(known))]
    return known + mixed
