"""Where results are: the folders that `curate` writes and `train` reads, and the reverse of neither.

They lie in `build/` beside the recipe, from wherever a command is called; LIKENESS_BUILD (`--build DIR`) names another place.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from likeness.errors import CallError
from likeness.files import write_atomic
from likeness.recipe.load import name_of
from likeness.recipe.ready import is_installed
from likeness.recipe.schema import Recipe

ELSEWHERE = "LIKENESS_BUILD"
ARGILLA = "argilla"
_told: set[Path] = set()
"""Recipes of which it was said that their results go to the calling folder."""

AUTHOR = "reference/author.json"
"""In a dataset's folder: the author's style in numbers."""
DOCUMENTS = "reference/documents.parquet"
"""In a dataset's folder: the author's passages, only where `export.knowledge` lets them travel."""

OWNER = "recipe.path"
"""In a build folder: whose it is."""


def holds_results(folder: Path) -> bool:
    """Whether a folder is what a recipe was built into: nothing in it is anybody's writing."""
    return (folder / OWNER).is_file()


@dataclass(frozen=True)
class BuildFolder:
    """`build/<name>/` beside the recipe."""

    root: Path

    @classmethod
    def of(cls, recipe: Recipe) -> BuildFolder:
        """The build folder of a recipe.

        Raises:
            CallError: it is another recipe's of the same name, or the calling folder holds an older build of this one.
        """
        folder = cls(builds_of(recipe.file) / recipe.name)
        if other := folder._of_another(recipe):
            raise CallError(
                f"two recipes are called {recipe.name!r} and would share this folder: {recipe.file} and {other}",
                where=str(folder.root),
                fix="Give one of them another `name`, or keep its results elsewhere with --build DIR.",
            )
        if old := old_build(recipe):
            raise CallError(
                f"an older build of {recipe.name!r} is in the calling folder; results now lie beside the recipe",
                where=str(old.root),
                fix=f"Move it: {_move_command(old, folder)}\nOr go on with it where it is: --build {_short(old.root.parent)}",
            )
        return folder

    def claim(self, recipe: Recipe) -> None:
        """Note whose folder it is, so that another recipe of the same name does not mix its results in.

        The path is relative to the folder: a project may be moved or copied as a whole.

        Raises:
            MachineError: it cannot be written to.
        """
        said = os.path.relpath(recipe.file, self.root)
        if not self._owner_file.is_file() or self._owner_file.read_text(encoding="utf-8") != said:
            write_atomic(self._owner_file, said)

    def _of_another(self, recipe: Recipe) -> Path | None:
        """The recipe whose folder it is where that is another one, which is still there and still has this name."""
        try:
            other = Path(os.path.normpath(self.root / self._owner_file.read_text(encoding="utf-8")))
            if other.samefile(recipe.file):
                return None
        except (OSError, ValueError):
            return None
        return other if name_of(other) == recipe.name else None

    def _holds_anything(self) -> bool:
        return self.ledger.is_file() or self.latest.is_file()

    @property
    def _owner_file(self) -> Path:
        return self.root / OWNER

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
    def index(self) -> Path:
        """The page that leads to everything here."""
        return self.root / "index.html"

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
                    "no dataset has been built yet", where=str(self.datasets), fix="Run `curate build RECIPE` first."
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
        raise CallError(f"there is no run {name}" if name else "nothing has been trained yet", where=str(self.runs), fix=known)


def builds_of(file: Path) -> Path:
    """The folder of a recipe's build, and of those beside it: `build/` in the recipe's folder, or where LIKENESS_BUILD says.

    Of a recipe that is installed with the package, or whose folder nobody may write to, it is `build/` in the calling folder;
    that is told once.
    """
    if place := os.environ.get(ELSEWHERE):
        return Path(place).absolute()
    beside, here = file.parent / "build", Path("build").absolute()
    if not is_installed(file) and (beside.is_dir() or os.access(file.parent, os.W_OK)):
        return beside
    if file not in _told and beside != here:
        from likeness.command import say

        _told.add(file)
        say(f"note: {file.parent} is not to be written to: results go to {here}")
    return here


def builds_here() -> list[BuildFolder]:
    """Builds that may be meant where no recipe is named: those of LIKENESS_BUILD; else of this folder and of those in it."""
    if place := os.environ.get(ELSEWHERE):
        found = sorted(Path(place).absolute().glob("*/"))
    else:
        found = [*sorted(Path.cwd().glob("build/*/")), *sorted(Path.cwd().glob("[!.]*/build/*/"))]
    return [BuildFolder(folder) for folder in found if folder.name != ARGILLA and folder.is_dir()]


def former_argilla_home(recipe: Recipe) -> Path:
    """Where the embedded Argilla server's data used to be: beside the builds. It is moved to the person's data folder."""
    return builds_of(recipe.file) / ARGILLA


def old_build(recipe: Recipe) -> BuildFolder | None:
    """The recipe's build in the calling folder, where results used to be, if there is none beside the recipe yet."""
    old, new = BuildFolder(Path("build").absolute() / recipe.name), builds_of(recipe.file) / recipe.name
    if os.environ.get(ELSEWHERE) or old.root == new or not old._holds_anything() or BuildFolder(new)._holds_anything():
        return None
    return None if old._of_another(recipe) else old


def move_old_build(recipe: Recipe, old: BuildFolder) -> Path:
    """Bring an old build to its place beside the recipe, and the Argilla server's home with it.

    The home serves every build of the calling folder: it is copied while others are there, and moved with the last.

    Returns:
        The new folder.

    Raises:
        CallError: the Argilla server runs, or a command is at work in the old folder.
        MachineError: the new place cannot be written to.
    """
    import shutil

    from likeness.files import atomic_folder
    from likeness.lock import is_locked, only_one

    new, home, new_home = builds_of(recipe.file) / recipe.name, old.root.parent / ARGILLA, former_argilla_home(recipe)
    if is_locked(home / "server.lock"):
        fix = f"Stop it first: curate review down {shlex.quote(str(recipe.file))} --build {_short(home.parent)}"
        raise CallError("the Argilla server of the old build runs", where=str(home), fix=fix)
    with only_one(old.root, "command"):
        others = [folder for folder in home.parent.iterdir() if folder.is_dir() and folder not in (home, old.root)]
        if home.is_dir() and not new_home.exists():
            with atomic_folder(new_home) as part:
                shutil.copytree(home, part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("tmp", "server.lock"))
                part.chmod(0o700)
            if not others:
                shutil.rmtree(home)
        new.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(old.root, new)
        except OSError:  # another disk, or something is there
            with atomic_folder(new) as part:
                shutil.copytree(old.root, part, dirs_exist_ok=True, symlinks=True)
            shutil.rmtree(old.root)
    return new


def _move_command(old: BuildFolder, new: BuildFolder) -> str:
    home, there = old.root.parent / ARGILLA, _short(new.root.parent)
    review = f" && cp -a {_short(home)} {there}/" if home.is_dir() and not (new.root.parent / ARGILLA).exists() else ""
    return f"mkdir -p {there} && mv {_short(old.root)} {there}/{review}"


def _short(path: Path) -> str:
    """A path as it is to be typed from here."""
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
