"""What a model and its exports are both asked: texts, one long sequence, and beginnings of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from export.gguf.vocabulary import ENDS_BY_NAME, looks_before_prefixing
from export.strings import awkward_strings
from likeness.errors import CallError

Conversation = list[dict[str, str]]
SEQUENCE_TOKENS = 384
PROMPTS = 4
PROMPT_TOKENS = 512
REPLY_TOKENS = 48  # of each reply, compared with transformers'
LONGEST_REPLY = 320  # that llama.cpp may take to end one
LONGEST_CONTEXT = PROMPT_TOKENS + LONGEST_REPLY
QUESTIONS = ("Who are you?", "What matters to you?", "How do you begin a day?", "What did you change your mind about?")
_MARK, _NEXT = "marker", "following"


@dataclass(frozen=True)
class Probe:
    """The questions; all ids are those that transformers gives.

    `texts`: awkward strings and the rendered rows; `rendered`: these alone.
    `conversations`: what is rendered with an opening for a reply.
    `sequence`: at most SEQUENCE_TOKENS ids, for the logits. `prompts`: ids of rendered openings, for greedy replies.
    `reply_limits`: for each prompt, the ids within which a reply should have ended: twice what the row's own took.
    """

    texts: list[str]
    rendered: list[str]
    conversations: list[Conversation]
    sequence: list[int]
    prompts: list[list[int]]
    reply_limits: list[int]

    @property
    def context(self) -> int:
        """Tokens that a context must hold to answer."""
        replies = zip(self.prompts, self.reply_limits, strict=True)
        return max([len(self.sequence), *(len(prompt) + limit for prompt, limit in replies), 64])


def make_probe(
    tokenizer: Any, rows: Sequence[Conversation], system_prompt: str | None = None, *, context: int = LONGEST_CONTEXT
) -> Probe:
    """Build the questions from the rows that the model was trained on, or from stock ones where there are none.

    Args:
        tokenizer: the model's.
        rows: conversations that it was trained on.
        system_prompt: for the stock questions.
        context: how far the exported file attends. Beyond an attention window that llama.cpp does not have, it is another model.
    """
    shortest = sorted((row for row in rows if row[-1]["role"] == "assistant"), key=lambda row: len(row[-1]["content"]))
    asked = shortest[:PROMPTS] or _stock(system_prompt)
    rendered = [render(tokenizer, row) for row in rows]
    openings = [_opening(row) for row in asked]
    prompts = [ids(tokenizer, render(tokenizer, opening, reply=True)) for opening in openings]
    limits = [_reply_limit(tokenizer, row) for row in asked]
    fitting = [number for number, prompt in enumerate(prompts) if len(prompt) <= min(PROMPT_TOKENS, context - 1)]
    return Probe(
        texts=_within_a_turn(tokenizer, awkward_strings()) + rendered,
        rendered=rendered,
        conversations=openings,
        sequence=_sequence(tokenizer, rendered)[:context],
        prompts=[prompts[number] for number in fitting],
        reply_limits=[min(limits[number], context - len(prompts[number])) for number in fitting],
    )


def render(tokenizer: Any, conversation: Conversation, *, reply: bool = False) -> str:
    """A conversation as the model reads it; without a chat template, its contents one below the other.

    Args:
        tokenizer: the model's, with its chat template.
        conversation: messages of role and content.
        reply: whether it should end with the opening for a reply.

    Raises:
        CallError: the template refuses it.
    """
    if tokenizer.chat_template is None:
        return "\n".join(message["content"] for message in conversation)
    try:
        return str(tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=reply))
    except TemplateError as error:
        roles = ", ".join(message["role"] for message in conversation)
        raise CallError(
            f"The chat template refuses a conversation of {roles}: {error}.",
            fix="Leave out the roles that it does not know (often: system), or change the template before training.",
        ) from error


def ids(tokenizer: Any, text: str) -> list[int]:
    """A text's ids with nothing added: a rendered conversation brings its own BOS."""
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found


def turn_end(tokenizer: Any) -> int | None:
    """The id of the mark with which the chat template ends a reply, or None where it ends with none.

    Where the last reply is left open, the mark is what stands before the next question. Of several marks it is the first that
    is known to end a reply.
    """
    if tokenizer.chat_template is None:
        return None
    conversation = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": _MARK}]
    special = {number: token.content for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    for more in ([], [{"role": "user", "content": _NEXT}]):
        _, _, rest = render(tokenizer, conversation + more).rpartition(_MARK)
        found = [number for number in ids(tokenizer, rest.partition(_NEXT)[0]) if number in special]
        known = (number for number in found if number == tokenizer.eos_token_id or special[number] in ENDS_BY_NAME)
        if found:
            return next(known, found[0])
    return None


def _within_a_turn(tokenizer: Any, texts: list[str]) -> list[str]:
    """Texts that both worlds can be asked: some tokenizers treat only the edge of a text in a way llama.cpp cannot.

    That edge never stands alone in a conversation, so those texts are put where conversations have them.
    """
    if not looks_before_prefixing(tokenizer):
        return texts
    return [f"{tokenizer.eos_token}x{text}" for text in texts]


def _sequence(tokenizer: Any, rendered: list[str]) -> list[int]:
    """The rows one after the other, for they are what the model is for. Other texts fill up only what is too short."""
    sequence: list[int] = []
    for text in rendered:
        if len(sequence) < SEQUENCE_TOKENS:
            sequence += ids(tokenizer, text)
    if len(sequence) < SEQUENCE_TOKENS // 2:
        sequence += ids(tokenizer, " ".join(awkward_strings()))
    return sequence[:SEQUENCE_TOKENS]


def _opening(row: Conversation) -> Conversation:
    """A row up to its last question."""
    return row[:-1] if row[-1]["role"] == "assistant" else row


def _reply_limit(tokenizer: Any, row: Conversation) -> int:
    own = len(ids(tokenizer, row[-1]["content"])) if row[-1]["role"] == "assistant" else 0
    return min(LONGEST_REPLY, 2 * own + REPLY_TOKENS)


def _stock(system_prompt: str | None) -> list[Conversation]:
    before = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return [[*before, {"role": "user", "content": question}] for question in QUESTIONS]
