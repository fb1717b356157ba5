"""What a person may rely on in `train chat`: answers as they come, one message where it cannot go on, nothing left behind."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from export.gguf.convert import convert
from export.sampling import Sampling
from likeness.errors import CallError, MachineError
from tests.make import BIN, environment, one_message
from train.chat import Chat, Speaker

SYSTEM = "You bake."


@pytest.fixture(scope="module")
def run(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a chat needs of a finished run."""
    folder = tmp_path_factory.mktemp("run")
    convert(tiny, folder / "tiny-f16.gguf")
    (folder / "manifest.json").write_text(json.dumps({"gguf": ["tiny-f16.gguf"]}), encoding="utf-8")
    (folder / "recipe.yaml").write_text(f"persona: {{system_prompt: {SYSTEM}}}\n", encoding="utf-8")
    return folder


def process_of(speaker: Speaker) -> psutil.Process:
    assert speaker._llama
    return psutil.Process(speaker._llama._process.pid)


def test_an_answer_comes_in_pieces_and_is_that_of_a_chat_app(run: Path) -> None:
    import llama_cpp

    app = llama_cpp.Llama(str(run / "tiny-f16.gguf"), n_ctx=0, verbose=False, seed=17)
    with Speaker(run) as speaker:
        chat = Chat(speaker)
        how = speaker.sampling.for_ollama()
        for question in ("What is salt?", "And pepper?"):  # the second with what was said before
            asked = [*chat.messages, {"role": "user", "content": question}]
            expected = app.create_chat_completion(asked, max_tokens=512, **how)["choices"][0]["message"]["content"]
            pieces = list(chat.ask(question))
            assert len(pieces) > 2
            assert "".join(pieces) == expected
        assert [message["role"] for message in chat.messages] == ["system", *["user", "assistant"] * 2]
        process = process_of(speaker)
    assert not process.is_running()


@pytest.mark.slow
def test_piped_lines_are_asked_one_by_one_whatever_bytes_they_hold(run: Path) -> None:
    def chat(typed: bytes, *more: str | bytes) -> subprocess.CompletedProcess[bytes]:
        command = [BIN / "train", "chat", run, "--json", *more]
        return subprocess.run(command, input=typed, env=environment(), capture_output=True, check=False)

    said = json.loads(chat(b"Salt?\n\nx\xff\n").stdout)
    assert [turn["question"] for turn in said["turns"]] == ["Salt?", "x\ufffd"]
    assert {key: said[key] for key in ("question", "answer", "passages")} == said["turns"][-1]
    assert json.loads(chat(b"", "-q", b"y\xff\nz").stdout)["question"] == "y\ufffd\nz"
    nothing = chat(b"\n")
    assert nothing.returncode == 2 and b"no question was asked" in nothing.stderr


def test_an_answer_that_nobody_reads_on_ends_and_the_next_is_as_ever(run: Path) -> None:
    asked, likeliest = [{"role": "user", "content": "What is salt?"}], Sampling(0.0, 0.0, 1.0)
    with Speaker(run) as speaker:
        whole = list(speaker.reply(asked, likeliest, 200))
        assert speaker.ended["ended"] in ("stop", "length") and speaker.ended["completion_tokens"] == len(whole)
        process, answer = process_of(speaker), speaker.reply(asked, likeliest, 200)
        assert [next(answer), next(answer)] == whole[:2]
        answer.close()
        assert list(speaker.reply(asked, likeliest, 200)) == whole
        assert process_of(speaker) == process


def test_a_crash_is_told_and_the_next_question_is_answered(run: Path) -> None:
    asked = [{"role": "user", "content": "What is salt?"}]
    with Speaker(run) as speaker:
        process_of(speaker).kill()
        with pytest.raises(MachineError, match="SIGKILL"):
            list(speaker.reply(asked, speaker.sampling, 20))
        assert list(speaker.reply(asked, speaker.sampling, 20))


def test_a_question_that_is_too_long_is_told_and_the_chat_goes_on(run: Path) -> None:
    with Speaker(run) as speaker:
        chat = Chat(speaker)
        with pytest.raises(CallError, match=r"too long for this model: Requested tokens \(\d+\) exceed context window"):
            list(chat.ask("salt and pepper " * 4000))
        chat.messages.pop()
        assert list(chat.ask("What is salt?"))


def test_a_file_that_llama_cpp_does_not_read_is_named(run: Path, tmp_path: Path) -> None:
    for file in run.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:5000])
    with pytest.raises(MachineError, match="cannot be loaded: Failed to load model") as told:
        Speaker(tmp_path)
    assert told.value.where == str(tmp_path / "tiny-f16.gguf")


def test_a_crash_in_an_answer_is_one_message(run: Path) -> None:
    with Speaker(run) as speaker:
        chat = Chat(speaker)
        answer = chat.ask("What is salt?")
        next(answer)
        process_of(speaker).send_signal(signal.SIGSEGV)
        with pytest.raises(MachineError, match=r"llama.cpp ended with SIGSEGV when asked to chat. It last said: ") as told:
            list(answer)
    assert told.value.exit_code == 3
    assert told.value.where == str(run / "tiny-f16.gguf")


@pytest.mark.slow
def test_a_crash_between_questions_ends_the_command_with_3(run: Path) -> None:
    chat = subprocess.Popen(
        [BIN / "train", "chat", run],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert chat.stdin and chat.stdout
    chat.stdin.write("What is salt?\n")
    chat.stdin.flush()
    assert chat.stdout.readline().strip()
    (worker,) = psutil.Process(chat.pid).children()
    worker.send_signal(signal.SIGABRT)
    out, told = chat.communicate("And pepper?\n", timeout=60)
    assert one_message(subprocess.CompletedProcess([], chat.returncode, out, told)).count("SIGABRT") == 1
    assert chat.returncode == 3


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_chat_that_is_stopped_leaves_no_process_behind(run: Path, how: signal.Signals) -> None:
    chat = subprocess.Popen([BIN / "train", "chat", run], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert chat.stdin and chat.stdout
    chat.stdin.write(b"What is salt?\n")
    chat.stdin.flush()
    assert chat.stdout.read(1)
    (worker,) = psutil.Process(chat.pid).children()
    chat.send_signal(how)
    chat.communicate(timeout=30)
    assert chat.returncode == (-9 if how == signal.SIGKILL else 130)
    psutil.wait_procs([worker], timeout=10)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
