"""The rest of kernels on the GPU of this machine beside the roofline's bound on it, kernel by kernel, fused or not.

The kernels only move the bytes and do the arithmetic that a workload lists for them: they march no ray. They run launch
by launch, with the waits of the host, and as one graph without waits. In the graph, a kernel's own time is that from
the start of its first block to the end of its last one, so it leaves out what starts the kernel.
"""

import ctypes
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.ray_counts import ray_counts
from ngpc_sim.gpu.rest_of_kernels import extras_of, machine

APPS = ("nerf", "nsdf", "gia", "nvr")
WORD, TURNS, REPEATED = 4, 20, 500
LARGE_MS = 0.005
ACCESS = np.dtype([("word", "u8"), ("items", "u4"), ("amount", "u4"), ("act", "u4")], align=True)
WORK = np.dtype([("access", ACCESS, 16), ("count", "u4"), ("items", "u4"), ("waits", "u4")], align=True)
READ, WRITE, COMPUTE = range(3)


@dataclass
class Group:
    """Kernels by name that run together, in a frame or an invocation, and how many items there are of each kind."""

    kernels: dict
    items: dict


def groups_of(listed, counts, part):
    """What a part of a frame's kernels runs, in turn."""
    kernels = {name: kernel for name, kernel in listed.kernels.items() if kernel.part == part}
    of_frame = {"one": 1} | {name: int(getattr(counts, name)) for name in ("pixels", "rays", "hits")}
    yield Group({name: kernel for name, kernel in kernels.items() if kernel.per == "frame"}, of_frame)
    for k, phase in enumerate(counts.phases):
        of_phase = {
            name: kernel
            for name, kernel in kernels.items()
            if kernel.per == "invocation" or (kernel.per == "round" and counts.rounds[k])
            if not kernel.phases or phase in kernel.phases
        }
        yield Group(of_phase, {"one": 1, "alive": int(counts.alive[k]), "queries": int(counts.queries[k])})


def accesses_of(kernel):
    """(items, act, record or flops) in turn."""
    for items, acts in kernel.work.items():
        yield from ((items, READ, name) for name in acts.reads)
        yield from ((items, WRITE, name) for name in acts.writes)
        if acts.flops:
            yield items, COMPUTE, acts.flops


def fused_accesses(listed, group, *, registers):
    """Accesses of one kernel that does the work of a group: records read if that comes first, written once."""
    acts, flops, first = defaultdict(set), defaultdict(float), {}
    for kernel in group.kernels.values():
        for items, act, what in accesses_of(kernel):
            if act == COMPUTE:
                flops[items] += what
            else:
                acts[items, what].add(act)
                first.setdefault(what, act)
    kept = {"scratch", "state"} if registers else {"scratch"}
    moved = {key: own for key, own in acts.items() if listed.records[key[1]].kind not in kept}
    for (items, name), own in moved.items():
        again = first[name] == WRITE or (registers and listed.records[name].kind == "input")
        if READ in own and not again:
            yield items, READ, name
    yield from ((items, COMPUTE, amount) for items, amount in flops.items())
    yield from ((items, WRITE, name) for (items, name), own in moved.items() if WRITE in own)


class Works:
    """Works of a frame in turn, with the names of their kernels and the roofline's bounds in ms, launches left out."""

    def __init__(self, listed, groups, gpu):
        self.listed, self.gpu, self.most = listed, gpu, defaultdict(int)
        self.rows, self.names, self.bounds, self.words, self.places = [], [], [], 0, {}
        for group in groups:
            for items, count in group.items.items():
                self.most[items] = max(self.most[items], count)

    def add(self, name, accesses, group, *, launches=1, waits=False):
        """Launch a kernel; one without launches of its own joins the one before."""
        if launches:
            self.rows.append(np.zeros((), WORK))
            self.names.append(name)
            self.bounds.append(0.0)
        row = self.rows[-1]
        moved = flops = 0.0
        for items, act, what in accesses:
            count, amount = group.items[items], what
            if act == COMPUTE:
                flops += count * what
            else:
                moved += count * self.listed.records[what].bytes
                amount = self.listed.records[what].bytes // WORD
            row["access"][int(row["count"])] = self._place(items, act, what), count, int(amount), act
            row["count"] += 1
            row["items"] = max(int(row["items"]), count)
        row["waits"] |= waits
        self.bounds[-1] += float(self.gpu.ms(moved, moved * self.gpu.far(self._footprint(group)), flops))
        for _ in range(launches - 1):
            self.add(name, (), group)

    def _place(self, items, act, name):
        """Word at which the records of all items begin."""
        if act == COMPUTE:
            return 0
        if (items, name) not in self.places:
            self.places[items, name] = self.words
            self.words += self.most[items] * self.listed.records[name].bytes // WORD
        return self.places[items, name]

    def _footprint(self, group):
        touched = {
            (items, what)
            for kernel in group.kernels.values()
            for items, act, what in accesses_of(kernel)
            if act != COMPUTE
        }
        return sum(group.items[items] * self.listed.records[name].bytes for items, name in touched)

    @property
    def array(self):
        """(n,) works as the kernels take them."""
        return np.array(self.rows, WORK)


