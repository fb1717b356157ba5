"""`train.launch`: two processes train as one, say in one message how they failed, and end with the command that started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from likeness.errors import CallError, MachineError
from likeness.recipe.schema import LAUNCH_CONFIGS, Launch, Train
from train.data import IGNORED, Row, Rows
from train.order import RowOrder
from train.parallel.machines import Machines, check_launch, command, machines_of, read_config
from train.parallel.start import train_together
from train.parallel.task import Task
from train.preflight import load_tokenizer
from train.sft import train_sft

SFT = {"epochs": 2, "batch_size": 8, "max_length": 128, "evaluations_per_epoch": 3}
"""With 21 rows, so that the last step of an epoch has five, which two processes cannot halve."""


def rows_of(base: Path) -> Rows:
    tokenizer = load_tokenizer(base, "here")
    texts = [" ".join(f"The water stood at {n} inches and I leaned on the beam." for n in range(k % 4 + 1)) for k in range(26)]
    rows = [Row(f"{n}", ids, [IGNORED, *ids[1:]]) for n, text in enumerate(texts) for ids in [tokenizer(text)["input_ids"]]]
    return Rows(train=rows[5:], validation=rows[:5])


def settings(**more: Any) -> Train:
    return Train.model_validate({"base_model": "builtin:tiny", "sft": SFT, **more})


def losses(run: Path) -> list[tuple[int, str, float]]:
    """Step, what, and loss of every line."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], name, line[name]) for line in lines for name in ("loss", "eval_loss") if name in line]


def ranks_here() -> dict[str, psutil.Process]:
    """The processes that train, by rank."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        if "train.parallel.worker" in process.cmdline() and "accelerate.commands.launch" not in process.cmdline():
            found[process.environ()["RANK"]] = process
    return found


@pytest.mark.slow
def test_two_processes_train_as_one_and_go_on_after_a_kill(tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    rows, (one, two) = rows_of(tiny), (tmp_path / "one", tmp_path / "two")
    one.mkdir()
    alone = train_sft(tiny, load_tokenizer(tiny, "here"), rows, settings(), one / "adapter", lambda *_: None)
    task = Task(settings(launch={"processes": 2}), rows, two / "adapter")
    said: list[str] = []

    def kill_the_second(done: float, _total: float, _note: str) -> None:
        if done == 3 and (ranks := ranks_here()):
            assert set(ranks) == {"0", "1"}
            ranks["1"].kill()

    with pytest.raises(MachineError, match=r"process 2 of 2 was killed \(SIGKILL\)") as died:
        train_together(task, tiny, kill_the_second, said.append)
    assert "goes on from the last" in str(died.value.fix) and not ranks_here()
    assert (two / "checkpoints/checkpoint-2/trainer_state.json").is_file() and not (two / "adapter").exists()
    before = losses(two)
    together = train_together(task, tiny, lambda *_: None, said.append)
    assert [line.split()[1] for line in said if line.startswith("step ")][-1] == "6"

    expected = {(step, name): loss for step, name, loss in losses(one)}
    seen = losses(two)
    assert seen[: len(before)] == before and seen[len(before)][0] > 1, "training began again from nothing"
    assert {(step, name) for step, name, _ in seen} == set(expected)
    assert all(loss == pytest.approx(expected[step, name], abs=1e-5) for step, name, loss in seen)
    assert (together.steps, together.best_step) == (alone.steps, alone.best_step)
    assert together.held_out_loss_before == alone.held_out_loss_before
    first, second = (load_file(run / "adapter/adapter_model.safetensors") for run in (one, two))
    assert first and all(float((first[name] - second[name]).abs().max()) < 1e-6 for name in first | second)
    assert not (two / "checkpoints").exists() and not (two / "launch").exists()


RANK = """
import os, sys, time
from pathlib import Path
from train.parallel.worker import Voice, _end_with_the_command
from likeness.errors import GateError

