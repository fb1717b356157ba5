"""Where results lie: the folders that `curate` writes and `train` reads, and the reverse of neither."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recipes.errors import CallError, MachineError


@dataclass(frozen=True)
class BuildFolder:
    """`build/<name>/` below the folder that the command is called in."""

    root: Path

    @classmethod
    def of(cls, name: str) -> BuildFolder:
        """The build folder of the recipe called `name`."""
        return cls(Path("build", name).absolute())

    @property
    def ledger(self) -> Path:
        """The SQLite file that remembers everything."""
        return self.root / "ledger.db"

    @property
    def datasets(self) -> Path:
        """One folder for each version, and `latest`, a text file that names the newest."""
        return self.root / "dataset"

    @property
    def latest(self) -> Path:
        """The file that names the newest dataset version."""
        return self.datasets / "latest"

    @property
    def report(self) -> Path:
        """The report, and Great Expectations' Data Docs in `expectations/`."""
        return self.root / "report"

    @property
    def runs(self) -> Path:
        """One folder for each training run."""
        return self.root / "runs"

    def dataset(self, version: str | None = None) -> Path:
        """The folder of a dataset version; the newest where none is named.

        Raises:
            CallError: there is no such version, or no dataset yet.
        """
        if version is None:
            try:
                version = self.latest.read_text(encoding="utf-8").strip()
            except (FileNotFoundError, NotADirectoryError):
                raise CallError(
                    "no dataset has been built yet", where=str(self.datasets), mend="Run `curate build RECIPE` first."
                ) from None
        folder = self.datasets / version
        if not (folder / "manifest.json").is_file():
            raise CallError(f"there is no dataset version {version}", where=str(self.datasets))
        return folder

    def run(self, name: str | None = None) -> Path:
        """The folder of a training run; the newest finished one where none is named.

        Raises:
            CallError: there is no such run.
        """
        runs = sorted(p.parent for p in self.runs.glob("[!.]*/manifest.json"))
        if name is None and runs:
            return runs[-1]
        if name is not None and (self.runs / name / "manifest.json").is_file():
            return self.runs / name
        known = f"Runs here: {', '.join(r.name for r in runs)}." if runs else "Run `train run RECIPE` first."
        raise CallError(f"there is no run {name}" if name else "nothing has been trained yet", where=str(self.runs), mend=known)


def argilla_home() -> Path:
    """The home of the embedded Argilla server: one below each working folder, for all recipes that are built there."""
    return Path("build", "argilla").absolute()


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file so that it is seen either whole or not at all (written beside, synced, renamed).

    Raises:
        MachineError: the folder cannot be written to.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, mode)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the name `target` when the block ends well and vanishes when it does not.

    A folder that stands at `target` already is replaced.

    Raises:
        MachineError: the folder cannot be written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for leaving in target.parent.glob(f".{target.name}.*.part"):  # what a killed process left behind
            shutil.rmtree(leaving, ignore_errors=True)
        part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
        os.chmod(part, 0o755)  # noqa: S103
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        yield part
        if target.exists():
            old = part.with_suffix(".old")
            os.rename(target, old)
            os.rename(part, target)
            shutil.rmtree(old)
        else:
            os.rename(part, target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def cannot_write(path: Path, error: OSError) -> MachineError:
    """The message for a file that could not be written."""
    mend = {
        28: "The disk is full: free some room and run the command again; what was done is kept.",
        13: "Give yourself the right to write there, or call the command from another folder.",
        30: "The file system is read-only: call the command from another folder.",
    }.get(error.errno or 0)
    return MachineError(f"cannot be written: {error.strerror or error}", where=str(path), mend=mend)
