"""The GPU file of a card that was measured: what it takes from where, and what --gpu makes of it."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import load_gpu
from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.measured.adapters import Adapter
from ngpc_sim.gpu.measured.card_file import chart_file, check_file, file_bytes, given_numbers, known_of, table_bytes
from ngpc_sim.gpu.measured.effort import Measured
from ngpc_sim.gpu.measured.measuring import Findings
from ngpc_sim.report.charts.canvas import chart_bytes
from ngpc_sim.report.charts.front import volume_chart

CARD = Adapter(0, "NVIDIA GeForce RTX 3090", "580.1", "Vulkan", is_cpu=False, own=None)
GIVEN = {"die_mm2": 100.0, "l2_mib": 8.0, "board_power_w": 200.0, "idle_power_w": 20.0}


def findings(adapter=CARD, limit_w=None, **more):
    """A card whose scattered reads take 1,000 GB/s a MiB less, and whose reads in order 10 less."""
    rates = {f"read_scattered {mib} MiB": 2000.0 - mib for mib in (1, 2, 4, 8, 16)}
    rates |= {f"read_in_order {mib} MiB": 800.0 - mib for mib in (1, 2, 4, 8, 16)}
    rates |= {"multiply-adds": 30.0, "dependent dispatches": 1700.0} | more
    units = {"multiply-adds": "TFLOPS", "dependent dispatches": "ns", "idle power": "W"}
    own = {
        name: Measured(name, value, units.get(name, "GB/s"), value - 1, value + 1, 20, "as in a test")
        for name, value in rates.items()
    }
    return Findings(adapter, "timestamps", "SM clock 1900 MHz, memory clock 9501 MHz", "2026-11-30", limit_w, own, ())


def loaded(tmp_path, found, like, given):
    """The GPU that a simulation takes of the file."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(file_bytes(found, like, given, path))
    return load_gpu(str(path))


def test_every_measured_number_says_where_when_how_often_and_how_far_apart(tmp_path):
    gpu = loaded(tmp_path, findings(**{"idle power": 30.0}), "rtx3090", {})
    for key, value in {"dispatch_ns": 1700, "l2_gbps": 1998, "idle_power_w": 30}.items():
        number = getattr(gpu, key)
        assert (number.value, number.tag) == (value, "measured")
        for words in ("RTX 3090, 580.1, Vulkan", "1900 MHz", "2026-11-30", f"median of 20, {value - 1} to {value + 1}"):
            assert words in number.source


def test_the_makers_peaks_keep_their_values_and_tags_and_name_what_was_reached(tmp_path):
    gpu, maker = loaded(tmp_path, findings(), "rtx3090", {}), load_gpu("rtx3090")
    for key, reached in {"dram_gbps": 784, "fp32_tflops": 30}.items():
        own, published = getattr(gpu, key), getattr(maker, key)
        assert (own.value, own.tag, own.unit) == (published.value, published.tag, published.unit)
        assert own.source.startswith(f"{published.source}; {reached} reached: ")


def test_a_card_that_extends_another_has_all_else_of_it_and_a_name_of_its_own(tmp_path):
    gpu, maker = loaded(tmp_path, findings(), "rtx3090", {}), load_gpu("rtx3090")
    assert gpu.name == "mine"
    for key in ("die_mm2", "apps", "dram", "idle_power_w", "encodings"):
        assert getattr(gpu, key) == getattr(maker, key)


def test_reads_that_fit_half_of_l2_are_its_bandwidth_and_the_largest_footprint_is_dram(tmp_path):
    gpu = loaded(tmp_path, findings(), None, GIVEN)
    assert (gpu.l2_gbps.value, gpu.l2_gbps.tag) == (1996, "measured")
    assert (gpu.dram_gbps.value, gpu.dram_gbps.tag) == (784, "measured")
    assert (gpu.die_mm2.value, gpu.die_mm2.tag, gpu.die_mm2.unit) == (100, "assumed", "mm2")


def test_power_by_nvml_need_not_be_given(tmp_path):
    given = {key: GIVEN[key] for key in ("die_mm2", "l2_mib")}
    gpu = loaded(tmp_path, findings(limit_w=350.0, **{"idle power": 30.0}), None, given)
    assert (gpu.board_power_w.value, gpu.board_power_w.tag, gpu.idle_power_w.value) == (350, "measured", 30)


def test_a_power_that_is_given_stays_beside_a_measured_one(tmp_path):
    gpu = loaded(tmp_path, findings(limit_w=350.0, **{"idle power": 30.0}), None, GIVEN)
    assert (gpu.board_power_w.value, gpu.idle_power_w.value, gpu.idle_power_w.tag) == (200, 20, "assumed")


def test_a_file_may_extend_a_file_beside_it(tmp_path):
    (tmp_path / "base.yaml").write_text("extends: orin\n")
    assert loaded(tmp_path, findings(), str(tmp_path / "base.yaml"), {}).die_mm2 == load_gpu("orin").die_mm2
    assert "extends: base.yaml\n" in (tmp_path / "mine.yaml").read_text()


