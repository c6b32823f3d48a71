"""The page as a file: its bytes, its numbers, and what it refuses; no browser."""

import json
import re

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.page import write_page
from ngpc_sim.report.page import vega


def _data(path):
    """What the page's script is given."""
    text = path.read_text()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def _rows(path):
    """Rows of every chart of a page."""
    return {view["id"]: view["spec"]["datasets"]["rows"] for view in _data(path)["views"]}


@pytest.fixture
def folder(tmp_path, made, plain_rows):
    return made(tmp_path / "run", plain_rows)


def test_the_same_folder_gives_the_same_bytes_below_four_megabytes(folder, tmp_path):
    first, second = write_page([folder]).read_bytes(), write_page([folder], tmp_path / "other.html").read_bytes()
    assert first == second
    assert len(first) < 4 << 20


def test_charts_hold_the_numbers_of_the_results(folder, plain_rows):
    views = _rows(write_page([folder]))
    for column in ("speedup", "fps"):
        found = {(row["app"], row["x"]): row["y"] for row in views[f"run0-{column}"]}
        assert found == {(row["app"], row["scale"]): pytest.approx(row[column], rel=1e-5) for row in plain_rows}
    stalls = {row["part"]: row["value"] for row in views["run0-stalls"]}
    assert stalls == {"MLP at work": 60, "dispatch": 10, "wait for GPU": 30}
    # 500 of 1000 cycles of 8 NFPs at 1 GHz; the link is asked for 50 of 2000 GB/s, DRAM for 40 of 936 x 0.95
    roof = {(row["app"], row["place"]): row for row in views["run0-roofline-encoding_cycles"]}["nerf", "8 NFPs"]
    memory_ms = 40 / (936 * 0.95) * 57.5
    assert (roof["x"], roof["y"]) == (pytest.approx(500 / 8e6 / memory_ms, rel=1e-5), 0.5)


def test_lines_that_l2_misses_take_as_long_as_dram_needs_for_lines(tmp_path, made, plain_rows):
    cached = {"line_gbps": 40.0, "l2_hit_rate": 0.25, "line_efficiency": 0.5}
    rows = [row | cached for row in plain_rows if row["app"] == "nerf"]
    views = _rows(write_page([made(tmp_path / "lines", rows)]))
    roof = {row["place"]: row["x"] for row in views["run0-roofline-encoding_cycles"]}["8 NFPs"]
    # of 40 GB/s from DRAM 30 are lines, at half of its 936 GB/s, and 10 are streams, at 0.95 of them
    memory_ms = (30 / (936 * 0.5) + 10 / (936 * 0.95)) * 57.5
    assert roof == pytest.approx(500 / 8e6 / memory_ms, rel=1e-5)


def test_points_stand_at_their_values_however_many_digits_these_have(tmp_path, made, plain_rows):
    rows = [row | {"nfp.clock_ghz": clock} for row in plain_rows[:2] for clock in (1 / 3, 2 / 3)]
    own = next(view for view in _data(write_page([made(tmp_path / "c", rows)]))["views"] if view["id"] == "run0-fps")
    assert [row["x"] for row in own["spec"]["datasets"]["rows"]] == [0.333333, 0.666667] * 2
    assert own["spec"]["layer"][0]["encoding"]["x"]["axis"]["values"] == [0.333333, 0.666667]


def test_a_case_is_called_by_all_of_its_workload_s_name(tmp_path, made, plain_rows):
    rows = [row | {"workload": name} for row in plain_rows[::2] for name in ("my-nerf-glossy", "nerf-hashgrid-v2")]
    cases = {row["case"] for row in _rows(write_page([made(tmp_path / "w", rows)]))["run0-fps"]}
    assert cases == {"NeRF my-nerf-glossy", "NeRF hashgrid-v2"}


def test_of_a_sweep_only_designs_that_none_beats_are_on_the_front(tmp_path, made, plain_rows):
    rows = [row | {"nfp.mlp.rows": n, "area_mm2": row["area_mm2"] * n} for row in plain_rows for n in (1, 2)]
    views = {
        view["id"]: view["spec"]["datasets"]["rows"]
        for view in _data(write_page([made(tmp_path / "s", rows)]))["views"]
    }
    front = {row["place"] for row in views["run0-pareto"] if row["kind"] == "front"}
    assert front == {f"{scale} NFPs, nfp.mlp.rows 1" for scale in (8, 16, 32, 64)}


