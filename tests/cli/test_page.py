"""``report OUT`` and ``--html``: the page from the command line, also of a sweep that is not finished."""

import json
import sys

import pytest

from ngpc_sim.simulation.store import NAME, PointStore

WORDS = ("--app", "gia", "--detail", "bound", "--quiet", "--out", "o")


def start_later_sweep(folder, finished):
    """Leave the store as a sweep leaves it that was killed: so many finished points, and three to come."""
    with PointStore.open(folder / NAME) as store:
        asked = store.asked()
        to_come = [(f"{place:064x}", asked[0][1]) for place in range(3)]
        keys, labels = zip(*[*asked[:finished], *to_come], strict=True)
        store.ask(keys, labels)


@pytest.mark.usefixtures("undrawn")
def test_points_of_a_killed_sweep_stand_beside_nothing_of_the_run_before(run):
    folder = run("--scale", "8,16", *WORDS).folder / "o"
    start_later_sweep(folder, 1)
    before = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    run("report", "o", "--quiet")
    text = (folder / "report.html").read_text()
    assert "1 of 4 points are finished, 0 failed." in text
    assert "of a sweep that has not ended" in text
    assert not any(words in text for words in ("How to get this again", "ngpc-sim --scale", "nfp.clock_ghz"))
    assert {name: (folder / name).read_bytes() for name in before} == before
    told = run("explain", "--run", "o").out.replace("\n", " ")
    assert told.startswith("These notes are of an earlier run;")


@pytest.mark.usefixtures("undrawn")
def test_of_a_sweep_that_has_finished_nothing_that_is_said_or_the_run_before_is_shown(run):
    folder = run("--scale", "8,16", *WORDS).folder / "o"
    start_later_sweep(folder, 0)
    run("report", "o", "--quiet")
    assert "A later sweep into this folder has not ended: 0 of 3 points" in (folder / "report.html").read_text()
    (folder / "manifest.json").unlink()
    ran = run("report", "o")
    said = "ngpc-sim: error: o: 0 of 3 points are finished, 0 failed so far: there is nothing to show yet.\n"
    assert (ran.status, ran.out, ran.err) == (2, "", said)
    assert not (folder / "points.csv").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_store_beside_results_is_said_and_refused_without_them(run):
    folder = run("--scale", "8,16", *WORDS).folder / "o"
    (folder / NAME).write_bytes(b"no database" * 100)
    ran = run("report", "o")
    said = "o/points.sqlite cannot be read, so what is shown is results.json; nothing was changed."
    assert (ran.status, ran.out) == (0, f"{said}\nWrote o/report.html.\n")
    assert said in (folder / "report.html").read_text()
    (folder / "results.json").unlink()
    assert run("report", "o").status == 2


