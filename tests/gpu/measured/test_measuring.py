"""Measurements: what kernels do while they are timed, medians and amounts, power through NVML, and a whole file."""

import errno
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ngpc_sim.architecture.arch import load_gpu
from ngpc_sim.cli import gpu as command
from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.measured import measuring
from ngpc_sim.gpu.measured.effort import MOST, QUICK, STEP, amount_for, measured
from ngpc_sim.gpu.measured.power import nvml_of
from ngpc_sim.gpu.measured.rates import MULTIPLY_ADDS

ASKED = {"adapter": 0, "apps": "gia", "encodings": None, "settings": None, "quick": True, "quiet": True}


def test_a_value_is_the_median_of_its_turns_between_the_least_and_the_most():
    one = measured("any", "ns", [5.0, 1.0, 2.0], "so")
    assert (one.value, one.least, one.most, one.turns) == (2, 1, 5, 3)
    assert one.spread == "median of 3, 1 to 5"


@pytest.mark.parametrize("ns_an_amount", [1e-9, 0.3, 7.0, 1e9])
def test_an_amount_takes_half_of_the_target_or_is_the_most_or_the_least(ns_an_amount):
    amount = amount_for(lambda amount: amount * ns_an_amount, 1e5)
    assert amount % STEP == 0
    assert amount * ns_an_amount >= 5e4 or amount == MOST
    assert amount * ns_an_amount <= 2e5 or amount == STEP


