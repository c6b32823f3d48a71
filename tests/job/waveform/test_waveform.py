"""A waveform says what the replay did: read back with pyvcd's own reader."""

import sys

import pytest
from vcd.reader import TokenKind, tokenize

import ngpc_sim as ngpc
from ngpc_sim.cli import main
from ngpc_sim.engines import Nfp


def run(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", ["ngpc-sim", *map(str, options)])
    main()


@pytest.fixture
def waveform(tmp_path, monkeypatch):
    path = tmp_path / "w.vcd"
    options = ("--scale", 1, "--app", "nvr", "--limit-queries", 200, "--quiet", "--out", tmp_path / "out")
    run(monkeypatch, *options, "--waveform", path)
    return path


def changes(path, name):
    """``(time, value)`` of every change of a signal of the first NFP."""
    codes, time, found = {}, 0, []
    with path.open("rb") as file:
        for token in tokenize(file):
            if token.kind is TokenKind.VAR:
                codes.setdefault(token.var.reference, token.var.id_code)
            elif token.kind is TokenKind.CHANGE_TIME:
                time = token.time_change
            elif token.kind in {TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_STRING}:
                change = token.vector_change if token.kind is TokenKind.CHANGE_VECTOR else token.string_change
                if change.id_code == codes[name]:
                    found.append((time, change.value))
    return found


def alone():
    arch = ngpc.load_arch("ngpc", scale=1, overrides={"memory.contention": "none"})
    trace = ngpc.load_trace("nvr-cloud").limited(200)
    return Nfp(arch.nfp).run(ngpc.load_workload("nvr-hashgrid"), trace.positions)


def test_a_batch_takes_the_array_at_its_start_cycle(waveform):
    starts = [time for time, value in changes(waveform, "mlp_batch") if value < 2**31]
    assert starts == [1000 * int(cycle) for cycle in alone().batch_start_cycles]


def test_the_last_output_ends_at_the_last_cycle(waveform):
    time, value = changes(waveform, "output_batch")[-1]
    assert (time, value) == (1000 * alone().cycles, 2**32 - 1)


def test_every_engine_issues_every_query(waveform):
    for engine in range(16):
        queries = [v for _, v in changes(waveform, f"encoding_g0_e{engine}_query") if v < 2**31]
        assert queries == list(range(200))


def test_the_array_waits_for_a_named_cause_then_is_busy(waveform):
    states = [value for _, value in changes(waveform, "mlp_state")]
    assert "busy" in states
    assert set(states) <= {"idle", "busy", "input", "encoding", "bank_conflict", "feature_buffer", "output"}


def test_two_waveforms_are_the_same_bytes(tmp_path, monkeypatch, waveform):
    options = ("--scale", 1, "--app", "nvr", "--limit-queries", 200, "--quiet", "--out", tmp_path / "out")
    run(monkeypatch, *options, "--waveform", tmp_path / "again.vcd")
    assert (tmp_path / "again.vcd").read_bytes() == waveform.read_bytes()


@pytest.mark.parametrize(
    "options", [("--scale", "1,2", "--limit-queries", 10), ("--scale", 1), ("--limit-queries", 10**6)]
)
def test_a_waveform_needs_one_point_and_few_queries(options, tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, "--app", "nvr", *options, "--waveform", tmp_path / "w.vcd", "--out", tmp_path / "out")
    assert stopped.value.code == 2
    assert "--waveform shows one design point" in capsys.readouterr().err
    assert not (tmp_path / "w.vcd").exists()
