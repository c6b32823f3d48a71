"""Keys that cannot change a result of an architecture, and what makes them idle.

A key that nothing reads looks like a setting and misleads. Only its author knows which keys a plug-in reads: its class
names them in ``uses``, a tuple of key names of its block. Without ``uses`` the whole block counts as read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ngpc_sim.architecture.arch import PROSE
from ngpc_sim.architecture.arch_file import ArchFile
from ngpc_sim.architecture.gpu_memory import OF_GPU
from ngpc_sim.config.plugins import is_plugin, load
from ngpc_sim.gpu.baseline import PUBLISHED, Models, models_of
from ngpc_sim.simulation.design import Point
from ngpc_sim.workloads.apps import APPS

#: keys that only a cached grid_sram reads
CACHE_KEYS = ("nfp.encoding.ways", "nfp.encoding.outstanding_lines", "memory.l2_ways", "memory.dram_model")
#: keys that only tables cut into subtables read
SUBGRID_KEYS = (
    *("nfp.encoding.first_subgrid_level", "nfp.encoding.subgrid_buffer_kib"),
    "nfp.encoding.subgrid_fill_bytes_per_cycle",
)
#: keys of replayed frames alone: a closed form has no conflicts, misses and queues
REPLAYED = (
    *("nfp.encoding.banks", "nfp.encoding.read_ports", "nfp.encoding.bank_map", "nfp.encoding.reuse"),
    *("nfp.encoding.reorder_window", "nfp.encoding.reorder", "nfp.encoding.subgrid_fill_bytes_per_cycle"),
    *("nfp.encoding.ways", "nfp.encoding.outstanding_lines", "nfp.encoding.latency_cycles", "memory.l2_ways"),
    *("nfp.io.output_fifo_queries", "cluster.dispatch", "frame.tiles", "frame.overlap", "frame.schedule"),
    *("frame.front_end", "frame.queues"),
)
#: keys that the modelled GPU alone always reads: of dispatches, which kernels that stay are not, and of kernels of the
#: rest, which a published time does not derive
STARTS = (f"{OF_GPU}dispatch_ns", "frame.launch_overhead_ns")
KERNELS = (f"{OF_GPU}rest_over_bound", f"{OF_GPU}kernel_floor_ns")
#: numbers of the GPU that only published frame times read
OF_PUBLISHED = ("reference_pixels",)
#: keys of ``calibration`` that hold a value an app
BY_APP = ("queries_per_pixel", "rest_share")
#: keys of a block that say which engine it is, and so are read before there is one
_NAMING = {"model", "options"}
#: whether something makes keys idle, what it is, and the keys
Rule = tuple[bool, str, tuple[str, ...]]


def unused_keys(file: ArchFile) -> dict[str, list[str]]:
    """Idle dotted keys of an architecture by the reason for it; plug-ins must have been allowed."""
    return {reason: list(keys) for holds, reason, keys in _rules(file) if holds and keys}


def unused_settings(points: Sequence[Point]) -> Iterator[str]:
    """One line a reason: keys of an app that does not run, and set keys that the models of the run leave out."""
    ran = {point.work.app for point in points}
    typed = {key for point in points for key in point.options.overrides or {}}
    for by_app in BY_APP:
        held = {app for point in points for app in getattr(point.arch.file.calibration, by_app) if app not in APPS}
        held |= {key.rpartition(".")[2] for key in typed if key.startswith(f"calibration.{by_app}.")}
        for app in sorted(held - ran):
            yield f"calibration.{by_app}.{app} has no effect: no app of this run is called {app}."
    if all(point.detail == "bound" for point in points):
        left_out = sorted(key for key in typed if key.startswith(REPLAYED))
        if left_out:
            yield f"--detail bound knows no conflict, miss or queue: {', '.join(left_out)} cannot change a time."
    prose = sorted(key for key in typed if key.partition(".")[0] in PROSE)
    if prose:
        yield f"{', '.join(prose)} cannot change a result: it only says what an architecture is."
    early = "memory.prefetch_next_scene"
    if early in typed and all(point.options.sequence is None for point in points):
        yield f"{early} has no effect without --scenes: there is no next scene."
    yield from _of_the_gpu(points, typed)


def _of_the_gpu(points: Sequence[Point], typed: set[str]) -> Iterator[str]:
    """Lines about numbers of the GPU, and about what only the modelled GPU alone reads."""
    read = {key: False for point in points for key in point.arch.file.gpu_overrides}
    for point in points if read else ():
        models = models_of(point.arch, point.work)
        for key in point.arch.file.gpu_overrides:
            read[key] = read[key] or _reads(point, models, key)
    if idle := sorted(f"{OF_GPU}{key}" for key, is_read in read.items() if not is_read):
        yield f"{', '.join(idle)} cannot change a result: the models of this run do not read it."
    alone = {key for key in (*STARTS, *KERNELS) if key in typed and all(_of_gpu_alone(point, key) for point in points)}
    if alone:
        yield f"{', '.join(sorted(alone))} changes the modelled frame on the GPU alone, not the frame beside the NGPC."


def _of_gpu_alone(point: Point, key: str) -> bool:
    """Whether only ``gpu_modelled_ms`` reads a key of ``STARTS`` or ``KERNELS``; a plug-in may read them too."""
    rest = models_of(point.arch, point.work).rest
    if is_plugin(rest):
        return False
    return rest == PUBLISHED if key in KERNELS else point.detail == "bound" or _polls(point)


def _polls(point: Point) -> bool:
    """Whether kernels stay and poll in a frame that is replayed."""
    return point.detail != "bound" and point.arch.frame.front_end == "persistent"


def _reads(point: Point, models: Models, key: str) -> bool:
    """Whether the models of a point read a number of the GPU; a plug-in may read them all."""
    if is_plugin(models.rest) or is_plugin(point.arch.memory.dram_model):
        return True
    group, _, inside = key.partition(".")
    of_group = {
        "dram": point.detail != "bound" and bool(point.spilled) and point.arch.nfp.encoding.table_policy == "cache",
        "apps": models.frame == PUBLISHED and inside.startswith(f"{point.work.app}."),
        "encodings": (models.frame == PUBLISHED and inside.startswith(f"{point.work.encoding_name}."))
        or (
            PUBLISHED in {models.frame, models.rest} and inside in {f"{point.work.encoding_name}.rest", "hashgrid.rest"}
        ),
        "rest_fusion": models.rest == PUBLISHED and point.arch.frame.fused,
        "poll_ns": _polls(point),
        **dict.fromkeys(OF_PUBLISHED, models.frame == PUBLISHED),
    }
    return of_group.get(group, True)


def _rules(file: ArchFile) -> Iterator[Rule]:
    encoding, mlp, frame = file.nfp.encoding, file.nfp.mlp, file.frame
    lines = () if encoding.sharing == "partition" else ("nfp.encoding.line_bytes",)
    policy = encoding.table_policy
    yield policy != "cache", f"nfp.encoding.table_policy is {policy}", (*CACHE_KEYS, *lines)
    ideal = ("nfp.encoding.read_ports", "nfp.encoding.bank_map", "nfp.encoding.reorder_window")
    yield encoding.banks == "ideal", "nfp.encoding.banks is ideal", ideal
    yield encoding.subgrids == 1, "nfp.encoding.subgrids is 1", SUBGRID_KEYS
    laid = encoding.layout == "feature_major" or (encoding.layout == "voxel_block" and encoding.subgrids == 1)
    yield laid, f"nfp.encoding.layout is {encoding.layout}", ("nfp.encoding.bank_map",)
    layers = ("nfp.mlp.pipeline_depth", "nfp.mlp.weight_double_buffer")
    yield mlp.dataflow == "systolic_ws", "nfp.mlp.dataflow is systolic_ws", layers
    yield mlp.dataflow == "layer_serial", "nfp.mlp.dataflow is layer_serial", ("nfp.mlp.pe_stages",)
    roofline = frame.rest_model == "roofline"
    yield not roofline, "frame.rest_model is not roofline", ("frame.ray_state",)
    yield roofline and not frame.fused, "frame.fused is false", ("frame.ray_state",)
    yield not frame.overlap, "frame.overlap is false", ("frame.queues",)
    one_tile = frame.overlap and frame.tiles == 1 and frame.schedule == "invocations"
    yield one_tile, "frame.tiles is 1", ("frame.queues",)
    alone = roofline and file.gpu_model == "roofline"
    published = ("calibration.baseline", "calibration.rest_share")
    yield alone, "gpu_model and frame.rest_model are roofline", published
    yield _block("nfp.encoding", encoding)
    yield _block("nfp.mlp", mlp)
    yield is_plugin(file.cluster.model), "cluster.model is a plug-in", ("cluster.dispatch",)
    yield is_plugin(frame.rest_model), "frame.rest_model is a plug-in", ("frame.fused",)


def _block(block: str, spec: Any) -> Rule:  # noqa: ANN401 - a spec with a model
    """Keys of a block that its plug-in does not use."""
    plugin = is_plugin(spec.model)
    uses = getattr(load(spec.model), "uses", None) if plugin else None
    idle = () if uses is None else (key for key in type(spec).model_fields if key not in {*uses, *_NAMING})
    return plugin, f"{block}.model is a plug-in that does not use it", tuple(f"{block}.{key}" for key in idle)
