"""What the GPU of this machine reaches: memory, arithmetic and power."""

import ctypes

import numpy as np
import pytest

PEAKS = {"dram_gbps": 1e9, "l2_gbps": 1e9, "l1_bytes_per_clock": 1, "fp32_tflops": 1e12, "clock_ghz": 1}
WAYS = ("read", "copy", "runtime_copy")
MIB, TURNS = 1 << 20, 20


def test_peaks(benchmark, tell, call):
    found, numbers, name = np.zeros(len(PEAKS)), np.zeros(3, np.int64), np.zeros(256, np.uint8)
    call("describe", numbers, name)
    benchmark.pedantic(call, ("measure_peaks", found))
    peaks = {peak: value / unit for (peak, unit), value in zip(PEAKS.items(), found.tolist(), strict=True)}
    tell(sms=int(numbers[0]), l2_mib=numbers[1] / MIB, **peaks)


@pytest.mark.parametrize("mib", [4, 8, 16, 32, 64, 128, 256, 1024, 4096])
@pytest.mark.parametrize("way", WAYS)
def test_bandwidth(benchmark, tell, call, turns, spread, way, mib):
    ms = turns(TURNS)
    arguments = "measure_bandwidth", WAYS.index(way), ctypes.c_uint64(mib * MIB), ms
    gbps = benchmark.pedantic(call, arguments) / 1e9
    tell(**spread("gbps", gbps * np.median(ms) / ms))
