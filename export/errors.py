"""The one exception of this package: what went wrong, and what mends it."""

from __future__ import annotations


class ExportError(Exception):
    """Something that a person can mend.

    `message` says what is wrong and where; `mend` is one sentence that says what to do about it.
    """

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(f"{message} {mend}")
        self.message = message
        self.mend = mend
