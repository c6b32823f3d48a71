"""The DRAM of a GPU file: sources, cycles from nanoseconds, and the bandwidth of a real card."""

import numpy as np
import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.architecture.gpu import GpuDram, GpuSpec
from ngpc_sim.config.bundled import folder
from ngpc_sim.config.schema import set_dotted, validate
from ngpc_sim.engines.dram import Dram, DramSpec

TREE = yaml.safe_load((folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text(encoding="utf-8"))
NUMBERS = sorted(key for key, entry in TREE["dram"].items() if isinstance(entry, dict))


def dram(changes=None):
    tree = TREE
    for key, value in (changes or {}).items():
        tree = set_dotted(tree, f"dram.{key}", value)
    return validate(GpuSpec, tree, "rtx3090.yaml").dram


def spec(changes=None) -> DramSpec:
    return dram(changes).spec()


@pytest.fixture(scope="module")
def mixed():
    """Lines of 128 B: 20,000 one after another, then 20,000 anywhere in 16 GiB."""
    sequential, anywhere = np.arange(20_000), np.random.default_rng(3).integers(0, (1 << 34) // 128, 20_000)
    return np.concatenate((sequential, anywhere)) * 128


def test_the_card_has_24_channels_and_936_gb_per_s():
    assert spec().channels == 24
    assert spec().peak_gbps == pytest.approx(936)


def test_a_sequential_stream_reaches_what_the_card_does_before_its_measured_share_caps_it():
    run = Dram(spec()).replay(np.arange(1_000_000, dtype=np.int64) * 128, 128)
    measured = 892 / 936
    assert measured <= run.efficiency <= 1
    assert ngpc.load_arch("ngpc").memory.dram_efficiency == pytest.approx(measured, abs=5e-3)


def test_a_row_for_four_accesses_is_better_than_one_for_each_and_worse_than_one_for_all():
    anywhere = np.random.default_rng(3).integers(0, (1 << 34) // 128, 50_000) * 128
    in_order = np.arange(50_000, dtype=np.int64) * 128
    streams = ((in_order, 128), (anywhere, 128), (anywhere, 32))
    sequential, lines, sectors = (Dram(spec()).replay(*stream).efficiency for stream in streams)
    assert sequential > 2 * lines > 6 * sectors


def test_nanoseconds_become_whole_cycles_rounded_up_and_the_refresh_interval_down():
    ours, clock_ps = spec(), dram().tck_ps
    assert clock_ps == pytest.approx(32 / (936 / 24 * 2) * 1e3)
    for key in ("rcd", "rp", "ras", "rc", "rrd", "faw", "rtp", "ppd", "cl", "rfc", "ccdl"):
        cycles, exact = getattr(ours, f"n_{key}"), TREE["dram"][f"{key}_ns"]["value"] * 1e3 / clock_ps
        assert cycles - 1 < exact <= cycles
    assert ours.n_refi <= TREE["dram"]["refi_ns"]["value"] * 1e3 / clock_ps < ours.n_refi + 1
    assert ours.n_ccds == ours.n_bl


def test_durations_of_whole_cycles_are_those_cycles(gddr6):
    cycles = {"rcd": 30, "rp": 30, "ras": 60, "rc": 90, "rrd": 11, "faw": 43, "rtp": 4, "ppd": 2, "cl": 24}
    changes = {f"{name}_ns.value": number * 0.57 for name, number in cycles.items()}
    changes |= {"ccdl_ns.value": 4 * 0.57, "rfc_ns.value": 211 * 0.57, "refi_ns.value": 3333.5 * 0.57}
    changes |= {"channels.value": 1, "peak_gbps.value": 32 / 1.14, "queue.value": 32, "interleave_bytes.value": 32}
    changes |= {"mapping": "RoBaRaCoCh", "refresh": "all_bank", "group_bytes": None, "refresh_postponed": None}
    ours, theirs = spec(changes), gddr6()
    assert ours.tck_ps == pytest.approx(theirs.tck_ps)
    assert ours.model_dump(exclude={"tck_ps"}) == theirs.model_dump(exclude={"tck_ps"})


@pytest.mark.parametrize("key", NUMBERS)
def test_a_number_of_the_dram_changes_a_replay(key, mixed):
    before = Dram(spec()).replay(mixed, 128)
    value = TREE["dram"][key]["value"]
    for changed in (2 * value, value / 2):
        try:
            after = Dram(spec({f"{key}.value": changed})).replay(mixed, 128)
        except ngpc.UserError:
            continue
        if after != before:
            return
    pytest.fail(f"dram.{key} changes nothing")


@pytest.mark.parametrize("changes", [{"mapping": "RoBaRaCoCh", "group_bytes": None}, {"queue.value": 8}])
def test_a_mapping_or_queue_of_another_kind_streams_slower(changes):
    stream = np.arange(100_000, dtype=np.int64) * 128
    assert Dram(spec(changes)).replay(stream, 128).efficiency < 0.9


def test_every_number_is_assumed_where_gddr6x_is_not_public():
    for key in NUMBERS:
        if key.endswith("_ns"):
            assert TREE["dram"][key]["tag"] == "assumed"


def test_a_gpu_file_without_dram_is_accepted():
    tree = {key: value for key, value in TREE.items() if key != "dram"}
    assert validate(GpuSpec, tree, "mine.yaml").dram is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"channels.value": 24.5}, "dram.channels.value = 24.5 is not allowed: it should be a whole number."),
        ({"channels.value": 0}, "dram.channels.value = 0 is not allowed"),
        ({"rcd_ns.value": 0}, "dram.rcd_ns.value = 0 is not allowed"),
        ({"mapping": "RoCo"}, "dram.mapping = 'RoCo' is not allowed"),
        ({"rcd": 1}, "unknown key 'dram.rcd'; the nearest known key is 'dram.rcd_ns'."),
        ({"group_bytes": None}, "group_bytes should be given with mapping RoBaCoBgCoCh, and only with it"),
        ({"channels.value": 2000}, "channels = 2000 is not allowed: the range is 1 to 1024."),
    ],
)
def test_a_mistake_in_a_dram_is_one_sentence(changes, sentence):
    with pytest.raises(ngpc.UserError) as caught:
        spec(changes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_entry_of_the_model_is_in_the_file():
    assert set(GpuDram.model_fields) == set(TREE["dram"])
