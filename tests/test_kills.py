"""Every command that writes is killed twenty times in all; `python tests/kills.py` does two hundred."""

import random

import pytest

from tests.kills import SHARES, kill_again_and_again

SEED = 20


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARES)
def test_a_command_that_is_killed_loses_pays_and_leaves_nothing(name):
    told = []
    landed = kill_again_and_again(name, SHARES[name], random.Random(f"{SEED} {name}"), told.append)
    assert landed > 0, "\n".join(told)