def unfused(listed, groups, gpu):
    """All kernels in turn."""
    works, runs = Works(listed, groups, gpu), defaultdict(int)
    for group in groups:
        for name, kernel in group.kernels.items():
            waits = bool(kernel.sync_every) and runs[name] % kernel.sync_every == 0
            works.add(name, accesses_of(kernel), group, launches=kernel.launches, waits=waits)
            runs[name] += 1
    return works


def fused(listed, groups, gpu, *, registers):
    """One kernel a group."""
    works = Works(listed, groups, gpu)
    for group in groups:
        works.add("fused", fused_accesses(listed, group, registers=registers), group)
    return works


class Frame:
    """A workload's kernels of the GPU beside its bundled trace."""

    def __init__(self, app, arch):
        self.work = ngpc.load_workload(f"{app}-hashgrid")
        trace = ngpc.load_trace(self.work.trace)
        self.listed, self.gpu = self.work.gpu_kernels, machine(arch)
        self.counts = ray_counts(trace.profile_at(trace.pixels), trace.queries, trace.pixels)

    def groups(self, part):
        """Kernels of a part that run together, in turn."""
        return [group for group in groups_of(self.listed, self.counts, part) if group.kernels]


def in_graph(call, ms, works):
    """Fill ms by turn; (n,) ms of each work."""
    ns = np.zeros(len(works.rows))
    call("time_rest_graph", works.array, len(works.rows), ctypes.c_uint64(works.words), ms, ns)
    return ns / 1e6


def by_kernel(works, own_ms):
    """Launches, ms and ratio to the roofline's bound of each kernel, of all, and of what takes longest."""
    names, bounds = np.array(works.names), np.array(works.bounds)
    for name in dict.fromkeys(works.names):
        of = names == name
        yield f"{name}_launches", int(of.sum())
        yield f"{name}_ms", float(own_ms[of].sum())
        yield f"{name}_over_bound", float(own_ms[of].sum() / bounds[of].sum())
    yield "kernels_ms", float(own_ms.sum())
    yield "kernels_over_bound", float(own_ms.sum() / bounds.sum())
    large = bounds > LARGE_MS
    yield "large_launches", int(large.sum())
    if large.any():
        yield "large_over_bound", float(own_ms[large].sum() / bounds[large].sum())


@pytest.mark.parametrize("app", APPS)
def test_rest_launch_by_launch(benchmark, tell, call, arch, app):
    frame = Frame(app, arch)
    works = unfused(frame.listed, frame.groups("rest"), frame.gpu)
    launches, waits = len(works.rows), int(works.array["waits"].sum())
    ms = benchmark.pedantic(call, ("time_rest", works.array, launches, ctypes.c_uint64(works.words)))
    bound_ms = sum(works.bounds) + launches * frame.gpu.launch_ms + waits * frame.gpu.sync_ms
    tell(launches=launches, waits=waits, ms=ms, bound_ms=bound_ms, over_bound=ms / bound_ms)


@pytest.mark.parametrize("part", ["rest", "encoding", "mlp"])
@pytest.mark.parametrize("app", APPS)
def test_kernels_in_a_graph(benchmark, tell, call, turns, spread, arch, app, part):
    frame, ms = Frame(app, arch), turns(TURNS)
    if not frame.groups(part):
        pytest.skip(f"{app} lists no kernels beside its {part}")
    works = unfused(frame.listed, frame.groups(part), frame.gpu)
    own_ms = benchmark.pedantic(in_graph, (call, ms, works))
    if part != "rest":
        bound_ms, dispatches = extras_of(frame.gpu, frame.work, frame.counts, part)
        assert (sum(works.bounds), len(works.rows)) == (pytest.approx(bound_ms, rel=1e-3), dispatches)
    tell(launches=len(works.rows), **spread("graph_ms", ms), **dict(by_kernel(works, own_ms)))


@pytest.mark.parametrize("state", ["memory", "registers"])
@pytest.mark.parametrize("app", APPS)
def test_fused(benchmark, tell, call, turns, spread, arch_with, app, state):
    arch = arch_with(**{"frame.ray_state": state})
    frame, ms = Frame(app, arch), turns(TURNS)
    works = fused(frame.listed, frame.groups("rest"), frame.gpu, registers=state == "registers")
    own_ms = benchmark.pedantic(in_graph, (call, ms, works))
    launched_ms = call("time_rest", works.array, len(works.rows), ctypes.c_uint64(works.words))
    tell(launches=len(works.rows), launched_ms=launched_ms, **spread("graph_ms", ms), **dict(by_kernel(works, own_ms)))


@pytest.mark.parametrize("items", [1 << k for k in range(8, 21, 2)])
def test_small_kernels(benchmark, tell, call, turns, spread, items):
    """Kernels that read and write 16 bytes an item, all the same ones, one after another in a graph."""
    ms, ns, works = turns(TURNS), np.zeros(REPEATED), np.zeros(REPEATED, WORK)
    works["count"], works["items"] = 2, items
    works["access"][:, 0] = 0, items, 4, READ
    works["access"][:, 1] = 0, items, 4, WRITE
    benchmark.pedantic(call, ("time_rest_graph", works, REPEATED, ctypes.c_uint64(4 * items), ms, ns))
    tell(own_ns=ns.mean(), **spread("period_ns", ms / REPEATED * 1e6))
