"""Files of strangers with faults: only our own error comes out, in little memory and time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("mutants.py")
#: mutants by kind; all together at least 2,000
COUNTS = {
    "cameras": 200,
    "mesh": 350,
    "image": 210,
    "nerfstudio": 210,
    "occupancy": 210,
    "path": 200,
    "sequence": 200,
    "snapshot": 420,
    "trace": 300,
    "volume": 210,
}
MOST_BYTES, MOST_S = 512 << 20, 2.0


@pytest.mark.parametrize("kind", sorted(COUNTS))
def test_only_our_own_error_comes_out_of_a_mutated_file(kind):
    done = subprocess.run(
        [sys.executable, PROGRAM, kind, str(COUNTS[kind]), "24"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr[-1000:]) == (0, "")
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["foreign"] == []
    assert found["count"] == COUNTS[kind]
    assert 0 < found["refused"] <= COUNTS[kind]
    assert found["grown_bytes"] < MOST_BYTES
    assert found["slowest_s"] < MOST_S