voice, rank, folder = Voice(), os.environ["RANK"], Path(sys.argv[1])
_end_with_the_command()
print("a library prints this")
if rank == "0":
    voice.say(line="step 1")
    if "diverges" in sys.argv[2]:
        voice.fail(GateError("training diverges", where="train.sft.learning_rate", fix="Lower it."))
        os._exit(1)
(folder / f"rank-{rank}").write_text(str(os.getpid()))
time.sleep(60)
"""
"""A process that does nothing but live and speak as those do that train: it loads no torch."""

COMMAND = """
import sys
from pathlib import Path
from likeness.recipe.schema import Launch
from train.parallel import start

whole = start.command
start.command = lambda *given: [*whole(*given)[:-4], sys.argv[1], *whole(*given)[-2:]]
said = lambda line: print(line, flush=True)
start.run_processes(Launch(processes=2), start.Machines(), Path(sys.argv[2]), Path(sys.argv[3]), print, said)
"""
"""The command that starts them."""


def start(folder: Path, word: str) -> subprocess.Popen[str]:
    (folder / "rank.py").write_text(RANK)
    given = [sys.executable, "-P", "-c", COMMAND, folder / "rank.py", folder, folder / word]
    return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)


@pytest.mark.slow
def test_processes_end_with_the_command_and_their_error_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "accelerate.py").write_text("raise SystemExit('code of the caller's folder was run')")
    process = start(tmp_path, "lives")
    deadline = time.monotonic() + 120
    while len(files := list(tmp_path.glob("rank-*"))) < 2 or not all(file.read_text() for file in files):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert process.stdout
    first = process.stdout.readline()  # it may be on its way
    os.kill(process.pid, signal.SIGKILL)
    assert (first, process.communicate()[0]) == ("step 1\n", ""), "what libraries print is no line of ours"
    while any(psutil.pid_exists(int(file.read_text())) for file in files):
        assert time.monotonic() < deadline, "processes train on without the command that started them"
        time.sleep(0.05)
    _, error = start(tmp_path, "diverges").communicate(timeout=120)
    assert error.strip().endswith("GateError: train.sft.learning_rate: training diverges\nLower it.")


# --- what is dealt, and refused ---


def test_an_epoch_takes_every_row_once_and_is_dealt_evenly() -> None:
    lengths = [5 + row % 7 for row in range(21)]
    alone, dealt = RowOrder(lengths, 8, 17), RowOrder(lengths, 8, 17, dealt=4)
    for epoch in range(3):
        assert sorted(alone.of(epoch)) == list(range(21))
        assert dealt.of(epoch) == [*alone.of(epoch), 21, 21, 21]
    assert alone.of(0) != alone.of(1) and alone.of(0) != RowOrder(lengths, 8, 18).of(0)
    assert (len(alone), len(dealt), alone.steps, dealt.steps) == (21, 24, 3, 3)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"launch": {"processes": 3}}, r"cannot be dealt to 3 processes: take `batch_size: 9` or 6"),
        (
            {"launch": {"processes": 2}, "sft": {"batch_size": 8, "micro_batch_size": 8}},
            r"2 processes of `micro_batch_size: 8` each: take `batch_size: 16`",
        ),
        ({"launch": {"processes": 2, "config": "fsdp2"}, "method": "qlora"}, "cannot share 4-bit weights out"),
        ({"launch": {"processes": 2, "config": "deepspeed-zero2"}, "sft": {"packing": True}}, "take ddp or fsdp2"),
        ({"launch": {"processes": 2, "config": "fsdp"}}, "launch.config"),
    ],
)
def test_what_cannot_be_dealt_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Train.model_validate({"base_model": "builtin:tiny", **more})


def test_a_step_has_the_recipes_rows_however_many_processes_share_it() -> None:
    for sft in ({"batch_size": 24}, {"batch_size": 24, "micro_batch_size": 2}, {"batch_size": 24, "packing": True}):
        for many in (2, 3, 4):
            dealt = Train.model_validate({"base_model": "x", "sft": sft, "launch": {"processes": many}})
            assert 24 % (dealt.rows_at_once * many) == 0
            assert dealt.rows_at_once == sft.get("micro_batch_size", 24 // many)


@pytest.mark.parametrize("name", LAUNCH_CONFIGS)
def test_our_configurations_are_what_their_names_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as `accelerate launch` reads them, down to the plugin that the trainer gets."""
    from accelerate.commands import launch as accelerate_launch
    from accelerate.utils import DeepSpeedPlugin, FullyShardedDataParallelPlugin
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    call = command(Launch(processes=4, config=name), Machines(2, 1, "10.0.0.1", 29500), "some.module", ["given"])
    parsed = accelerate_launch.launch_command_parser().parse_args(call[4:])
    arguments, _, _ = accelerate_launch._validate_launch_command(parsed)
    assert (arguments.num_processes, arguments.num_machines, arguments.machine_rank) == (4, 2, 1)
    assert arguments.multi_gpu == (name == "ddp") and arguments.use_fsdp == (name == "fsdp2")
    assert arguments.use_deepspeed == name.startswith("deepspeed")
    if name.startswith("deepspeed"):
        arguments.deepspeed_fields_from_accelerate_config = ""
        _, environment = prepare_deepspeed_cmd_env(arguments)
    else:
        environment = prepare_multi_gpu_env(arguments)
    assert (arguments.nproc_per_node, arguments.nnodes, arguments.node_rank) == ("2", "2", 1)
    assert arguments.rdzv_endpoint == "10.0.0.1:29500"
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    if name == "fsdp2":
        plugin = FullyShardedDataParallelPlugin()
        assert (plugin.fsdp_version, plugin.reshard_after_forward) == (2, True)
        assert plugin.state_dict_type.name == "FULL_STATE_DICT" and type(plugin.cpu_offload).__name__ == "OffloadPolicy"
    if name.startswith("deepspeed"):
        zero = DeepSpeedPlugin()
        assert zero.zero_stage == int(name[-1]) and zero.gradient_accumulation_steps == "auto"
        assert zero.hf_ds_config.config["zero_optimization"]["offload_param"]["device"] == "none"


