"""The steps of a run on another machine: seal it, choose, write down, start, follow, bring home, tear down."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from likeness.errors import CallError, GateError, LikenessError, MachineError
from likeness.files import write_atomic
from likeness.lock import is_locked, only_one
from train.launch.box import Box, Dropped, Target, open_box
from train.launch.follow import again, follow, where, why_it_failed
from train.launch.machines import choose
from train.launch.record import Place, Record, now
from train.pack import SEAL, pack, unpack
from train.result import Watcher
from train.runs import read_part


@dataclass(frozen=True)
class Launched:
    """What a call of `train launch` came to."""

    record: Record
    folder: Path | None
    """The run's, at home; None where it was only started, or stopped."""
    unchanged: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        record = self.record
        said = {"on": record.target["on"], "host": record.target["host"], "device": record.device, "id": record.id}
        said |= {"run": str(self.folder) if self.folder else None, "under_way": not record.over, "unchanged": self.unchanged}
        return said | {"verdict": self.verdict, "seconds": round(record.elapsed()), "usd": round(record.spent(), 4)}

    @property
    def verdict(self) -> str | None:
        """Of the run that is home."""
        if self.folder is None:
            return None
        verdict: str = read_part(self.folder, "manifest.json")["verdict"]
        return verdict


def launch(
    recipe_path: Path,
    target: Target | None,
    watch: Watcher,
    settings: Sequence[str] = (),
    *,
    device: str | None = None,
    max_usd: float | None = None,
    detach: bool = False,
) -> Launched:
    """Make a run on another machine and bring it home; what is under way already is picked up, and not paid for twice.

    Args:
        recipe_path: the recipe's file.
        target: where; None picks up what is under way.
        watch: is told how it goes; lines of the box's log are lines here.
        settings: `key=value` of the command line, merged over the recipe.
        device: the machine by its name there; the cheapest that the run fits on where none is named.
        max_usd: the ceiling in US dollars.
        detach: only start it.

    Raises:
        CallError: the call or the recipe is wrong, or the box found so.
        GateError: the forecast is over the ceiling, the ceiling was reached, or a check failed on the box.
        MachineError: the box cannot be reached or has failed. What still runs there is picked up by the next call.
    """
    place = Place.of(recipe_path)
    with only_one(place.folder, "launch"):
        record = place.read()
        if record and record.over and (done := _done_before(place, record, recipe_path, settings)):
            return done
        if picked_up := record is not None and not record.over:
            assert record
            box = open_box(_target_of(record, target))
            watch.line(f"picks up the run on {where(record)}, begun at {record.started_at}, of dataset {record.dataset}")
        else:
            box = open_box(_asked(target))
        with closing(box):
            if not picked_up:
                record = _begin(place, box, _asked(target), recipe_path, settings, device, max_usd, watch)
            assert record
            if record.run is None:
                _start(place, box, record, watch)
                if detach:
                    return Launched(record, None)
                record.run = str(_bring_home(place, box, record, recipe_path, watch))
                place.write(record)
            _tear_down(place, box, record)
            return Launched(record, Path(record.run))


def stop(recipe_path: Path, watch: Watcher) -> Launched:
    """Stop what is under way, bring home what it has saved, and tear the machine down.

    Raises:
        CallError: nothing is under way.
        MachineError: the box cannot be reached.
    """
    record = under_way(recipe_path)
    if record is None:
        raise CallError("no run of this recipe is under way", where=str(recipe_path))
    place = Place.of(recipe_path)
    with closing(open_box(_target_of(record, None))) as box:
        watch.begin(f"stopping the run on {where(record)}")
        box.stop(record)
        if is_locked(place.folder / ".lock"):  # the command that follows it sees its end, and does the rest
            watch.line(f"stopped on {where(record)}; the command that follows it tears down")
            return Launched(record, None)
        with only_one(place.folder, "launch"):
            record = place.read() or record
            if not record.over:
                _salvage(place, box, record, watch)
                _tear_down(place, box, record)
    return Launched(record, None)


def under_way(recipe_path: Path) -> Record | None:
    """The launch of a recipe whose machine is not torn down."""
    record = Place.of(recipe_path).read()
    return record if record and not record.over else None


def _done_before(place: Place, record: Record, recipe_path: Path, settings: Sequence[str]) -> Launched | None:
    """The newest launch, if it was of just this and its run is still here."""
    if not (record.run and (Path(record.run) / "manifest.json").is_file()):
        return None
    file = pack(recipe_path, settings, place.pack(record.name)).file
    same = _seal(file) == record.seal
    file.unlink()
    return Launched(record, Path(record.run), unchanged=True) if same else None


