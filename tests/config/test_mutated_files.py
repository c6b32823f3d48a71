"""A file that is almost right gives a result or one sentence, never another exception, and neither takes long."""

import random
import time

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import write_trace

SEED, IN_CI, NIGHTLY = 21, 300, 3000
#: CPU seconds that one file may take; most take a hundredth of it
MOST_S = 10.0
#: what stands in place of something that was right
WORDS = """
0 -1 010 0o17 1e308 -1e308 1e-308 .inf -.inf .nan ~ null true yes off 1:30 2026-01-01 '' "" [] {} [1] {a:} {1: 2} 0.1
99999999999999999999 int float str a[b a.b *x &x !!int !!float !!str !x !!binary << = - ? | > % @ ` , : # .. / ../x
"\\uD800" "\\U0001F600" "\\UFFFFFFFF" "\\0" "a\\nb" encoding ideal builtin os:system gpu_file extends
all mean ngpc rtx3090 n7
""".split()  # noqa: SIM905 - a list of words
FILES = {
    "architecture": ("arch_configs", "*.yaml"),
    "GPU": ("arch_configs", "gpu/*.yaml"),
    "technology": ("arch_configs", "tech/*.yaml"),
    "workload": ("workloads", "*.yaml"),
}


@pytest.fixture(scope="module")
def small():
    """A workload, and the part of its trace that is asked."""
    return ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")


def load(kind, path, small):
    """Read the file and ask it for a frame."""
    work, trace = small
    if kind == "workload":
        work = ngpc.load_workload(path)
        trace = ngpc.load_trace(work.trace) if work.app == "gia" else None
        arch = ngpc.load_arch()
    elif kind == "architecture":
        arch = ngpc.load_arch(path)
    else:
        arch = ngpc.load_arch(overrides={"gpu" if kind == "GPU" else kind: path})
    if trace is not None:
        ngpc.simulate(arch, work, trace, detail="bound").row()


def mutated(text, draw):
    """The text with one to three places of it changed."""
    for _ in range(draw.randint(1, 3)):
        lines = text.splitlines()
        at = draw.randrange(len(lines))
        pieces = lines[at].split(" ")
        piece, word = draw.randrange(len(pieces)), draw.choice(WORDS)
        change = draw.randrange(8)
        if change < 3:
            pieces[piece] = word + draw.choice(["", ":", ",", "}"])
        elif change == 3:
            pieces = [*pieces[: piece + 1], word, *pieces[piece + 1 :]]
        elif change == 4:
            del pieces[piece]
        elif change == 5:
            pieces = ["", "", *pieces]
        lines[at : at + 1] = [] if change == 6 else [" ".join(pieces)] * (2 if change == 7 else 1)
        if len(lines) < 2:
            return text
        text = "\n".join(lines) + "\n"
    return text


def outcome(call, *arguments):
    """One sentence, or nothing where there is a result; either within the time."""
    started = time.process_time()
    try:
        call(*arguments)
        said = ""
    except UserError as error:
        said = str(error)
        assert said.endswith(".")
        assert len(said) < 3000
    assert time.process_time() - started < MOST_S
    return said


def walk(kind, small, tmp_path, files, seed):
    draw = random.Random(f"{seed} {kind}")  # noqa: S311
    place, pattern = FILES[kind]
    texts = [path.read_text() for path in sorted(folder(place).glob(pattern))]
    path, said = tmp_path / "mine.yaml", []
    for _ in range(files):
        path.write_text(mutated(draw.choice(texts), draw))
        said.append(outcome(load, kind, str(path), small))
    assert any(said)


@pytest.mark.parametrize("kind", FILES)
def test_a_mutated_file_gives_a_result_or_one_sentence(kind, small, tmp_path):
    walk(kind, small, tmp_path, IN_CI, SEED)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", FILES)
def test_many_mutated_files_give_a_result_or_one_sentence(kind, small, tmp_path):
    walk(kind, small, tmp_path, NIGHTLY, SEED + 1)


def walk_traces(tmp_path, files, seed):
    draw = random.Random(seed)  # noqa: S311
    rows = np.zeros(64, np.int32)
    made = ngpc.Trace(
        name="small", app="gia", scene="made", camera="none", width=8, height=8, seed=0, tool_version="test",
        profile=np.array([64], np.int64), phases=("gia",), invocations=rows, tiles=rows,
        positions=np.random.default_rng(5).random((64, 2), dtype=np.float32), tile_weights=np.ones(1),
        tile_pixels=(8, 8),
    )  # fmt: skip
    path = tmp_path / "small.trace.parquet"
    write_trace(made, path)
    whole = path.read_bytes()
    for _ in range(files):
        broken = bytearray(whole)
        for _ in range(draw.choice([1, 1, 4, 16])):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        path.write_bytes(broken[: draw.choice([len(broken), len(broken), draw.randrange(len(broken))])])
        outcome(ngpc.load_trace, path)


def test_a_mutated_trace_gives_a_result_or_one_sentence(tmp_path):
    walk_traces(tmp_path, IN_CI, SEED)


@pytest.mark.nightly
def test_many_mutated_traces_give_a_result_or_one_sentence(tmp_path):
    walk_traces(tmp_path, NIGHTLY, SEED + 1)
