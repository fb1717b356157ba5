"""Where a person's embedded server lives: in one home for all their recipes.

Each folder of builds used to have a server of its own, in `build/argilla`. Such a home is moved into the person's one as
soon as a command needs it; as long as its server still runs, that one is used.
"""

from __future__ import annotations

import os
from pathlib import Path

from curate.review.local import server
from curate.review.local.environment import Progress, environment_python
from curate.review.local.move import holds_data, move_in
from curate.review.local.names import name_in
from curate.review.local.server import Server
from likeness.errors import MachineError
from likeness.recipe.folders import ARGILLA, BuildFolder, former_argilla_home
from likeness.recipe.schema import Recipe


def home_of(recipe: Recipe) -> Path:
    """The home of the server on which a recipe is reviewed.

    Raises:
        MachineError: this user has no home folder, or a former home cannot be moved.
    """
    own, former = _own_home(), former_argilla_home(recipe)
    if server.status(former):
        return former
    if own != former and holds_data(former) and server.status(own):
        move_in(former, own)
    return own


def up_for(recipe: Recipe, progress: Progress | None = None) -> Server:
    """The running server of a recipe: see `server.up`. What a former home holds is moved in first."""
    own, former = _own_home(), former_argilla_home(recipe)
    if own != former and holds_data(former):
        environment_python(progress)  # if it cannot be made, all stays as it is
        server.down(former)
        move_in(former, own)
    return server.up(own, progress)


def down_for(recipe: Recipe) -> bool:
    """Stop the server of a recipe, and that of a former home; return whether there was one."""
    stopped = [server.down(home) for home in {former_argilla_home(recipe), _own_home()}]
    return any(stopped)


def base_name(recipe: Recipe, home: Path) -> str:
    """The name of a recipe's datasets on the server of a home."""
    return recipe.name if home == former_argilla_home(recipe) else name_in(home, BuildFolder.of(recipe).root.absolute())


def _own_home() -> Path:
    try:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share").absolute()
    except RuntimeError:
        fix = "Name a folder for the review server's data in XDG_DATA_HOME."
        raise MachineError("this user has no home folder", fix=fix) from None
    return data / "likeness" / ARGILLA
