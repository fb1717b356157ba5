"""A run's dataset, adapter, merged model and GGUF files on the Hugging Face hub, each with a card, and first a list of it all.

The address is HF_ENDPOINT's, or the hub's own; the key is HF_TOKEN's, and is taken from the environment only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from likeness.errors import CallError, MachineError
from likeness.foreign_words import in_one_line
from likeness.metrics.text import count_of
from train.base import public_name
from train.chat import exported_file, system_prompt_of
from train.data import manifest_for_others
from train.result import Watcher
from train.runs import read_part

Part = Literal["dataset", "adapter", "merged", "gguf"]
PARTS: tuple[Part, ...] = ("dataset", "adapter", "merged", "gguf")
SUFFIX = {"dataset": "", "adapter": "-lora", "merged": "", "gguf": "-gguf"}
"""What a repository's name ends in; datasets have names of their own."""
CARD = "README.md"
MANIFEST = "manifest.json"
LIBRARY = {"adapter": "peft", "merged": "transformers"}


@dataclass(frozen=True)
class Repository:
    """What goes into one repository.

    Args:
        part: which part of the run it is.
        name: owner and name.
        files: by name.
        texts: of files that are written for it, by name; its card is one.
    """

    part: Part
    name: str
    files: dict[str, Path]
    texts: dict[str, str]

    @property
    def kind(self) -> str:
        """The hub's word for it."""
        return "dataset" if self.part == "dataset" else "model"

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of every file that would be sent, by name."""
        found = {name: file.stat().st_size for name, file in self.files.items()}
        found |= {name: len(text.encode()) for name, text in self.texts.items()}
        return dict(sorted(found.items()))

    def lines(self) -> list[str]:
        """Every file and its size."""
        total = sum(self.sizes.values())
        listed = [
            f"  {size / 1e6:>9,.1f} MB  {name}" if size >= 1e5 else f"  {size / 1e3:>9,.1f} kB  {name}"
            for name, size in self.sizes.items()
        ]
        return [f"{self.kind} {self.name}: {count_of(len(self.sizes), 'file')}, {total / 1e6:.1f} MB", *listed]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"part": self.part, "kind": self.kind, "repository": self.name, "files": self.sizes}


def plan_push(run: Path, to: str, parts: Sequence[str]) -> list[Repository]:
    """What a push would send.

    Args:
        run: a finished run's folder.
        to: owner and name, such as ann/emerson.
        parts: of PARTS; all where none is named.

    Raises:
        CallError: there is no such part, or it is gone.
        GateError: the run was trained on rows that the checks flagged as private.
    """
    unknown = [part for part in parts if part not in PARTS]
    if not to:
        raise CallError("it is not said where to push", fix="Name it: --to OWNER/NAME")
    if unknown or to.count("/") != 1 or not all(to.split("/")):
        raise CallError(f"{(unknown or [to])[0]!r} cannot be pushed", fix=f"Name OWNER/NAME, and parts among {', '.join(PARTS)}.")
    manifest = read_part(run, MANIFEST)
    folders = {
        "dataset": run.parents[1] / "dataset" / manifest["dataset"],
        "adapter": run / "adapter",
        "merged": run / "merged",
        "gguf": exported_file(run, None).parent,
    }
    known = manifest_for_others(folders["dataset"]) if folders["dataset"].is_dir() else {}  # a model gives away its rows, too
    found = []
    for part in PARTS:
        if parts and part not in parts:
            continue
        folder = folders[part]
        if not folder.is_dir():
            raise CallError(f"the {part} of this run is gone", where=str(folder), fix="Leave it out with --only.")
        files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
        hidden = [name for name in files if any(piece.startswith(".") for piece in name.split("/"))]
        texts = {MANIFEST: json.dumps(known, indent=2)} if part == "dataset" else _texts(part, run, manifest)
        for name in (*texts, *hidden):
            files.pop(name, None)
        found.append(Repository(part, f"{to}{SUFFIX[part]}", files, texts))
    return found


def push(repositories: Sequence[Repository], *, public: bool, watch: Watcher) -> list[str]:
    """Send them, each as one commit; gives their addresses. A repository that is there already gets a commit more.

    Args:
        repositories: of `plan_push`.
        public: whether everybody may see a repository that is made now.
        watch: follows the work.

    Raises:
        CallError: there is no key.
        MachineError: the hub does not answer, or refuses.
    """
    import httpx2
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    key = os.environ.get("HF_TOKEN")
    if not key:
        fix = "Make one that may write, and set it in the environment."
        raise CallError("there is no key for the hub", where="HF_TOKEN", fix=fix)
    hub = HfApi(token=key)
    urls = []
    for repository in repositories:
        watch.begin(f"Sending {repository.name}")
        operations = [CommitOperationAdd(name, str(file)) for name, file in repository.files.items()]
        operations += [CommitOperationAdd(name, text.encode()) for name, text in repository.texts.items()]
        try:
            hub.create_repo(repository.name, repo_type=repository.kind, private=not public, exist_ok=True)
            done = hub.create_commit(repository.name, operations, commit_message=_message(repository), repo_type=repository.kind)
        except HfHubHTTPError as error:
            said = in_one_line(error.server_message or error.response.reason_phrase, 400)
            what = f"the hub refuses with {error.response.status_code}: {said}"
            fix = "See that HF_TOKEN may write there; what was sent before stays, and the same command sends the rest."
            raise MachineError(what, where=repository.name, fix=fix) from None
        except (OfflineModeIsEnabled, httpx2.HTTPError, OSError) as error:
            raise MachineError(f"the hub does not answer: {error}", where=repository.name) from None
        urls.append(str(done.commit_url))
        watch.line(f"{repository.name}: {done.commit_url}")
    return urls


def _message(repository: Repository) -> str:
    return f"Add the {repository.part} ({count_of(len(repository.sizes), 'file')})"


def _texts(part: Part, run: Path, manifest: dict[str, Any]) -> dict[str, str]:
    """What is written for a repository of the adapter or the merged model; dataset and export have their cards."""
    if part not in LIBRARY:
        return {}
    base = public_name(str(manifest["base_model"]))
    on_hub = base if base.count("/") == 1 else None
    head = {"base_model": on_hub, "library_name": LIBRARY[part], "pipeline_tag": "text-generation"}
    lines = [f"{key}: {json.dumps(value)}" for key, value in head.items() if value]
    return {CARD: "\n".join(["---", *lines, "tags:", "- likeness", "---", _about(part, run, manifest, base)])}


def _about(part: Part, run: Path, manifest: dict[str, Any], base: str) -> str:
    from export.stops import declared_stops

    system = system_prompt_of(run)
    what = "A LoRA adapter" if part == "adapter" else "The merged model"
    lines = [
        f"# {manifest['run']}, {part}",
        f"{what} of {base}, trained on dataset {manifest['dataset']}. The run's verdict: {manifest['verdict']}.",
        *(f"- {reason}" for reason in manifest["reasons"]),
    ]
    if system:
        lines.append(f"It was trained with this system prompt:\n\n> {system}")
    if part == "adapter" and (stops := declared_stops(run / "merged")):
        lines.append(
            f"Its replies end at the ids {stops}. Where the base's own generation_config.json lacks one, as with base models, "
            f"generate with `eos_token_id={stops}`."
        )
    probes = run / "probes.json"
    if probes.is_file():
        found = read_part(run, probes.name)["probes"]
        rows = [f"| {probe['name']} | {probe['finding'] or probe['skipped']} |" for probe in found]
        lines.append("\n".join(["| probe | finding |", "| --- | --- |", *rows]))
    return "\n\n".join(lines) + "\n"