def test_the_page_of_a_search_writes_no_table_of_a_sweep(run):
    folder = run("--version").folder / "o"
    folder.mkdir()
    (folder / "trials.csv").write_text("trial,scale,fps\n0,8,10.0\n")
    with PointStore.open(folder / NAME):
        pass
    ran = run("report", "o")
    assert (ran.status, ran.out) == (0, "Wrote o/report.html.\n")
    assert not (folder / "points.csv").exists()
    assert "0 of 0" not in (folder / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_the_command_on_the_page_names_the_folder_and_a_folder_stands_there_once(run):
    folder = run("--scale", "8", *WORDS).folder / "o"
    ran = run("report", "o", "./o")
    assert (ran.status, ran.err) == (2, "ngpc-sim: error: o and o are the same folder: name every folder once.\n")
    run("report", "o", "--quiet")
    assert "ngpc-sim --scale 8 --app gia --detail bound --out o</code>" in (folder / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_half_a_surrogate_pair_in_a_file_is_shown_escaped(run):
    folder = run("--scale", "8", *WORDS).folder / "o"
    for name, key in (("manifest.json", "command"), ("notes.json", "notes")):
        known = json.loads((folder / name).read_text())
        if key == "notes":
            known[key][0]["text"] = "half \ud800 note"
        else:
            known[key] = "half \ud800 command"
        (folder / name).write_text(json.dumps(known))
    assert run("report", "o").status == 0
    text = (folder / "report.html").read_text()
    assert "half \\ud800 note" in text
    assert "half \\ud800 command" in text


@pytest.mark.usefixtures("undrawn")
def test_html_writes_the_page_and_a_later_run_deletes_it(run):
    ran = run("--scale", "8", "--app", "gia", "--detail", "bound", "--html", "--out", "o")
    assert "Wrote o/report.html.\n" in ran.out
    assert "ngpc-sim --scale 8 --app gia" in (ran.folder / "o" / "report.html").read_text()
    ran = run("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out", "o")
    assert not (ran.folder / "o" / "report.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_later_run_deletes_the_figures_of_the_run_before_and_no_others(run):
    words = ("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out", "o")
    folder = run(*words).folder / "o" / "figures"
    run("report", "o", "--chart", "speedup,area", "--format", "all", "--width", "all", "--quiet")
    assert len(list(folder.iterdir())) == 12
    (folder / "mine.png").write_text("mine")
    run(*words)
    assert [path.name for path in folder.iterdir()] == ["mine.png"]
    (folder / "mine.png").unlink()
    run("report", "o", "--chart", "speedup", "--quiet")
    run(*words)
    assert not folder.exists()
    (folder.parents[1] / "paper").mkdir()
    folder.symlink_to(folder.parents[1] / "paper")
    run("report", "o", "--chart", "speedup", "--format", "pdf", "--quiet")
    run(*words)
    assert [path.name for path in folder.iterdir()] == ["speedup-column.pdf"]


@pytest.mark.usefixtures("undrawn")
def test_a_sweep_that_is_not_finished_says_how_much_of_it_the_page_shows(run):
    words = ("--app", "gia", "--detail", "bound", "--quiet", "--out", "o")
    folder = run("--scale", "8,16", *words).folder / "o"
    (folder / "manifest.json").unlink()
    run("report", "o", "--quiet")
    assert "2 of 2 points are finished, 0 failed." in (folder / "report.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_without_the_extra_the_table_is_written_and_the_missing_page_is_an_error(run, monkeypatch):
    words = ("--app", "gia", "--detail", "bound", "--out", "o")
    run("--scale", "8,16", *words, "--quiet")
    monkeypatch.setitem(sys.modules, "itables", None)
    ran = run("report", "o")
    assert ran.status == 2
    assert ran.out == "2 of 2 points are finished, 0 failed. Wrote points.csv to o.\n"
    assert ran.err == "ngpc-sim: error: report.html needs the package itables: pip install 'ngpc-sim[report]'.\n"
    refused = run("--scale", "8", *words, "--html")
    assert (refused.status, refused.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("name", ["o/results.json", "o/points.sqlite", "my.py", "mine.html"])
def test_a_page_takes_the_place_of_nothing_but_a_page(refused, tmp_path, name):
    for path in (tmp_path / "o" / "results.json", tmp_path / "o" / "points.sqlite", tmp_path / name):
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    assert name in refused("report", "o", "--out", name)
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.usefixtures("undrawn")
def test_a_page_takes_the_place_of_an_earlier_one(run):
    run("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out", "o")
    assert [run("report", "o", "--out", "p.htm").status for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("o", "--format", "pdf"), "--format is of charts: add --chart NAMES."),
        (("o", "--width", "page"), "--width is of charts: add --chart NAMES."),
        (("o", "--chart", "fps", "--out", "a.html"), "--out is of the page: leave --chart and --paper out."),
        (("o", "--chart", "fps", "--open"), "--open is of the page: leave --chart and --paper out."),
        (
            ("--paper", "p", "--chart", "fps"),
            "--chart draws charts of results: leave --paper or --chart out.",
        ),
    ],
)
def test_an_option_of_what_is_not_asked_for_is_refused(refused, words, sentence):
    assert refused("report", *words) == sentence


def test_a_folder_that_holds_no_results_is_refused(refused, tmp_path):
    (tmp_path / "mine").mkdir()
    for words in ((), ("--chart", "speedup")):
        said = refused("report", "mine", *words)
        assert said == "mine holds no results: name a folder that a run has written."


@pytest.mark.usefixtures("undrawn")
def test_compare_writes_a_page_of_both_runs(run):
    words = ("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out")
    run(*words, "a")
    folder = run(*words, "b").folder
    run("compare", "a", "b", "--html", "--quiet", "--out", "c")
    text = (folder / "c" / "report.html").read_text()
    assert "What differs" in text
    assert "No result differs." in text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "words",
    [
        ("compare", "a", "a"),
        ("--scale", "8", "--app", "gia", "--detail", "bound"),
        ("sensitivity", "--app", "gia", "--detail", "bound", "--key", "nfp.clock_ghz"),
        ("explore", "--target", "gia@hd1", "--detail", "bound", "--budget", "1"),
    ],
    ids=lambda words: words[0],
)
def test_html_takes_the_place_of_no_strangers_page(run, words):
    folder = run("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out", "a").folder
    (folder / "c").mkdir()
    (folder / "c" / "report.html").write_text("<title>mine</title>")
    ran = run(*words, "--html", "--quiet", "--out", "c")
    said = "c/report.html is there and is no page of ngpc-sim: name another file or folder with --out.\n"
    assert (ran.status, ran.err) == (2, f"ngpc-sim: error: {said}")
    assert [path.name for path in (folder / "c").iterdir()] == ["report.html"]
    assert (folder / "c" / "report.html").read_text() == "<title>mine</title>"


@pytest.mark.usefixtures("undrawn")
def test_a_run_without_a_page_leaves_a_strangers_one(run):
    words = ("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out", "a")
    page = run("--version").folder / "a" / "report.html"
    page.parent.mkdir()
    page.write_text("<title>mine</title>")
    assert [run(*words).status for _ in range(2)] == [0, 0]
    assert page.read_text() == "<title>mine</title>"
