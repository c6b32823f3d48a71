"""Notes of a run: their file, and the words of each kind."""

import json
import re

import pytest

from ngpc_sim.job.differences import differences
from ngpc_sim.job.notes.collecting import notes_of
from ngpc_sim.job.notes.note import MAX_NOTES, TOPICS, Note, bounded, notes_file
from ngpc_sim.job.request import Request, points
from ngpc_sim.simulation.points import run_points


@pytest.fixture(scope="module")
def noted():
    """Notes of four apps at a large scale, replayed, with what doubling gives."""
    asked = points(Request(scale="64"))
    results = run_points(asked)
    return notes_of(asked, results, differences(asked, results))


def test_the_file_has_texts_figures_and_sources_in_the_order_of_the_topics(noted):
    written = json.loads(notes_file(noted)["notes.json"])["notes"]
    assert len(written) == len(set(noted))
    for note in written:
        assert list(note) == ["topic", "about", "text", "figures", "source"]
        assert all(note[name] for name in ("about", "text", "source"))
    order = [list(TOPICS).index(note["topic"]) for note in written]
    assert order == sorted(order)


def test_every_topic_of_a_usual_run_is_told(noted):
    assert {note.topic for note in noted} == {*TOPICS} - {"targets", "certainty", "tables", "sweep", "run"}


def test_notes_are_plain_sentences(noted):
    for note in noted:
        assert note.text.endswith("."), note.text
        assert not re.search(r"[;\n]", note.text), note.text


def test_figures_are_in_the_text_as_they_are_rounded(noted):
    (limits,) = (note for note in noted if note.topic == "limits")
    assert len(limits.figures) == 4
    assert all(f"{gain:.2f} times as fast" in limits.text for gain in limits.figures.values())


def test_many_notes_of_a_kind_are_cut_and_counted():
    many = [Note("tiles", str(number), "Text.") for number in range(MAX_NOTES + 7)]
    assert bounded(many[:MAX_NOTES]) == many[:MAX_NOTES]
    assert bounded(many)[-1].text == "7 more notes like these are left out."


def test_keys_without_effect_are_a_warning_where_they_were_typed():
    asked = points(Request(scale="8", apps="gia", detail="bound", settings=("nfp.mlp.pe_stages=2",)))
    (note,) = (note for note in notes_of(asked, run_points(asked)) if "pe_stages" in note.text)
    assert (note.topic, note.brief) == ("warnings", "nfp.mlp.pe_stages without effect")
    plain = points(Request(scale="8", apps="gia", detail="bound"))
    (note,) = (note for note in notes_of(plain, run_points(plain)) if "pe_stages" in note.text)
    assert (note.topic, note.brief) == ("keys", "")
