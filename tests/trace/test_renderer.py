"""The writer that renderers call: what is written is read back, all of it or nothing, whatever arrays it comes in."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import file_format, writing

PAGE = (Path(__file__).parents[2] / "docs" / "traces.md").read_text(encoding="utf-8")
(HOOK,) = (b for b in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "forward_hook" in b)
FRAME = {"app": "my-renderer", "resolution": (40, 20), "scene": "fox"}
TILES = 3 * 3


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fox.trace.parquet"


def some(n, n_dims=3, seed=1):
    return np.random.default_rng(seed).random((n, n_dims), np.float32)


HOLE = some(5)
HOLE[3, 1] = np.nan


@st.composite
def calls(draw):
    """Calls of one trace: (positions, tile, launched) each, at least one query."""
    n_dims, with_tiles = draw(st.integers(2, 4)), draw(st.booleans())
    finite = st.floats(-2.0, 2.0, width=16)
    made = []
    for n in draw(st.lists(st.integers(0, 12), min_size=1, max_size=6).filter(any)):
        values = draw(st.lists(finite, min_size=n * n_dims, max_size=n * n_dims))
        kind = draw(st.sampled_from((np.float16, np.float32, np.float64, ">f4")))
        tile = draw(st.lists(st.integers(0, TILES - 1), min_size=n, max_size=n)) if with_tiles else None
        more = draw(st.none() | st.integers(0, 300))
        made.append((np.array(values, kind).reshape(n, n_dims), tile, None if more is None else n + more))
    return made


@settings(max_examples=settings().max_examples // 4, deadline=None)
@given(made=calls())
def test_what_is_written_is_read_back(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "any.trace.parquet"
    with ngpc.TraceWriter(path, **FRAME, camera="near", seed=5) as writer:
        for positions, tile, launched in made:
            writer.invocation(positions, tile=tile, launched=launched)
    trace = ngpc.load_trace(path)
    sizes = [len(positions) for positions, _, _ in made]
    orders = [np.argsort(tile, kind="stable") if tile else slice(None) for _, tile, _ in made]
    rows = [positions[order] for (positions, _, _), order in zip(made, orders, strict=True)]
    assert np.array_equal(trace.positions, np.concatenate(rows).astype(np.float32))
    assert trace.invocations.tolist() == np.repeat(np.arange(len(made)), sizes).tolist()
    assert trace.tiles.tolist() == [
        t for n, (_, tile, _) in zip(sizes, made, strict=True) for t in sorted(tile or [0] * n)
    ]
    assert trace.profile.tolist() == [
        n if given is None else given for n, (_, _, given) in zip(sizes, made, strict=True)
    ]
    assert trace.is_full_frame
    assert (trace.app, trace.scene, trace.camera, trace.seed) == ("my-renderer", "fox", "near", 5)
    assert (trace.width, trace.height, trace.networks) == (40, 20, ())


def test_without_tiles_the_frame_is_one_tile_and_with_tiles_it_has_those_of_the_screen(path):
    found = []
    for tile in (None, [8, 0]):
        with ngpc.TraceWriter(path, **FRAME) as writer:
            writer.invocation(some(2), tile=tile)
        trace = ngpc.load_trace(path)
        found.append((trace.tile_pixels, trace.tile_weights.tolist()))
    assert found == [((40, 20), [1.0]), ((16, 8), [1.0] * TILES)]


def test_a_renderer_that_records_some_tiles_says_what_they_stand_for(path):
    with ngpc.TraceWriter(path, **FRAME, tile_weights=[4.5, 4.5]) as writer:
        writer.invocation(some(3), tile=[1, 0, 1], launched=9)
    trace = ngpc.load_trace(path)
    assert trace.tile_weights.tolist() == [4.5, 4.5]
    assert trace.tiles.tolist() == [0, 1, 1]
    assert not trace.is_full_frame


def test_calls_of_several_networks_carry_their_network(path):
    with ngpc.TraceWriter(path, **FRAME, networks=("main", "proposal")) as writer:
        writer.invocation(some(5), network="proposal")
        writer.invocation(some(2), phase="march")
    trace = ngpc.load_trace(path)
    assert trace.networks == ("main", "proposal")
    assert trace.invocation_networks.tolist() == [1, 0]
    assert trace.phases == ("proposal", "march")


def test_a_trace_of_one_named_network_is_of_the_first_format_version(path):
    with ngpc.TraceWriter(path, **FRAME, networks=("only",)) as writer:
        writer.invocation(some(5), network="only")
    assert b'"format_version":1' in path.read_bytes()
    assert ngpc.load_trace(path).networks == ()


def test_a_buffer_that_the_renderer_uses_again_does_not_change_what_was_written(path):
    buffer = np.asfortranarray(some(4))
    before = buffer.copy()
    with ngpc.TraceWriter(path, **FRAME) as writer:
        writer.invocation(buffer)
        buffer[...] = 0.0
    assert np.array_equal(ngpc.load_trace(path).positions, before)


def test_memory_holds_no_more_rows_than_a_chunk_and_a_call(path, monkeypatch):
    monkeypatch.setattr(file_format, "ROW_GROUP_ROWS", 100)
    held = []
    with ngpc.TraceWriter(path, **FRAME) as writer:
        for call in range(50):
            writer.invocation(some(30, seed=call))
            held.append(max(sum(map(len, column)) for column in writer._rows._held))
    assert max(held) < 100
    assert ngpc.load_trace(path).recorded == 1500


def test_an_exception_leaves_what_was_there_and_nothing_else(path, monkeypatch):
    path.write_bytes(b"before")
    monkeypatch.setattr(file_format, "ROW_GROUP_ROWS", 10)
    with pytest.raises(UserError, match="finite"), ngpc.TraceWriter(path, **FRAME) as writer:  # noqa: PT012
        writer.invocation(some(25))
        writer.invocation(HOLE)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


KILLED = """
import sys, numpy as np, ngpc_sim as ngpc
with ngpc.TraceWriter(sys.argv[1], app="nerf", resolution=(8, 8), scene="s") as writer:
    writer.invocation(np.zeros((70_000, 3), np.float32))
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_renderer_leaves_what_was_there_and_a_file_that_the_next_one_deletes(path):
    path.write_bytes(b"before")
    with subprocess.Popen([sys.executable, "-c", KILLED, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"written\n"
        os.kill(child.pid, signal.SIGKILL)
    assert path.read_bytes() == b"before"
    assert len(list(path.parent.iterdir())) == 2
    with ngpc.TraceWriter(path, **FRAME) as writer:
        writer.invocation(some(3))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"path": 5}, "path is 5, which should be the path of a file"),
        ({"path": b"fox"}, "path is b'fox', which should be the path of a file"),
        ({"app": "my renderer"}, "app 'my renderer'"),
        ({"scene": None}, "should be a text"),
        ({"networks": (1, 2)}, "should be a text"),
        ({"networks": 5}, "networks is 5, which should be a list of names"),
        ({"networks": None}, "networks is None, which should be a list of names"),
        ({"resolution": (0, 5)}, "a side of resolution is 0"),
        ({"resolution": 1080}, r"resolution is 1080, which should be \(width, height\)"),
        ({"resolution": (64.0, 32)}, "a side of resolution is 64.0"),
        ({"scene": "x" * 201}, "more than 200 characters"),
        ({"seed": -1}, "seed is -1"),
        ({"tile_pixels": (16, 0)}, "a side of tile_pixels is 0"),
        ({"tile_weights": [1.0, 0.0]}, "tile weights that are not all finite and above 0"),
        ({"tile_weights": [[1.0]]}, "tile_weights should be 1 to"),
        ({"networks": ("a", "a")}, "two networks of the same name"),
        ({"networks": ("a", "b c")}, "a network whose name is not"),
        ({"networks": tuple("abcdefghijklmnopq")}, "names 17 networks, not 2 to 16"),
    ],
)
def test_a_frame_that_no_trace_has_is_refused(change, reason, path):
    with pytest.raises(UserError, match=reason):
        ngpc.TraceWriter(**({"path": path} | FRAME | change))
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ({"positions": HOLE}, r"positions\[3\] is \[0\.\d+, nan, 0\.\d+\], which should be finite"),
        ({"positions": np.full((1, 3), 1e300)}, r"positions\[0\] is .* finite as float32"),
        ({"positions": np.zeros((5, 3), np.int32)}, "type int32, which should be float16, float32 or float64"),
        ({"positions": np.zeros(5)}, r"shape \(5,\), which should be \(n, 2\)"),
        ({"positions": np.zeros((5, 5))}, r"shape \(5, 5\)"),
        ({"positions": some(5, 2)}, "have 2 components, and those of the calls before have 3"),
        ({"positions": "many"}, "which should be float16"),
        ({"tile": [0, 1, 2, 3, TILES]}, rf"tile\[4\] is {TILES}, which should be in 0..{TILES - 1}"),
        ({"tile": [0, -1, 2, 3, 4]}, r"tile\[1\] is -1"),
        ({"tile": [0, 1]}, r"tile has shape \(2,\), which should be \(5,\)"),
        ({"tile": [0.0] * 5}, "tile is of type float64"),
        ({"tile": None}, "tile is given in every invocation of a trace"),
        ({"launched": 4}, "launched is 4, which should be a whole number from 5"),
        ({"launched": 5.0}, "launched is 5.0"),
        ({"launched": 1 << 53}, "queries in all"),
        ({"phase": "x" * 201}, "phase should be a text"),
        ({"phase": "march\n"}, "characters that can be printed"),
        ({"phase": "\x1b[2J"}, "characters that can be printed"),
        ({"network": "proposal"}, r"No network of this trace is called 'proposal'; networks=\(...\) names"),
    ],
)
def test_a_call_that_no_trace_has_is_refused_and_leaves_no_mark(call, reason, path):
    usual = {"positions": some(5), "tile": [0, 1, 2, 3, 4]}
    with ngpc.TraceWriter(path, **FRAME) as writer:
        writer.invocation(**usual)
        with pytest.raises(UserError, match=reason):
            writer.invocation(**(usual | call))
    trace = ngpc.load_trace(path)
    assert (trace.recorded, trace.profile.tolist()) == (5, [5])


