"""Which machine this is, of how many, and how accelerate is called on it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from likeness.errors import CallError
from likeness.recipe.schema import LAUNCH_CONFIGS, WEIGHTS_SHARED, Launch

WHERE = "train.launch"
PORT = 29500
SECONDS_TO_MEET = 24 * 3600
"""How long machines wait for the first one, which makes the rows before it trains."""


@dataclass(frozen=True, slots=True)
class Machines:
    """This machine among those that train together.

    Args:
        number: of machines.
        rank: this one's, from 0; the first does everything but its share of training too.
        address: the first one's.
        port: where it listens; 0 for any that is free.
    """

    number: int = 1
    rank: int = 0
    address: str | None = None
    port: int = 0


def config_file(launch: Launch) -> Path:
    """accelerate's configuration: one of ours, or the recipe's own file."""
    if launch.config in LAUNCH_CONFIGS:
        return Path(str(files("train.parallel") / "configs" / f"{launch.config}.yaml"))
    return Path(launch.config)


def read_config(launch: Launch) -> Any:
    """accelerate's configuration, as accelerate reads it.

    Raises:
        CallError: accelerate cannot read the file, or it is for another way of starting.
    """
    from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file

    file, where = config_file(launch), f"{WHERE}.config: {launch.config}"
    try:
        config = load_config_from_file(str(file))
    except Exception as error:
        fix = "`accelerate config --config_file FILE` writes one."
        raise CallError(f"accelerate cannot read this file: {error}", where=where, fix=fix) from None
    if not isinstance(config, ClusterConfig) or config.distributed_type not in ("MULTI_GPU", "FSDP", "DEEPSPEED"):
        kind = getattr(config.distributed_type, "value", config.distributed_type)
        fix = "Take a file with distributed_type MULTI_GPU (on the CPU too), FSDP or DEEPSPEED."
        raise CallError(f"training is not started so: distributed_type {kind}", where=where, fix=fix)
    return config


def shares_weights(launch: Launch) -> bool:
    """Whether each process has only a share of the base's weights."""
    if launch.config in LAUNCH_CONFIGS:
        return launch.config in WEIGHTS_SHARED
    config = read_config(launch)
    return bool(config.distributed_type == "FSDP" or config.deepspeed_config.get("zero_stage") == 3)


def machines_of(launch: Launch) -> Machines:
    """What the environment says of the machines, and where it says nothing, accelerate's configuration.

    Raises:
        CallError: they do not fit the recipe or each other.
    """
    config = read_config(launch)

    def number(name: str, otherwise: int) -> int:
        said = os.environ.get(name, "")
        if said and not said.isdecimal():
            raise CallError(f"{name} is no number: {said!r}", where=WHERE, fix="Set it to one, or unset it.")
        return int(said) if said else otherwise

    many = number("NNODES", config.num_machines or 1)
    if many == 1:
        return Machines()
    rank, port = number("NODE_RANK", config.machine_rank or 0), number("MASTER_PORT", config.main_process_port or PORT)
    address = os.environ.get("MASTER_ADDR") or config.main_process_ip
    if not address or rank >= many:
        what = "the address of the first machine is not known" if not address else f"NODE_RANK {rank} of {many} machines"
        fix = "On each machine set NNODES, NODE_RANK (0 on the first), and MASTER_ADDR, the first one's address."
        raise CallError(what, where=WHERE, fix=fix)
    if launch.processes % many:
        fix = f"Take a multiple of {many}: each machine starts as many."
        raise CallError(f"{launch.processes} processes on {many} machines", where=f"{WHERE}.processes", fix=fix)
    return Machines(many, rank, address, port)


def check_launch(launch: Launch) -> None:
    """Refuse what would fail once accelerate starts it.

    Raises:
        CallError: the configuration, a library, or GPUs are missing.
    """
    import torch

    config = read_config(launch)
    here, where = launch.processes // machines_of(launch).number, f"{WHERE}.config: {launch.config}"
    if config.distributed_type == "DEEPSPEED" and importlib.util.find_spec("deepspeed") is None:
        raise CallError("deepspeed is not installed", where=where, fix="pip install deepspeed, or take `config: fsdp2`.")
    if config.distributed_type != "MULTI_GPU" and not torch.cuda.is_available():
        what = "accelerate shares nothing out on a CPU: each process would have the whole base"
        raise CallError(what, where=where, fix="Take `config: ddp` here.")
    if torch.cuda.is_available() and torch.cuda.device_count() < here:
        what = f"{here} processes need a GPU each, and this machine has {torch.cuda.device_count()}"
        raise CallError(what, where=f"{WHERE}.processes", fix=f"Lower it to {torch.cuda.device_count()}, or leave `launch` out.")


def command(launch: Launch, machines: Machines, module: str, arguments: Sequence[str]) -> list[str]:
    """The call of accelerate that starts this machine's processes.

    Args:
        launch: the recipe's `train.launch`.
        machines: this one among all.
        module: that each process runs.
        arguments: for it.
    """
    several = ["--main_process_ip", machines.address] if machines.address else []
    return [
        *(sys.executable, "-P", "-m", "accelerate.commands.launch"),
        *("--config_file", str(config_file(launch)), "--num_processes", str(launch.processes)),
        *("--num_machines", str(machines.number), "--machine_rank", str(machines.rank), *several),
        *("--main_process_port", str(machines.port), "--rdzv_conf", f"timeout={SECONDS_TO_MEET}"),
        *("--module", module, *arguments),
    ]