def test_a_file_reached_by_a_linked_folder_extends_the_file_that_was_named(tmp_path):
    (tmp_path / "base.yaml").write_text("extends: orin\n")
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "down")
    assert loaded(tmp_path / "link", findings(), str(tmp_path / "base.yaml"), {}).die_mm2 == load_gpu("orin").die_mm2


def test_a_file_without_ending_can_be_extended(tmp_path):
    (tmp_path / "base").write_text("extends: orin\n")
    assert loaded(tmp_path, findings(), str(tmp_path / "base"), {}).die_mm2 == load_gpu("orin").die_mm2


def test_a_file_cannot_take_the_place_of_one_that_it_extends(tmp_path):
    (tmp_path / "base.yaml").write_text("extends: orin\n")
    (tmp_path / "card.yaml").write_text("extends: base.yaml\n")
    for target in ("card.yaml", "base.yaml"):
        with pytest.raises(UserError, match=r"card\.yaml is or extends [^\n]*name another --out\.$"):
            known_of(tmp_path / target, str(tmp_path / "card.yaml"), {}, has_power=False)
    known_of(tmp_path / "mine.yaml", str(tmp_path / "card.yaml"), {}, has_power=False)


def test_a_card_of_another_name_than_the_one_it_extends_is_told(tmp_path):
    said = "is not called orin, of which die, power and published times are taken"
    assert said in file_bytes(findings(), "orin", {}, tmp_path / "mine.yaml").decode()
    assert "is not called" not in file_bytes(findings(), "rtx3090", {}, tmp_path / "mine.yaml").decode()


def test_a_processor_is_told(tmp_path):
    one = Adapter(0, "llvmpipe", "Mesa", "Vulkan", is_cpu=True, own=None)
    assert "these numbers are of no GPU" in file_bytes(findings(one), None, GIVEN, tmp_path / "mine.yaml").decode()


def test_what_cannot_be_measured_is_asked_for_in_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"^die_mm2, l2_mib, board_power_w, idle_power_w cannot be measured here: "):
        known_of(tmp_path / "mine.yaml", None, {}, has_power=False)
    with pytest.raises(UserError, match=r"^die_mm2 cannot .*, --like h200\|orin[^\n]*, as --set die_mm2=NUMBER\.$"):
        known_of(tmp_path / "mine.yaml", None, {"l2_mib": 6.0}, has_power=True)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("die=3", "'die' cannot be given"),
        ("die_mm2=big", "should be a number, for instance"),
        ("die_mm2=-1", "should be a number above 0"),
        ("die_mm2=nan", "should be a number above 0"),
    ],
)
def test_a_number_that_is_none_is_refused(setting, sentence):
    with pytest.raises(UserError, match=sentence):
        given_numbers([setting])


def test_a_number_that_no_gpu_has_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(UserError, match="sms"):
        known_of(tmp_path / "mine.yaml", "rtx3090", given_numbers(["sms=1.5"]), has_power=False)


@pytest.mark.parametrize("name", ["mine.txt", "not/there.yaml", "."])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path, name):
    with pytest.raises(UserError):
        check_file(tmp_path / name)


@pytest.mark.parametrize("name", ["mine.yaml", "mine.csv", "mine.png"])
def test_a_file_that_no_measurement_wrote_stays(tmp_path, name):
    (tmp_path / name).write_text("name: mine\n")
    with pytest.raises(UserError, match=f"{name} is there and gpu measure did not write it"):
        check_file(tmp_path / "mine.yaml")
    assert (tmp_path / name).read_text() == "name: mine\n"


def test_a_link_that_leads_nowhere_stays(tmp_path):
    (tmp_path / "mine.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(UserError, match=r"mine\.csv"):
        check_file(tmp_path / "mine.yaml")
    assert (tmp_path / "mine.csv").is_symlink()


def test_a_chart_that_no_measurement_drew_stays(tmp_path):
    foreign = chart_bytes({"mine": volume_chart([0.5])}, ("png",))["mine.png"]
    (tmp_path / "mine.png").write_bytes(foreign)
    with pytest.raises(UserError, match=r"mine\.png is there and gpu measure did not write it"):
        check_file(tmp_path / "mine.yaml")
    assert (tmp_path / "mine.png").read_bytes() == foreign


def test_a_measurement_may_take_the_place_of_an_earlier_one(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(file_bytes(findings(), None, GIVEN, path))
    known = known_of(path, None, GIVEN, has_power=False)
    path.with_suffix(".csv").write_bytes(table_bytes(findings(), known))
    path.with_suffix(".png").write_bytes(chart_file(findings(), known, path))
    check_file(path)


def test_a_simulation_takes_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(file_bytes(findings(), "rtx3090", {}, path))
    arch = ngpc.load_arch("ngpc", gpu=str(path))
    assert (arch.gpu.name, arch.memory.l2_gbps, arch.memory.dram_gbps) == ("mine", 1998, 936)
    work = ngpc.load_workload("gia-hashgrid")
    result = ngpc.simulate(arch, work, ngpc.load_trace(work.trace), detail="bound")
    assert result.gpu_frame_ms == 2.12
