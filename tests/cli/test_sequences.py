"""A folder of traces on the command line: a row a frame, a summary, a chart; and what does not go with it."""

import csv
import json

import pytest

from ngpc_sim.trace import write_trace
from ngpc_sim.trace.record import record
from ngpc_sim.trace.sequences import FrameFile, write_index

FRAMES = 3
WORDS = ("--scale", "8,64", "--quiet")


def recorded(folder, **options):
    """Three frames of a scene and their index."""
    folder.mkdir()
    files = []
    for number in range(FRAMES):
        path = folder / f"frame-{number:04}.trace.parquet"
        write_trace(record("nerf-object", 48, 24, seed=number), path)
        files.append(FrameFile.of(path))
    write_index(folder, files, app="nerf", scene="nerf-object", path="orbit:3", **options)
    return folder


@pytest.fixture(scope="module")
def orbit(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("sequences") / "orbit")


@pytest.fixture
def quiet(run, undrawn):  # noqa: ARG001 - it acts by being there
    return lambda *words: run(*WORDS, *words)


def test_there_is_a_row_a_frame_and_a_summary_for_each_design_point(quiet, orbit):
    ran = quiet("--trace", orbit)
    assert (ran.status, ran.err) == (0, "")
    rows = ran.rows()
    frames = ["0", "1", "2", "summary"]
    assert [(row["scale"], row["frame"]) for row in rows] == [(scale, f) for scale in ("8", "64") for f in frames]
    names = [*(f"frame-{number:04}" for number in range(FRAMES)), "orbit"]
    assert [row["trace"] for row in rows] == 2 * names
    assert {(row["app"], row["sequence"]) for row in rows} == {("nerf", "orbit")}
    for row in rows:
        assert (row["frame_ms_p99"] != "") == (row["frame"] == "summary")


def test_the_summary_is_about_the_rows_of_its_frames(quiet, orbit):
    for *frames, summary in (quiet("--trace", orbit).rows()[k : k + 4] for k in (0, 4)):
        times = [float(row["frame_ms"]) for row in frames]
        assert float(summary["frame_ms"]) == pytest.approx(sum(times) / FRAMES, rel=1e-12)
        assert float(summary["frame_ms_worst"]) == max(times) == times[int(summary["worst_frame"])]
        assert [int(summary[f"dropped_{hz}hz"]) for hz in (30, 60, 90, 120)] == [
            sum(ms > 1000 / hz for ms in times) for hz in (30, 60, 90, 120)
        ]


@pytest.mark.parametrize("detail", ["cycle", "sampled", "bound"])
def test_a_row_of_a_frame_is_that_of_its_trace_alone(quiet, orbit, detail):
    rows = quiet("--trace", orbit, "--detail", detail, "--no-what-if", "--resolution", "hd").rows()
    alone = quiet(
        *("--trace", orbit / "frame-0001.trace.parquet", "--app", "nerf", "--detail", detail),
        *("--no-what-if", "--resolution", "hd"),
    ).rows()
    of_frame = [row for row in rows if row["frame"] == "1"]
    assert [{name: row[name] for name in alone[0]} for row in of_frame] == alone


def test_results_are_the_same_bytes_for_any_number_of_workers(quiet, orbit):
    found = []
    for jobs in (1, 2):
        folder = quiet("--trace", orbit, "--detail", "bound", "--jobs", jobs).folder / "out" / "ngpc"
        found.append([(folder / name).read_bytes() for name in ("results.csv", "results.parquet", "stalls.csv")])
    assert found[0] == found[1]


def test_the_worst_frame_alone_is_doubled_and_has_levels_and_stalls(quiet, orbit):
    ran = quiet("--trace", orbit, "--detail", "cycle")
    worst = {}
    for row in ran.rows():
        if row["frame"] == "summary":
            worst[row["scale"]] = f"frame-{int(row['worst_frame']):04}"
    assert {row["scale"]: row["trace"] for row in ran.rows() if row["doubled_gain"]} == worst
    for name in ("levels.csv", "stalls.csv"):
        with (ran.folder / "out" / "ngpc" / name).open(newline="") as stream:
            assert {(row["scale"], row["trace"]) for row in csv.DictReader(stream)} == set(worst.items())


def test_the_manifest_names_the_index(quiet, orbit):
    manifest = json.loads((quiet("--trace", orbit).folder / "out" / "ngpc" / "manifest.json").read_text())
    assert list(manifest["traces"]) == ["orbit"]
    assert manifest["traces"]["orbit"]["frames"] == FRAMES
    assert manifest["command"].startswith("ngpc-sim --scale 8,64 --trace ")


def test_the_table_shows_summaries_and_drops_and_notes_the_worst_frames(run, undrawn, orbit, monkeypatch):  # noqa: ARG001
    monkeypatch.setenv("COLUMNS", "160")
    ran = run("--scale", "8", "--trace", orbit)
    said, notes = ran.out, " ".join(ran.notes())
    heads = " ".join(said.partition("\n\n")[0].split())
    assert "worst" in heads
    assert said.count("\nnerf ") == 1
    assert "sequence orbit: The run is over 3 frames, of nerf-object along orbit:3." in notes
    assert "nerf-hashgrid, scale 8: The worst frame is " in notes
    assert ", limited by " in notes
    for hz in (30, 60, 90, 120):
        assert f"{hz} Hz" in heads