@pytest.mark.parametrize("n_calls", [0, 2])
def test_nothing_recorded_is_refused(n_calls, path):
    with pytest.raises(UserError, match="no query was recorded"), ngpc.TraceWriter(path, **FRAME) as writer:  # noqa: PT012
        for _ in range(n_calls):
            writer.invocation(some(0), launched=256)
    assert not list(path.parent.iterdir())


def test_a_writer_records_only_inside_its_block(path):
    writer = ngpc.TraceWriter(path, **FRAME)
    with pytest.raises(UserError, match="inside its with block"):
        writer.invocation(some(1))
    with writer:
        writer.invocation(some(1))
    with pytest.raises(UserError, match="inside its with block"):
        writer.invocation(some(1))
    with pytest.raises(UserError, match="writes one trace"):
        writer.__enter__()


def test_more_tiles_than_a_trace_has_are_refused(path):
    frame = FRAME | {"resolution": (1 << 20, 1 << 20)}
    with ngpc.TraceWriter(path, **frame) as writer:
        with pytest.raises(UserError, match="use larger tile_pixels"):
            writer.invocation(some(1), tile=[0])
        writer.invocation(some(1))


def test_more_rows_than_a_trace_has_are_refused(path, monkeypatch):
    monkeypatch.setattr(writing, "MAX_STREAMED_ROWS", 10)
    with pytest.raises(UserError, match="at most 10 rows"), ngpc.TraceWriter(path, **FRAME) as writer:
        writer.invocation(some(11))
    assert not list(path.parent.iterdir())


