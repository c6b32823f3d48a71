"""Notes on the command line: the end of a run, and ``explain --run``."""

import json

import pytest


@pytest.fixture
def done(run, undrawn):  # noqa: ARG001 - it acts by being there
    """A run of four apps whose power no board gives, in 100 columns."""

    def call(*words):
        return run("--scale", "64", "--detail", "bound", "--out", "o", *words)

    return call


def ends(ran):
    """Lines below the tables."""
    return ran.out.rpartition("\n\n")[2].splitlines()


def test_a_run_ends_in_at_most_five_lines_of_100_columns(done, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = ends(done())
    assert [line.partition(" ")[0] for line in lines] == ["Limits", "How", "2", "Wrote"]
    assert max(map(len, lines)) <= 100
    assert lines[-1] == "Wrote 17 files to o. Next: ngpc-sim explain --run o; ngpc-sim report o --open"


def test_what_must_be_seen_at_once_is_in_the_line_of_warnings(done, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    said = ends(done("--set", "nfp.mlp.pe_stages=2", "--set", "gpu.board_power_w=100"))[-2]
    assert said.startswith("3 warnings: nfp.mlp.pe_stages without effect; ")
    assert "* power above the board's 100 W" in said


def test_a_note_stands_with_its_figures_and_its_source_under_its_topic(done, run):
    done()
    ran = run("explain", "--run", "o", "published")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "published: How far the speedups are from the published ones"
    assert lines[1] == "  ngpc, hashgrid, scale 64"
    text = " ".join(ran.out.split())
    assert "figures: mean_speedup " in text
    assert "source: ISCA 2023 paper" in text


def test_all_topics_are_told_and_the_run_itself(done, run):
    ran = done()
    topics = {note["topic"] for note in json.loads((ran.folder / "o/notes.json").read_text())["notes"]}
    lines = run("explain", "--run", "o").out.splitlines()
    assert {line.partition(":")[0] for line in lines if not line.startswith(" ") and line} == topics | {"run"}
    assert max(map(len, lines)) <= 120


def test_notes_of_a_quiet_run_are_the_same(done):
    first = (done().folder / "o/notes.json").read_bytes()
    assert (done("--quiet").folder / "o/notes.json").read_bytes() == first


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "--run", "o", "spirals"), "this run has no notes on 'spirals'; choose from "),
        (("explain", "--run", "nowhere"), "nowhere is not a folder"),
        (("explain",), "explain needs the name of a column or of a key, or --run OUT"),
    ],
)
def test_a_mistake_is_one_sentence(done, run, words, said):
    done("--app", "gia")
    ran = run(*words)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "o has no notes.json"),
        ("[]", "notes.json"),
        ('{"notes": 3}', "has no notes: it is damaged"),
        ('{"notes": [{"topic": "tiles", "about": "x"}]}', "has no notes: it is damaged"),
        (
            '{"notes": [{"topic": [], "about": "x", "text": "", "figures": {}, "source": ""}]}',
            "has no notes: it is damaged",
        ),
    ],
)
def test_a_folder_without_sound_notes_is_refused(done, run, content, said):
    folder = done("--app", "gia").folder / "o"
    if content is None:
        (folder / "notes.json").unlink()
    else:
        (folder / "notes.json").write_text(content)
    ran = run("explain", "--run", "o")
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_strangers_note_moves_no_cursor(done, run):
    folder = done("--app", "gia").folder / "o"
    note = {"topic": "tiles", "about": "a\x1b[2J", "text": "b\x07", "figures": {"c\x1b": "d\r"}, "source": "e\x9b"}
    (folder / "notes.json").write_text(json.dumps({"notes": [note]}))
    out = run("explain", "--run", "o", "tiles").out
    assert r"a\x1b[2J" in out
    assert all(character.isprintable() or character == "\n" for character in out)
