"""``report OUT`` and ``--html``: the page from the command line, also of a sweep that is not finished."""

import sys

import pytest


@pytest.mark.usefixtures("undrawn")
def test_html_writes_the_page_and_a_later_run_deletes_it(run):
    ran = run("--scale", "8", "--app", "gia", "--detail", "bound", "--html", "--out", "o")
    assert "Wrote o/report.html.\n" in ran.out
    assert "ngpc-sim --scale 8 --app gia" in (ran.folder / "o" / "report.html").read_text()
    ran = run("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out", "o")
    assert not (ran.folder / "o" / "report.html").exists()


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
