"""Whether a file cuts texts into the same tokens, renders chats the same way and ends a reply."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from export.checks.check import Check, Subject
from export.gguf.vocabulary import ENDS_BY_NAME, adds_bos, pre_tokenizer_of
from export.probe import Probe, ids, render, turn_end
from likeness.llama.process import Llama, LlamaError


def tokens(subject: Subject) -> list[Check]:
    """The same ids in transformers and llama.cpp."""
    return [same_tokens(subject.llama, subject.tokenizer, subject.probe)]


def same_tokens(llama: Llama, tokenizer: Any, probe: Probe) -> Check:
    """The same ids in both, except for three things that llama.cpp is known to do differently.

    It does not compose characters (NFC), so composed text may be compared instead. And it makes a mark of each token that it
    knows by its text to end a reply ("</s>" of every Qwen vocabulary is an ordinary token): such a text may be cut there.
    And its tekken cuts words before vowel signs and accents that stand alone (the marks of Hindi, say): that is allowed where no
    row that the model was trained on holds any.

    Args:
        llama: with the file loaded.
        tokenizer: of the model.
        probe: the texts.
    """
    texts = probe.texts
    expected = [ids(tokenizer, text) for text in texts]
    found = llama.ask("tokenize", texts=texts)
    composed = llama.ask("tokenize", texts=[unicodedata.normalize("NFC", text) for text in texts])
    ordinary = _ordinary_ends(tokenizer)
    tekken, own = pre_tokenizer_of(tokenizer) == "tekken", set(probe.rendered)
    by_name: set[str] = set()
    wrong: list[str] = []
    for text, one, two, three in zip(texts, expected, found, composed, strict=True):
        if one in (two, three):
            continue
        met = {end for end in ordinary if end in text}
        if met and _cut_at(tokenizer, text, ordinary) == two:
            by_name |= met
        elif tekken and text not in own and any(unicodedata.category(letter).startswith("M") for letter in text):
            by_name.add("accents that stand alone")
        else:
            wrong.append(text)
    message = f"{len(texts) - len(wrong)} of {len(texts)} texts give the same ids in transformers and llama.cpp."
    if by_name:
        message += f" llama.cpp is known to read {', '.join(sorted(by_name))} differently."
    if wrong:
        message += f" Not so {wrong[0][:60]!r}: the pre-tokenizer or the vocabulary of the file is wrong."
    return Check("tokens", not wrong, len(wrong), 0, message)


def _ordinary_ends(tokenizer: Any) -> dict[str, int]:
    """Texts that end a reply in llama.cpp and are ordinary tokens here."""
    marks = {token.content for token in tokenizer.added_tokens_decoder.values()}
    vocabulary = tokenizer.get_vocab()
    return {text: vocabulary[text] for text in ENDS_BY_NAME if text in vocabulary and text not in marks}


def _cut_at(tokenizer: Any, text: str, ends: Mapping[str, int]) -> list[int]:
    """The ids of a text in which each of `ends` is a token of its own."""
    cut = re.split("(" + "|".join(map(re.escape, sorted(ends, key=len, reverse=True))) + ")", text)
    return [token for part in cut if part for token in ([ends[part]] if part in ends else ids(tokenizer, part))]


def special_tokens(subject: Subject) -> list[Check]:
    """BOS and EOS are the tokenizer's; BOS is put where it puts it, and EOS after no text, for that text may be a prompt."""
    tokenizer, found = subject.tokenizer, subject.found
    expected = {"eos": tokenizer.eos_token_id, "adds_bos": adds_bos(tokenizer), "adds_eos": False}
    if tokenizer.bos_token_id is not None:
        expected["bos"] = tokenizer.bos_token_id
    wrong = {name: found[name] for name, value in expected.items() if found[name] != value}
    message = f"The file says {wrong}; right is {expected}." if wrong else "BOS and EOS are the tokenizer's."
    return [Check("special tokens", not wrong, str(wrong or "same"), "same", message)]


def chat_template(subject: Subject) -> list[Check]:
    """Conversations render to the same text, and an app reads them as the same ids."""
    if subject.found["template"] is None:
        missing = "The file has no chat template; give the model's tokenizer one, then export again."
    elif subject.tokenizer.chat_template is None:
        missing = "The file has a chat template, the model has none: it is not this model's."
    else:
        return [same_prompts(subject.llama, subject.tokenizer, subject.probe)]
    return [Check("chat template", False, None, None, missing)]


def same_prompts(llama: Llama, tokenizer: Any, probe: Probe) -> Check:
    """What an app makes of a conversation is what the model was trained on: the text, and its ids with what the file adds.

    Args:
        llama: with the file loaded.
        tokenizer: of the model.
        probe: the conversations.
    """

    def check(passed: bool, message: str) -> Check:
        return Check("chat template", passed, None, None, message)

    expected = [render(tokenizer, conversation, reply=True) for conversation in probe.conversations]
    try:
        found = llama.ask("render", conversations=probe.conversations, generation_prompt=True)
    except LlamaError as error:
        return check(False, f"llama.cpp cannot render it: {error.reason}.")
    for one, other in zip(expected, found, strict=True):
        if one != other:
            return check(False, f"transformers renders {one[:80]!r}, llama.cpp {other[:80]!r}.")
    for text, read in zip(expected, llama.ask("prompts", texts=found), strict=True):
        if read != ids(tokenizer, text):
            ends = f"{tokenizer.decode(read[:4])!r} to {tokenizer.decode(read[-4:])!r}"
            return check(False, f"Of {text[:80]!r} an app reads other ids than the model was trained on: from {ends}.")
    return check(True, f"{len(found)} conversations render to the same text, and an app reads them as the same ids.")


def stop_token(subject: Subject) -> list[Check]:
    """What the template puts after a reply ends a generation."""
    return [reply_ends(subject.llama, subject.tokenizer)]


def reply_ends(llama: Llama, tokenizer: Any) -> Check:
    """The token that the template puts after a reply must end a generation, or every app talks on forever."""
    end = turn_end(tokenizer)
    if end is None:
        message = "The chat template ends a reply with no special token: the model cannot learn to stop."
        return Check("stop token", False, None, None, message, "warning")
    text = str(tokenizer.convert_ids_to_tokens(end))
    passed = llama.ask("ends", ids=[end]) == [True]
    message = f"{text} {'ends' if passed else 'does not end'} a generation in llama.cpp."
    return Check("stop token", passed, text, None, message if passed else f"{message} Make it the tokenizer's EOS.")
