"""Errors that a person reads: what went wrong, where, and how to fix it. The class decides the exit code."""


class LikenessError(Exception):
    """A failure, in one message.

    Args:
        what: one sentence (or several lines) that says what went wrong.
        where: the file, key or address that it concerns.
        fix: what the reader can do about it.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n{self.fix}" if self.fix else text


class GateError(LikenessError):
    """A gate failed, or work remains that a person asked to be required (exit code 1)."""

    exit_code = 1


class WorkRemains(GateError):
    """Nothing failed, and it is not done: somebody else has to come to an end first (exit code 1)."""


class CallError(LikenessError):
    """The call, the recipe, a source or a model is wrong (exit code 2)."""

    exit_code = 2


class RecipeError(CallError):
    """A recipe that cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: list[str], *, fix: str | None = None) -> None:
        super().__init__("\n".join(problems), fix=fix)
        self.problems = problems


class MachineError(LikenessError):
    """A provider, a server or the machine failed (exit code 3)."""