def _begin(
    place: Place,
    box: Box,
    target: Target,
    recipe_path: Path,
    settings: Sequence[str],
    device: str | None,
    max_usd: float | None,
    watch: Watcher,
) -> Record:
    """Everything before the start, which costs nothing: seal, ask what can be had, choose, say the price, write it down."""
    _secrets(asdict(target))  # one that is not set is told now
    watch.begin(f"asking what {target} has")
    choice = choose(box.offers(), recipe_path, watch, settings, device)
    watch.line(f"{target}: {choice}")
    usd = choice.forecast.usd if choice.forecast else None
    if max_usd is not None and usd is not None and usd > max_usd:
        fix = f"Raise the ceiling (--max-usd {usd * 1.3:.2f}), or train less."
        raise GateError(f"it would cost about ${usd:.2f}, and the ceiling is ${max_usd:.2f}", where="--max-usd", fix=fix)
    from likeness.recipe.load import load_recipe

    name = load_recipe(recipe_path, settings).name
    for left in (place.log, place.result(name)):
        left.unlink(missing_ok=True)
    packed = pack(recipe_path, settings, place.pack(name))
    record = Record(name, packed.facts["dataset"], _seal(packed.file), asdict(target))
    record.device, record.usd_per_hour, record.max_usd = choice.offer.name, choice.offer.usd_per_hour or 0.0, max_usd
    record.seconds = choice.forecast.seconds if choice.forecast else None
    place.write(record)
    return record


def _start(place: Place, box: Box, record: Record, watch: Watcher) -> None:
    """Send and start. Where the box refuses, it is torn down; where the connection fails, the next call goes on."""
    secrets = _secrets(record.target)
    watch.begin(f"sending the run to {where(record)}")
    try:
        box.start(record, place.pack(record.name), secrets)
    except Dropped as error:
        raise MachineError(
            error.what, where=where(record), fix="The same command tries again, and finds what was started."
        ) from None
    except LikenessError:
        _tear_down(place, box, record)
        raise
    place.write(record)


def _bring_home(place: Place, box: Box, record: Record, recipe_path: Path, watch: Watcher) -> Path:
    """Follow the run to its end, fetch its result, and unpack it once it is proven whole."""
    end = follow(place, box, record, watch)
    result = place.result(record.name)
    watch.begin("bring home")
    if end is None or not again(lambda: box.fetch(record, result)):
        _salvage(place, box, record, watch)
        _tear_down(place, box, record)
        raise why_it_failed(place, record, end)
    try:
        folder = unpack(result, recipe_path)
    except CallError:  # it may have been cut on its way: once more
        result.unlink()
        again(lambda: box.fetch(record, result))
        folder = unpack(result, recipe_path)
    facts = {key: value for key, value in record.__dict__.items() if key not in ("seal", "target", "notes", "run", "over")}
    facts |= {"on": record.target["on"], "seconds": round(record.elapsed()), "usd": round(record.spent(), 4)}
    write_atomic(folder / "launch.json", json.dumps(facts, indent=2) + "\n")
    result.unlink()
    return folder


def _salvage(place: Place, box: Box, record: Record, watch: Watcher) -> None:
    """Bring home what a stopped run has saved, if that can be had, and keep the sealed file beside it."""
    folder = place.folder / record.id
    with suppress(LikenessError, OSError):
        if box.salvage(record, folder):
            kept = shutil.copy(place.pack(record.name), folder)
            watch.line(f"what it had saved is home: `train run {kept}` goes on from there")


def _tear_down(place: Place, box: Box, record: Record) -> None:
    """Tear the machine down, and note that it is."""
    try:
        again(lambda: box.tear_down(record))
    except LikenessError as error:
        fix = "The same command tries again. Look whether it still costs money."
        raise MachineError(f"could not be torn down: {error.what}", where=where(record), fix=fix) from None
    record.over, record.ended_at = True, record.ended_at or now()
    place.write(record)
    place.pack(record.name).unlink(missing_ok=True)


def _asked(target: Target | None) -> Target:
    if target is None:
        raise CallError(
            "says no machine, and no run of this recipe is under way",
            where="--on",
            fix="Say: --on ssh HOST, hf-jobs or skypilot.",
        )
    return target


def _target_of(record: Record, asked: Target | None) -> Target:
    """Where a launch that is under way was begun.

    Raises:
        CallError: the call says another machine.
    """
    target = Target(**record.target | {"env": tuple(record.target["env"])})
    if asked and (asked.on, asked.host) != (target.on, target.host):
        fix = "Leave --on out to pick it up, or say --stop to give it up first."
        raise CallError(f"a run of this recipe is under way on {target}", where="--on", fix=fix)
    return target


def _secrets(target: dict[str, Any]) -> dict[str, str]:
    """The variables that go over, from the environment, by the names that the call gave.

    Raises:
        CallError: one is not set.
    """
    names = target["env"]
    if missing := next((name for name in names if name not in os.environ), None):
        raise CallError("is not set in the environment", where=f"--env {missing}")
    return {name: os.environ[name] for name in names}


def _seal(file: Path) -> str:
    """What a sealed file holds, in a hash; the file itself has the time of its making in it."""
    with zipfile.ZipFile(file) as sealed:
        return hashlib.sha256(sealed.read(SEAL)).hexdigest()
