"""Notes of a run: their file, and the words of each kind."""

import json
import re
from dataclasses import replace

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


def test_many_points_have_one_note_of_a_kind_with_what_it_holds_of():
    clocks = ("nfp.clock_ghz=0.8..2.0:0.1", "nfp.encoding.grid_sram_kib=512,1024", "gpu.board_power_w=100")
    asked = points(Request(scale="8,16", apps="gia", detail="bound", settings=clocks))
    results = run_points(asked)
    notes = notes_of(asked, results)
    (limits,) = (note for note in notes if note.topic == "limits")
    assert (limits.about, limits.text) == ("ngpc, hashgrid, scale 16", "gia is limited by mlp_engine.")
    (clock,) = (note for note in notes if "beyond what" in note.text)
    assert clock.brief == "clock of 1.1 to 2 GHz, interpol_weights allows about 1.1"
    assert clock.about.endswith("nfp.clock_ghz=1.8 or 2 other conditions")
    (gain,) = (note for note in notes if "less energy" in note.text)
    gains = [r.costs.energy_gain for r in results if r.scale == 8]  # of 16 no area is published
    assert (gain.about, gain.figures) == ("ngpc in n7, scale 8", {"least": min(gains), "largest": max(gains)})
    (board,) = (note for note in notes if "above the board" in note.text)
    over = [r for r in results if r.total_power_w > 100]
    assert f"100 W in {len(over)} rows." in board.text
    assert board.figures["gia-hashgrid"] == max(r.total_power_w for r in over)
    assert board.about.startswith("ngpc, scale 8 to 16")


def test_gains_of_many_points_are_a_range():
    asked = points(Request(scale="8", apps="gia", settings=("nfp.clock_ghz=0.9,1.0",)))
    results = [
        replace(r, doubled="mlp_engine x2", doubled_gain=gain)
        for r, gain in zip(run_points(asked), (1.5, 1.25), strict=True)
    ]
    (limits,) = (note for note in notes_of(asked, results) if note.topic == "limits")
    assert limits.text == "gia is limited by mlp_engine. With mlp_engine x2 it is 1.25 to 1.50 times as fast."
    assert limits.figures == {"gia least": 1.25, "gia": 1.5}