def test_the_front_has_no_design_that_breaks_a_constraint_and_compares_no_resolutions(tmp_path, made, plain_rows):
    nerf = [row for row in plain_rows if row["app"] == "nerf"]
    better = [row | {"x.y": 1, "area_mm2": row["area_mm2"] / 2, "feasible": False} for row in nerf]
    larger = [row | {"x.y": 0, "resolution": "4k", "fps": row["fps"] / 4} for row in nerf]
    rows = [row | {"x.y": 0, "feasible": True} for row in nerf] + better + larger
    points = _rows(write_page([made(tmp_path / "limits", rows)]))["run0-pareto"]
    assert [row["kind"] for row in points] == ["front"] * 8
    assert not any("x.y 1" in row["place"] for row in points)


def test_every_value_has_its_source_and_overrides_are_marked(tmp_path, made, plain_rows):
    rows = [row | {"nfp.clock_ghz": 1.0} for row in plain_rows]
    text = write_page([made(tmp_path / "set", rows)]).read_text()
    assert '<tr class="overridden"><th scope="row">nfp.clock_ghz</th><td>1</td><td></td><td>overridden</td>' in text
    assert "<td>published</td><td>the maker&#39;s figure</td>" in text
    assert '<th scope="row">gpu_file.die_mm2</th><td>628.4</td><td>mm2</td><td>published</td><td>die size</td>' in text


def test_verdicts_notes_and_blockers_of_a_folder_are_shown(folder):
    (folder / "validation.csv").write_text(
        "what,published,paper_mode,mechanistic,error,tolerance,verdict,source\nmean,39,38,9,0.1,0.1,reproduced,paper\n"
    )
    (folder / "timeline-blockers.csv").write_text("blocker,share\ntable loads,0.25\n")
    (folder / "notes.json").write_text(
        '{"notes": [{"topic": "costs", "about": "nerf", "text": "A note.", "figures": {"watts": 7}, "source": "s"}]}'
    )
    text = write_page([folder]).read_text()
    for words in (
        "1 published numbers beside ours: reproduced 1.",
        "table loads",
        "A note. (watts 7)",
        "ngpc-sim --scale 8..64",
    ):
        assert words in text


def test_a_published_mean_stands_beside_no_overridden_design(tmp_path, made, plain_rows):
    apps = ("nerf", "nsdf", "gia", "nvr")
    own = [{name: row[name] for name in row if name != "trace"} for row in plain_rows if row["app"] == "nerf"]
    rows = [row | {"app": app} for row in own for app in apps]
    beside = write_page([made(tmp_path / "plain", rows)]).read_text()
    other = write_page([made(tmp_path / "other", [row | {"nfp.clock_ghz": 2.0} for row in rows])]).read_text()
    assert "published is 39.04" in beside
    assert "39.04" not in other


def test_json_in_the_page_cannot_end_its_script(tmp_path, made, plain_rows):
    rows = [row | {"arch": f"</script>&\u2028{place % 2}"} for place, row in enumerate(plain_rows)]
    text = write_page([made(tmp_path / "h", rows)]).read_text()
    data = text.partition('id="data">')[2].partition("</script>")[0]
    assert not set("<>&\u2028") & set(data)
    series = {row["series"] for row in _rows(tmp_path / "h" / "report.html")["run0-speedup"]}
    assert series == {"</script>&\u20280", "</script>&\u20281"}


def test_a_folder_without_results_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty holds no results: name a folder that a run has written\."):
        write_page([tmp_path / "empty"])
    with pytest.raises(UserError, match="is not a folder"):
        write_page([tmp_path / "missing"])
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize(("name", "content"), [("trials.csv", b""), ("notes.json", b"{")])
def test_a_damaged_file_is_named(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name} .*(is no|cannot be read|is not)"):
        write_page([folder])
    assert not (folder / "report.html").exists()