def test_a_copy_copies_all_of_its_source(device):
    quads = 4096
    program = device.program("items", "bandwidth")
    values = np.arange(4 * quads, dtype=np.float32)
    source, target = device.buffer(values), device.buffer(values.nbytes)
    work = device.buffer(np.array([quads, quads // 256, 0, 0], np.uint32))
    bound = program.bind({"from_": source, "to": target, "work": work})
    device.run([program.groups("copy_in_order", bound, (1, 1, 1))])
    assert (device.read(target, np.float32, values.size) == values).all()


@pytest.mark.parametrize("way", ["read_in_order", "read_scattered"])
def test_reads_are_done(device, way):
    """A sum that is the one that a kernel keeps is written: of four reads of a word a thread, all the same."""
    program = device.program("items", "bandwidth")
    source = device.buffer(np.full(4 * 4096, 12345 / 8, np.float32))
    target, work = device.buffer(4096 * 16), device.buffer(np.array([4096, 8, 0, 0], np.uint32))
    bound = program.bind({"from_": source, "to": target, "work": work})
    device.run([program.groups(way, bound, (2, 1, 1))])
    assert (device.read(target, np.float32, 4 * 512) == 12345).all()


def test_every_multiply_add_is_done(device):
    rounds, chains, threads = 5, 8, 256
    program, sums = device.program("items", "multiply_add"), device.buffer(16 * threads)
    work = device.buffer(np.array([rounds, 0, 0, 0], np.uint32))
    device.run([program.groups("multiply_add", program.bind({"sums": sums, "work": work}), (1, 1, 1))])
    found = device.read(sums, np.float32, 4 * threads).reshape(threads, 4)
    # a chain of x := 0.999 x + 0.001 from each of i, i + 1 .. i + 7
    left = 0.999 ** (rounds * MULTIPLY_ADDS // (4 * chains))
    first = chains * np.arange(threads) + np.arange(chains).sum()
    assert found[:, 0] == pytest.approx(first * left + chains * (1 - left), rel=1e-4)
    assert (found == found[:, :1]).all()


class FakeNvml:
    """NVML with cards of some names; readings rise by a watt each."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM = 1, 2
    NVMLError = type("NVMLError", (Exception,), {})

    def __init__(self, names):
        self.names, self.readings = names, 0

    def nvmlInit(self):  # noqa: N802
        if self.names is None:
            raise self.NVMLError("no library")

    def nvmlDeviceGetCount(self):  # noqa: N802
        return len(self.names)

    def nvmlDeviceGetHandleByIndex(self, number):  # noqa: N802
        return number

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return self.names[handle]

    def nvmlDeviceGetPowerUsage(self, handle):  # noqa: N802
        self.readings += 1
        return 1000 * (100 * handle + self.readings)

    def nvmlDeviceGetPowerManagementLimit(self, _):  # noqa: N802
        return 350_000

    def nvmlDeviceGetClockInfo(self, _, kind):  # noqa: N802
        return 1000 * kind


def test_power_is_that_of_the_card_with_the_adapters_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(["other", "mine"]))
    card = nvml_of("mine")
    assert (card.limit_w(), card.clocks()) == (350, "SM clock 1000 MHz, memory clock 2000 MHz")
    with card.reading() as watts:
        assert watts == [102]
    assert card.idle_w(0.0) == [103]


@pytest.mark.parametrize("names", [None, [], ["other"], ["mine", "mine"]])
def test_without_a_single_card_of_that_name_there_is_no_power(monkeypatch, names):
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(names))
    assert nvml_of("mine") is None


def test_without_the_package_there_is_no_power(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert nvml_of("mine") is None


@pytest.mark.usefixtures("device")
def test_a_measured_card_is_a_file_that_a_gpu_can_be(tmp_path):
    path = tmp_path / "mine.yaml"
    command.measure(out=path, like="rtx3090", **ASKED)
    gpu, lines = load_gpu(str(path)), path.read_text().splitlines()
    assert gpu.name == "mine"
    assert gpu.l2_gbps.tag == gpu.dispatch_ns.tag == "measured"
    for begin in ("gia-hashgrid encoding: ", "gia-hashgrid MLP 32->64->64->16: ", "independent dispatches: "):
        assert any(line.startswith(f"# {begin}") and "median of 3" in line for line in lines)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.csv", "mine.png", "mine.yaml"]


@pytest.mark.usefixtures("device")
def test_a_card_without_timestamps_is_measured_but_for_dispatches(tmp_path, monkeypatch):
    monkeypatch.setattr("ngpc_sim.gpu.measured.device._period_ns", lambda _: 0.0)
    path = tmp_path / "mine.yaml"
    command.measure(out=path, like="rtx3090", **ASKED)
    text = path.read_text()
    assert "# not measured: dispatch_ns: this card has no timestamps; other times are by the host's clock.\n" in text
    assert "\ndispatch_ns:" not in text
    assert ", with waits of the host, " in text
    assert "without waits of the host" not in text


@pytest.mark.usefixtures("device")
def test_a_card_that_is_lost_in_the_middle_leaves_no_file(tmp_path, monkeypatch):
    def lose(device, effort):
        device.own.destroy()
        return whole(device, effort)

    whole = measuring.multiply_add_peak
    monkeypatch.setattr(measuring, "multiply_add_peak", lose)
    with pytest.raises(UserError, match="was lost in the middle of"):
        command.measure(out=tmp_path / "mine.yaml", like="rtx3090", **ASKED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("device")
def test_a_disk_that_is_full_leaves_no_file(tmp_path, monkeypatch):
    def full(path, content):
        if path.suffix == ".png":
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(path, content)

    whole = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match="No space left on device"):
        command.measure(out=tmp_path / "mine.yaml", like="rtx3090", **ASKED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("device")
def test_workloads_of_one_name_are_told_apart(tmp_path):
    path = tmp_path / "mine.yaml"
    command.measure(out=path, like="rtx3090", **{**ASKED, "apps": "neurex,instant3d"})
    text = path.read_text()
    assert all(f"# {name} MLP " in text for name in ("neurex-hashgrid", "instant3d-hashgrid"))


def test_a_processor_is_measured_in_small_sizes(tmp_path, monkeypatch, device):
    found = SimpleNamespace(effort=None)

    def stop(_, effort, *__):
        found.effort = effort
        raise UserError("enough.")

    monkeypatch.setattr(measuring, "measure", stop)
    with pytest.raises(UserError, match=r"enough\."):
        command.measure(out=tmp_path / "mine.yaml", like="rtx3090", **{**ASKED, "quick": False})
    assert (found.effort is QUICK) == device.adapter.is_cpu
