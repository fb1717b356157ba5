"""Errors that a person reads: what went wrong, where, and what mends it. The class decides the exit code."""


class LikenessError(Exception):
    """A failure told in one message.

    Args:
        what: one sentence (or several lines) that says what went wrong.
        where: the file, key or address that it concerns.
        mend: what the reader can do about it.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n{self.mend}" if self.mend else text


class GateError(LikenessError):
    """A gate failed, or work remains that a person asked to be required (exit code 1)."""

    exit_code = 1


class CallError(LikenessError):
    """The call, the recipe or a source is wrong (exit code 2)."""

    exit_code = 2


class RecipeError(CallError):
    """A recipe that cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: list[str], *, mend: str | None = None) -> None:
        super().__init__("\n".join(problems), mend=mend)
        self.problems = problems


class MachineError(LikenessError):
    """A provider, a server or the machine failed (exit code 3)."""