class WithArray:
    """What has ``__array__``."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array if dtype is None else self.array.astype(dtype, copy=copy)


class WithDlpack:
    """What has ``__dlpack__``."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OnDevice(WithDlpack):
    """What a device holds."""

    def __dlpack_device__(self):
        return 2, 0


class Graded(WithArray):
    """What requires grad."""

    requires_grad = True


class Unreadable:
    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()")


@pytest.mark.parametrize("kind", [WithArray, WithDlpack, np.ndarray.tolist])
def test_positions_come_in_whatever_numpy_can_read(kind, path):
    positions, tile = some(4), np.arange(4)
    with ngpc.TraceWriter(path, **FRAME) as writer:
        writer.invocation(kind(positions), tile=kind(tile))
    assert np.array_equal(ngpc.load_trace(path).positions, positions)


@pytest.mark.parametrize(
    ("positions", "reason"),
    [
        (Graded(some(3)), r"requires grad: pass positions\.detach\(\)"),
        (OnDevice(some(3)), "bring it there first, .*: it is in the memory of a device"),
        (Unreadable(), r"bring it there first, as positions\.detach\(\)\.cpu\(\) does: can't convert cuda:0"),
    ],
)
def test_a_tensor_that_the_host_cannot_read_is_one_sentence(positions, reason, path):
    with ngpc.TraceWriter(path, **FRAME) as writer:
        writer.invocation(some(1))
        with pytest.raises(UserError, match=reason):
            writer.invocation(positions)


class Tensor(WithArray):
    """A stand-in for a tensor, with what the hook of the page calls."""

    requires_grad = True

    def detach(self):
        return WithCpu(self.array)


class WithCpu(WithArray):
    def cpu(self):
        return WithArray(self.array)


class Module:
    """A stand-in for a module of PyTorch."""

    def __init__(self):
        self.hooks = []

    def register_forward_hook(self, hook):
        self.hooks.append(hook)
        return self

    def remove(self):
        self.hooks.clear()

    def __call__(self, *inputs):
        for hook in self.hooks:
            hook(self, inputs, "output")
        return "output"


def hook_of_the_page():
    names = {}
    exec(compile(HOOK, "traces.md", "exec"), names)  # noqa: S102 - our own page
    return names["record"]


def test_the_hook_of_the_page_records_what_a_module_is_asked(path):
    module, asked = Module(), [some(6), some(3)]
    assert hook_of_the_page()(module, lambda: [module(Tensor(x)) for x in asked], path, **FRAME) == ["output"] * 2
    trace = ngpc.load_trace(path)
    assert np.array_equal(trace.positions, np.concatenate(asked))
    assert trace.profile.tolist() == [6, 3]
    assert module.hooks == []


def test_the_hook_of_the_page_is_ten_lines_of_code():
    lines = [line for line in HOOK.splitlines() if line and '"""' not in line and not line.startswith("import")]
    assert len(lines) <= 10


def test_the_hook_of_the_page_records_a_module_of_torch(path):
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(3, 4)
    positions = torch.rand(7, 3, requires_grad=True)
    hook_of_the_page()(module, lambda: module(positions), path, **FRAME)
    assert np.array_equal(ngpc.load_trace(path).positions, positions.detach().numpy())
    with ngpc.TraceWriter(path, **FRAME) as writer, pytest.raises(UserError, match="requires grad"):
        writer.invocation(positions)
