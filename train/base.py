"""The base model, as a folder on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from recipes.errors import CallError, MachineError

FILES = ["*.json", "*.safetensors", "*.model", "*.jinja", "*.txt"]
"""What is fetched of a model. Weights as safetensors only: other formats can run code when they are loaded."""

LARGE_PARAMETERS = 300_000_000


def base_folder(name: str, progress: Callable[[float, float], None]) -> Path:
    """The folder of a base model, made or fetched first if need be.

    Args:
        name: builtin:tiny, a local folder, or a hub id.
        progress: called with (done, total).

    Raises:
        CallError: there is no such folder or model, or it is not one that can be trained.
        MachineError: the hub did not answer.
    """
    if name == "builtin:tiny":
        from train.tiny import tiny_folder

        return tiny_folder(lambda share, _: progress(share, 1.0))
    if name.startswith("builtin:"):
        raise CallError(f"there is no {name}; the one that is built in is builtin:tiny", where="train.base_model")
    folder = Path(name)
    if not folder.is_dir():
        if folder.is_absolute():
            raise CallError("there is no such folder", where=f"train.base_model: {name}")
        folder = _fetched(name)
    return _checked(folder)


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    where = f"train.base_model: {name}"
    try:
        return Path(snapshot_download(name, allow_patterns=FILES))
    except GatedRepoError:
        mend = "Accept its licence on its page, and set HF_TOKEN."
        raise CallError("the hub gives this model only to those who accept its licence", where=where, mend=mend) from None
    except (RepositoryNotFoundError, HFValidationError):
        mend = "Check its spelling; for a local folder begin with ./ or /."
        raise CallError("the hub does not know this model", where=where, mend=mend) from None
    except (HfHubHTTPError, OSError) as error:
        told = str(error).strip().splitlines()[0][:200]
        mend = "Check the network, or give a local folder that holds the model."
        raise MachineError(f"cannot be fetched from the hub: {told}", where=where, mend=mend) from None


def _checked(folder: Path) -> Path:
    where = f"train.base_model: {folder}"
    if not (folder / "config.json").is_file():
        raise CallError("holds no config.json, so it is not a model folder", where=where)
    if not list(folder.glob("*.safetensors")):
        raise CallError("holds no weights as safetensors", where=where, mend="Other formats are not loaded: convert it first.")
    if not (folder / "tokenizer.json").is_file():
        raise CallError("holds no tokenizer.json", where=where, mend="Choose a model with a fast tokenizer.")
    return folder


def parameters(folder: Path) -> int:
    """How many weights a model folder holds, from the headers of its safetensors files."""
    from safetensors import safe_open

    count = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "np") as file:
            for key in file.keys():  # noqa: SIM118 - not a dict
                size = 1
                for side in file.get_slice(key).get_shape():
                    size *= side
                count += size
    return count


def identity(folder: Path) -> list[object]:
    """What makes a base the one it is, cheaply: its configuration and the sizes of its weight files."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = sorted((path.name, path.stat().st_size) for path in folder.glob("*.safetensors"))
    return [config, weights]
