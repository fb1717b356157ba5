"""The base model, as a folder on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path

from export.model_files import (
    INDEX,
    ONE_FILE,
    TOKENIZER_FILES,
    check_fetched,
    indexed_files,
    stored_tensors,
    tokenizer_files,
    weight_files,
)
from likeness.errors import CallError, MachineError
from likeness.llama.smollm2 import SMOLLM2
from likeness.sums import remembered_sums
from train.gguf_base import INDENT, gguf_folder, smollm2_folder
from train.result import Watcher

SMALL_FILES = ["*.json", "*.model", "*.jinja", "*.txt"]
"""What is fetched of a model besides its weights, from its top folder and its folder of chat templates."""
IDENTITY_FILES = ("config.json", "generation_config.json")

ADAPTER = "adapter_config.json"
A_FOLDER = "A folder's path starts from the recipe's own folder, and after --set from the current one."

LARGE_PARAMETERS = 300_000_000


def base_folder(name: str, watch: Watcher) -> Path:
    """The folder of a base model, made or fetched first if need be.

    Args:
        name: a built-in model, the whole path of a folder or GGUF file, or a hub id.
        watch: follows the progress.

    Raises:
        CallError: there is no such folder or model, or it is not one that can be trained.
        MachineError: the hub did not answer.
    """
    if name == "builtin:tiny":
        from train.tiny import tiny_folder

        return tiny_folder(_telling(watch))
    if name == SMOLLM2:
        return smollm2_folder(watch)
    if name.startswith("builtin:"):
        raise CallError(f"there is no {name}; builtin:tiny and {SMOLLM2} are built in", where="train.base_model")
    folder = Path(name)
    if folder.suffix == ".gguf":
        return gguf_folder(folder, watch)
    if not folder.is_absolute():  # a recipe's own folders come with their whole path
        return _checked(_fetched(name), watch)
    if not folder.is_dir():
        raise CallError("there is no such folder", where=f"train.base_model: {name}")
    return _checked(folder, watch)


def _telling(watch: Watcher) -> Callable[[float, str], None]:
    """Tells of the making of `builtin:tiny`, as work of its own once it begins."""
    begun: list[str] = []

    def tell(share: float, note: str) -> None:
        if not begun:
            begun.append("training the base")
            watch.begin(begun[0])
        watch.update(share, 1.0, note=note)

    return tell


def public_name(name: str) -> str:
    """What a base is called in files that leave this machine: the recipe's name for it, without the folders of a local one."""
    return Path(name).name if Path(name).is_absolute() else name


def parameters(folder: Path) -> int:
    """How many weights a model folder holds, from the headers of its safetensors files."""
    return sum(prod(tensor.shape) for file in weight_files(folder) for tensor in stored_tensors(file).values())


def identity(folder: Path) -> dict[str, str]:
    """What identifies a base: the SHA-256 of its configuration, its tokenizer and template, and its weights."""
    settings = [folder / name for name in IDENTITY_FILES if (folder / name).is_file()]
    files = [*settings, *tokenizer_files(folder), *weight_files(folder)]
    return {str(path.relative_to(folder)): digest for path, digest in zip(files, remembered_sums(files), strict=True)}


def _fetched(name: str) -> Path:
    """The model's folder in the hub's cache: first its small files, then the weights that its index names."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    where = f"train.base_model: {name}"
    folders = ["original/*", "onnx/*", "gguf/*"]
    try:
        folder = Path(snapshot_download(name, allow_patterns=SMALL_FILES, ignore_patterns=folders))
        named = [path.name for path in weight_files(folder)] if (folder / INDEX).is_file() else [ONE_FILE]
        return Path(snapshot_download(name, allow_patterns=[*SMALL_FILES, *named], ignore_patterns=folders))
    except GatedRepoError:
        fix = "Accept its licence on its page, and set HF_TOKEN."
        raise CallError("the hub gives this model only to those who accept its licence", where=where, fix=fix) from None
    except (RepositoryNotFoundError, HFValidationError):
        fix = f"Check its spelling. {A_FOLDER}"
        raise CallError("the hub does not know this model", where=where, fix=fix) from None
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        fix = f"Check the network, or give a local folder that holds the model. {A_FOLDER}"
        raise MachineError(f"cannot be fetched from the hub: {reason}", where=where, fix=fix) from None


def _checked(folder: Path, watch: Watcher) -> Path:
    """The folder, once all its files have been seen to be there and whole; of the weights only their headers are read."""
    where = f"train.base_model: {folder}"
    for name in (*IDENTITY_FILES, *TOKENIZER_FILES, ONE_FILE, INDEX):
        if (folder / name).is_symlink() and not (folder / name).exists():
            what = f"{name} is a link to {(folder / name).readlink()}, which is not there"
            raise CallError(what, where=where, fix="Fetch the model again.")
    if not (folder / "config.json").is_file():
        raise CallError("holds no config.json, so it is not a model folder", where=where)
    if (folder / ADAPTER).is_file():
        raise CallError(
            f"holds an adapter beside the model ({ADAPTER}), which transformers loads by itself and the merge does not",
            where=where,
            fix="If it is the model's, merge it first; if not, move it to a folder of its own.",
        )
    for name in (*IDENTITY_FILES, INDEX):
        _check_json(folder / name)
    files = weight_files(folder)
    if unread := [path.name for path in indexed_files(folder) if path not in files]:
        watch.line(f"{INDENT}of the base {ONE_FILE} is read, as by transformers, and not {unread[0]}, which {INDEX} names")
    if not files:
        raise CallError("holds no weights as safetensors", where=where, fix="Convert it first; other formats are not loaded.")
    if files not in ([folder / ONE_FILE], indexed_files(folder)):
        raise CallError(
            f"holds {files[0].name}, and neither {ONE_FILE} nor an index of the files ({INDEX})",
            where=where,
            fix=f"Fetch {INDEX} too" + (f", or call the file {ONE_FILE} if it holds all weights." if len(files) == 1 else "."),
        )
    if missing := [path.name for path in files if not path.is_file()]:
        raise CallError(f"lacks {missing[0]}, which its index names", where=where, fix="Fetch the model again.")
    if not (folder / "tokenizer.json").is_file():
        raise CallError("holds no tokenizer.json", where=where, fix="Choose a model with a fast tokenizer.")
    for file in tokenizer_files(folder):
        check_fetched(file)
    for file in files:
        stored_tensors(file)
    return folder


def _check_json(file: Path) -> None:
    if not file.is_file():
        return
    check_fetched(file)
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CallError(f"is cut short, or not JSON ({error})", where=str(file), fix="Fetch or copy it again.") from None
