"""The whole road, adapter to app folder, and every covered family through 16 bit."""

import pytest

from export.gguf.convert import convert
from export.verify import verify


def failed(checks):
    return {check.name: check.message for check in checks if not check.passed and check.severity == "gate"}


def test_taught(taught, rows, tmp_path):
    import time

    t = time.time()
    checks = verify(convert(taught, tmp_path / "m.gguf"), taught, rows)
    print(time.time() - t)
    for c in checks:
        print(c)
    assert not failed(checks)


@pytest.mark.parametrize("name", ["llama 3 rope", "llama sentencepiece", "mistral linear rope", "qwen 2", "qwen 3", "llama with biases"])
def test_family(family, name, rows, tmp_path):
    folder = family(name)
    checks = verify(convert(folder, tmp_path / "model.gguf"), folder, rows)
    for c in checks:
        print(c)
    assert not failed(checks)
