"""Shared by the tests of the DRAM: the GDDR6 of Ramulator's reference values, and a slow second implementation."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.engines.dram import DramSpec

HERE = Path(__file__).parent
#: GDDR6_8Gb_x16 and GDDR6_14000_1250mV_double of Ramulator 2.1 (c5b1c3a), python/ramulator/dram/gddr6.py
# fmt: off
GDDR6 = {
    "channels": 1, "tck_ps": 570.0, "access_bytes": 32, "n_bl": 2, "bank_groups": 4, "banks_per_group": 4,
    "row_bytes": 2048, "n_ccds": 2, "n_ccdl": 4, "n_rcd": 30, "n_rp": 30, "n_ras": 60, "n_rc": 90, "n_rrd": 11,
    "n_faw": 43, "n_rtp": 4, "n_ppd": 2, "n_cl": 24, "n_refi": 3333, "n_rfc": 211, "refresh": "all_bank", "queue": 32,
    "interleave_bytes": 32, "mapping": "RoBaRaCoCh",
}
# fmt: on


@pytest.fixture(scope="session")
def gddr6():
    """One channel of GDDR6, with changes."""
    return lambda **changes: DramSpec(**(GDDR6 | changes))


@pytest.fixture(scope="session")
def calm(gddr6):
    """The same without a refresh in any run of a test."""
    return lambda **changes: gddr6(n_refi=10**9, **changes)


@pytest.fixture(scope="session")
def reference(module_at):
    return module_at(HERE / "reference.py")


@pytest.fixture(scope="session")
def published():
    """Ramulator's results by stream."""
    with (HERE / "ramulator.csv").open(encoding="utf-8") as file:
        return {row["stream"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="session")
def streams():
    """The three streams of 300,000 loads of 32 B in 1 GiB."""
    n = 300_000
    sequential = np.arange(n, dtype=np.int64) * 32
    uniform = np.random.default_rng(2023).integers(0, (1 << 30) // 32, n) * 32
    alternating = np.where(np.arange(n) % 2 == 0, sequential, uniform)
    return {"sequential": sequential, "random": uniform, "alternating": alternating}
