"""Chinese and Japanese by their letters: what a text is about, what it asks for, whether it denies.

Words are not set apart there. Runs of Han letters count by two and two, runs of Katakana as one word; Hiragana and the letters of
grammar say little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_RUN = re.compile(r"[\u4e00-\u9fff]+|[\u30a0-\u30ff]+")
_GRAMMAR = re.compile(
    r"[的了吗呢吧啊呀是在我你您他她它们这那个有和跟与就都也还么什怎哪谁几能可以要请把被给到从对很最一下样想问麻烦告诉]"
    r"|何|方|事|御|教|願|様|私|自分|場合|方法|理由|时候|時間|为|如果"
)
_ASKS = {
    "?when": re.compile(r"什么时候|何时|几点|哪天|哪年|多会儿|いつ|何時|何日|何年|期限"),
    "?where": re.compile(r"哪里|哪儿|何处|在哪|どこ|場所は"),
    "?who": re.compile(r"谁|哪位|誰|だれ|どなた"),
    "?why": re.compile(r"为什么|为何|为啥|怎么会|なぜ|どうして|なんで|理由"),
    "?price": re.compile(r"多少钱|价格|いくら|値段|料金"),
    "?lasting": re.compile(r"多久|多长时间|どれくらい|どのくらい|何時間"),
    "?many": re.compile(r"多少|几[个位本次人台]|いくつ|何人|何回|何個|何台"),
    "?how": re.compile(r"怎么|怎样|如何|どうや|どのように|どうすれば|方法|手順"),
}
_DENIES = re.compile(r"[不没未无別别勿]|ない|なかった|ません|ませんで|ず[に、。]")


def codes_of(word: str) -> Iterator[str]:
    """What a run of letters counts as: two and two Han letters, Katakana words, "¬" where it denies.

    >>> sorted(codes_of("会議の場所"))
    ['会議', '場所']
    """
    if _DENIES.search(word):
        yield "¬"
    for run in _RUN.findall(_GRAMMAR.sub(" ", word)):
        if len(run) <= 2 or "\u30a0" <= run[0] <= "\u30ff":
            yield run
        else:
            yield from (run[at : at + 2] for at in range(len(run) - 1))


def asking_in(text: str) -> set[str]:
    """What a question asks for, by the names of `Asked.asking`; the first that is known."""
    return next(({kind} for kind, pattern in _ASKS.items() if pattern.search(text)), set())