def test_scripts_that_cannot_be_made_are_one_sentence_and_made_ones_are_kept(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("NGPC_SIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "16")
    made = vega.MAKE
    monkeypatch.setattr(vega, "MAKE", "import os; os.abort()")
    vega.vega.cache_clear()
    with pytest.raises(UserError, match=r"^the scripts of report\.html cannot be made: .*ulimit -v"):
        write_page([folder])
    assert not (folder / "report.html").exists()
    monkeypatch.setattr(vega, "MAKE", made)
    first = vega.vega()
    vega.vega.cache_clear()
    monkeypatch.setattr(vega, "MAKE", "import os; os.abort()")
    assert vega.vega() == first
    assert "</script" not in first


def test_architectures_stand_side_by_side_and_are_not_averaged(tmp_path, made, plain_rows):
    rows = [
        row | {"arch": name, "mlp_cycles": cycles} for row in plain_rows for name, cycles in (("a", 600), ("b", 200))
    ]
    path = write_page([made(tmp_path / "two", rows)])
    found = {row["label"]: row["value"] for row in _rows(path)["run0-stalls"] if row["part"] == "MLP at work"}
    assert found["NeRF, 8 NFPs, a"] == 60
    assert found["NeRF, 8 NFPs, b"] == 20
    assert {row["label"] for row in _rows(path)["run0-energy"]} == set(found)
    assert "is the mean over" not in path.read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"detail": "bound"}, "8, 16, 32, 64 NFPs, by closed forms (detail bound), which no replay beats."),
        ({"detail": "sampled"}, "by a replay of samples (detail sampled), whose results have intervals."),
        ({"limit_queries": 100}, "by a replay of a part of the frame only."),
        ({"doubled": "a.b_ns /2 c.d x2", "doubled_gain": 1.3}, "half of a.b_ns and twice c.d: 1.3 times."),
    ],
)
def test_the_summary_says_how_numbers_came_about(tmp_path, made, plain_rows, more, words):
    assert words in write_page([made(tmp_path / "r", [row | more for row in plain_rows])]).read_text()


def test_one_point_is_said_in_the_singular(tmp_path, made, plain_rows):
    text = write_page([made(tmp_path / "one", [plain_rows[0] | {"stall_gpu": 0, "stall_dispatch": 0}])]).read_text()
    assert "It reaches none of 30, 60, 90, 120 frames per second." in text
    assert "The MLP arrays advance queries in 60 % of all NFP cycles.<" in text


def test_an_area_has_one_stack_a_model_whatever_the_app_and_names_the_keys_that_change_it(tmp_path, made, plain_rows):
    rows = [
        row | {"nfp.mlp.rows": size, "nfp.batch": batch, "area_bitcell_mlp_mm2": 1.0 * row["scale"] * size}
        for row in reversed(plain_rows)
        for size in (1, 2)
        for batch in (3, 4)
    ]
    labels = [row["label"] for row in _rows(write_page([made(tmp_path / "s", rows)]))["run0-area"]]
    wanted = [f"{scale} NFPs, nfp.mlp.rows {size}, n7_bitcell" for scale in (8, 16, 32, 64) for size in (1, 2)]
    assert list(dict.fromkeys(labels)) == wanted
    assert not [label for label in labels if "(" in label or "nfp.batch" in label]


def test_axes_have_ticks_at_their_values_and_cycles_end_at_100(tmp_path, made, plain_rows):
    rows = [row for row in plain_rows if row["scale"] < 32]
    specs = {view["id"]: view["spec"] for view in _data(write_page([made(tmp_path / "t", rows)]))["views"]}
    across = specs["run0-speedup"]["layer"][0]["encoding"]["x"]
    assert across["axis"]["values"] == [8, 16]
    assert across["scale"] == {"type": "log", "base": 2, "nice": False}
    assert specs["run0-stalls"]["encoding"]["x"]["scale"] == {"domain": [0, 100]}


def test_sensitivity_leaves_out_keys_without_effect_and_says_what_it_is_about(tmp_path):
    (tmp_path / "sensitivity.csv").write_text(
        "arch,scale,app,detail,key,base,value,column,ratio,swing\n"
        "ngpc,8,nerf,bound,a.b,2,1,frame_ms,2.0,1.0\nngpc,8,nerf,bound,a.b,2,4,frame_ms,1.5,1.0\n"
        "ngpc,8,nerf,bound,c.d,2,4,frame_ms,1.0,0.0\n"
    )
    path = write_page([tmp_path])
    assert [(row["label"], row["bar"]) for row in _rows(path)["run0-sensitivity"]] == [("a.b", 0), ("a.b", 1)]
    assert "ngpc with 8 NFPs, NeRF, detail bound: what changes frame_ms most is NeRF by a.b." in path.read_text()
    assert "All keys that act are shown, 1 without effect is left out." in path.read_text()


def test_tables_of_the_page_have_four_digits(folder):
    (folder / "timeline-blockers.csv").write_text("blocker,ms\ntable loads,0.036000000000000004\nrest,0.004505382\n")
    text = write_page([folder]).read_text()
    assert "<td>0.036</td>" in text
    assert "<td>0.004505</td>" in text
    assert "Scroll sideways for the columns on the right." in text
