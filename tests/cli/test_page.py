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
def test_without_the_extra_the_table_is_written_and_a_sentence_says_how_to_get_the_page(run, monkeypatch):
    words = ("--app", "gia", "--detail", "bound", "--out", "o")
    run("--scale", "8,16", *words, "--quiet")
    monkeypatch.setitem(sys.modules, "itables", None)
    ran = run("report", "o")
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "2 of 2 points are finished, 0 failed. Wrote points.csv to o.",
        "report.html needs the package itables: pip install 'ngpc-sim[report]'.",
    ]
    refused = run("--scale", "8", *words, "--html")
    assert (refused.status, refused.err.count("\n")) == (2, 1)


def test_a_folder_that_holds_no_results_is_refused(refused, tmp_path):
    (tmp_path / "mine").mkdir()
    assert refused("report", "mine") == "mine holds no results: name a folder that a run has written."


@pytest.mark.usefixtures("undrawn")
def test_compare_writes_a_page_of_both_runs(run):
    words = ("--scale", "8", "--app", "gia", "--detail", "bound", "--quiet", "--out")
    run(*words, "a")
    folder = run(*words, "b").folder
    run("compare", "a", "b", "--html", "--quiet", "--out", "c")
    text = (folder / "c" / "report.html").read_text()
    assert "What differs" in text
    assert "No result differs." in text
