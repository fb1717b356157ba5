"""How a text that was looked up is in a prompt: as the data teaches it, so retrieval should send it."""


def with_notes(notes: str, question: str) -> str:
    """A user's message that carries notes and a question.

    >>> with_notes("The lock has two gates.", "How many gates?")
    '<notes>\\nThe lock has two gates.\\n</notes>\\n\\nHow many gates?'
    """
    return f"<notes>\n{notes}\n</notes>\n\n{question}"