def test_the_environment_says_which_machine_this_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    launch = Launch(processes=4)
    monkeypatch.setenv("MASTER_ADDR", "somewhere")  # a shell's left-over says nothing of several machines
    assert machines_of(launch) == Machines()
    monkeypatch.setenv("NNODES", "2")
    monkeypatch.setenv("NODE_RANK", "1")
    assert machines_of(launch) == Machines(2, 1, "somewhere", 29500)
    with pytest.raises(CallError, match="5 processes on 2 machines"):
        machines_of(Launch(processes=5))
    monkeypatch.setenv("NODE_RANK", "2")
    with pytest.raises(CallError, match="NODE_RANK 2 of 2"):
        machines_of(launch)
    monkeypatch.setenv("NODE_RANK", "one")
    with pytest.raises(CallError, match="NODE_RANK is no number"):
        machines_of(launch)
    for name in ("NNODES", "NODE_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name)
    own = tmp_path / "own.yaml"
    own.write_text(
        "distributed_type: MULTI_GPU\nnum_machines: 2\nmachine_rank: 1\nmain_process_ip: there\nmain_process_port: 7\n"
    )
    assert machines_of(Launch(processes=2, config=str(own))) == Machines(2, 1, "there", 7)


def test_what_accelerate_could_not_start_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CallError, match="shares nothing out on a CPU"):
        check_launch(Launch(processes=2, config="fsdp2"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_launch(Launch(processes=2, config="fsdp2"))
    with pytest.raises(CallError, match="4 processes need a GPU each, and this machine has 2"):
        check_launch(Launch(processes=4))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(CallError, match="deepspeed is not installed"):
        check_launch(Launch(processes=2, config="deepspeed-zero3"))
    for text, message in (
        ("distributed_type: MULTI_CPU\n", "distributed_type MULTI_CPU"),
        ("distributed_type: FSDP\nno_such_key: 1\n", "no_such_key"),
    ):
        (tmp_path / "own.yaml").write_text(text)
        with pytest.raises(CallError, match=message):
            read_config(Launch(processes=2, config=str(tmp_path / "own.yaml")))