def test_a_run_draws_the_chart_of_frames_and_the_next_one_takes_it_away(run, orbit):
    chart = {"out/ngpc/frames.png", "out/ngpc/frames.svg"}
    words = ("--scale", "8", "--detail", "bound", "--quiet")
    assert chart <= set(run(*words, "--trace", orbit).written())
    assert not chart & set(run(*words, "--app", "gia").written())


def test_a_frame_of_an_animated_scene_waits_for_its_tables(quiet, orbit, tmp_path_factory):
    animated = recorded(tmp_path_factory.mktemp("animated") / "orbit", own_tables=True)
    still, moving = (
        quiet("--trace", folder, "--no-what-if", "--detail", "cycle").rows() for folder in (orbit, animated)
    )
    for before, after in zip(still, moving, strict=True):
        load_ms = float(after["table_load_ms"])
        assert load_ms > 0
        assert float(after["frame_ms"]) == pytest.approx(float(before["frame_ms"]) + load_ms, rel=1e-9)
        assert (after["scenes"], after["frames_per_scene"]) == ("3", "1")
        assert float(after["path_table_ms"]) == pytest.approx(load_ms, rel=1e-9)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--app", "gia"), "is of app 'nerf', not of 'gia': choose --app"),
        (("--app", "nerf,nvr"), "is of app 'nerf', not of 'nvr': choose --app"),
        (("--limit-queries", "9"), "--limit-queries does not go with a sequence: name one of its frames"),
        (("--power-budget", "5"), "--power-budget does not go with a sequence"),
        (("--scenes", "2"), "--scenes does not go with a sequence"),
        (("--frames-per-scene", "2"), "--frames-per-scene does not go with a sequence"),
        (("--export", "accelergy", "yaml"), "--export does not go with a sequence"),
        (("--waveform", "a.vcd"), "--waveform does not go with a sequence"),
    ],
)
def test_what_does_not_go_with_a_sequence_is_refused(refused, orbit, words, says):
    assert says in refused("--scale", "8", "--trace", orbit, *words)


def test_a_sequence_stands_alone(refused, orbit):
    assert "name nothing beside it" in refused("--scale", "8", "--trace", f"nerf-room,{orbit}")


def test_a_folder_without_an_index_is_refused(refused, tmp_path_factory):
    assert "has no index.json" in refused("--scale", "8", "--trace", tmp_path_factory.mktemp("none"))


def test_a_frame_that_changed_fails_its_points_and_no_results_are_written(run, tmp_path_factory):
    folder = recorded(tmp_path_factory.mktemp("changed") / "orbit")
    write_trace(record("nerf-object", 48, 24, seed=9), folder / "frame-0002.trace.parquet")
    ran = run("--scale", "8,16", "--trace", folder, "--out", "o")
    assert (ran.status, ran.written()) == (1, ["o/points.sqlite"])
    assert "2 of 2 points failed" in ran.err
    assert "at scale 8: frame frame-0002.trace.parquet: Frame frame-0002.trace.parquet of the sequence" in ran.err
    assert ran.err.count("has changed since its index.json was written") == 2


def test_verify_checks_every_frame_of_a_folder(run, orbit, tmp_path_factory):
    ran = run("trace", "verify", orbit)
    assert (ran.status, ran.out, ran.err) == (0, f"{orbit}: whole, 3 frames\n", "")
    folder = recorded(tmp_path_factory.mktemp("damaged") / "orbit")
    last = folder / "frame-0002.trace.parquet"
    last.write_bytes(last.read_bytes()[:-1])
    ran = run("trace", "verify", folder)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{last} is damaged or cut short" in ran.err


def test_info_of_a_folder_asks_for_one_of_its_files(refused, orbit):
    assert refused("trace", "info", orbit) == f"{orbit} is a folder: name one of the traces in it."


@pytest.mark.usefixtures("undrawn")
def test_a_sequence_goes_on_with_the_same_bytes_and_its_table_can_be_had_before(run, orbit):
    words = ("--scale", "8,16", "--trace", orbit, "--detail", "bound", "--quiet", "--out")
    run("--scale", "8", *words[2:], "o")
    assert (
        run("report", "o").out == "3 of 3 points are finished, 0 failed. Wrote points.csv to o.\nWrote o/report.html.\n"
    )
    folder = run(*words, "o").folder
    run(*words, "whole")
    for name in ("results.csv", "results.json", "results.parquet", "levels.csv", "stalls.csv"):
        assert (folder / "o" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    run("report", "o")
    with (folder / "o" / "points.csv").open() as early, (folder / "o" / "results.csv").open() as late:
        frames = [row for row in csv.DictReader(late) if row["frame"] != "summary"]
        assert [(row["frame"], row["frame_ms"], row["sequence"]) for row in csv.DictReader(early)] == [
            (row["frame"], row["frame_ms"], row["sequence"]) for row in frames
        ]
