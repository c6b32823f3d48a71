"""Keys that cannot change a result of an architecture, and what makes them idle.

A value that nobody reads looks like a knob and lies. Which keys a plug-in reads only its author knows: a
class says so in ``uses``, a tuple of key names of its block; without it the whole block counts as read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ngpc_sim.architecture.arch_file import ArchFile
from ngpc_sim.config.plugins import is_plugin, load

#: keys of a block that say which engine it is, and so are read before there is one
_NAMING = {"model", "options"}


def unused_keys(file: ArchFile) -> dict[str, list[str]]:
    """Idle dotted keys of an architecture by the reason for it; plug-ins must have been allowed."""
    found: dict[str, list[str]] = {}
    for key, reason in (*_by_setting(file), *_by_plugin(file)):
        if key not in found.setdefault(reason, []):
            found[reason].append(key)
    return found


def _by_setting(file: ArchFile) -> Iterator[tuple[str, str]]:
    encoding, mlp = file.nfp.encoding, file.nfp.mlp
    if encoding.table_policy != "cache":
        keys = ("nfp.encoding.ways", "nfp.encoding.outstanding_lines", "memory.l2_ways", "memory.dram_model")
        lines = () if encoding.sharing == "partition" else ("nfp.encoding.line_bytes",)
        yield from ((key, f"nfp.encoding.table_policy is {encoding.table_policy}") for key in (*keys, *lines))
    if encoding.banks == "ideal":
        for key in ("read_ports", "bank_map"):
            yield f"nfp.encoding.{key}", "nfp.encoding.banks is ideal"
    if mlp.dataflow == "systolic_ws":
        for key in ("pipeline_depth", "weight_double_buffer"):
            yield f"nfp.mlp.{key}", "nfp.mlp.dataflow is systolic_ws"
    if file.frame.schedule == "batches":
        yield "frame.pre_share", "frame.schedule is batches"
    yield from _by_rest_model(file)


def _by_rest_model(file: ArchFile) -> Iterator[tuple[str, str]]:
    if file.frame.rest_model != "roofline":
        for key in ("sync_overhead_us", "ray_state"):
            yield f"frame.{key}", "frame.rest_model is not roofline"
        return
    if not file.frame.fused:
        yield "frame.ray_state", "frame.fused is false"
    if file.gpu_model == "roofline":
        for key in ("baseline", "rest_share"):
            yield f"calibration.{key}", "gpu_model and frame.rest_model are roofline"


def _by_plugin(file: ArchFile) -> Iterator[tuple[str, str]]:
    for block, spec in (("nfp.encoding", file.nfp.encoding), ("nfp.mlp", file.nfp.mlp)):
        yield from _block(block, spec, f"{block}.model is a plug-in that does not use it")
    if is_plugin(file.cluster.model):
        yield "cluster.dispatch", "cluster.model is a plug-in"
    if is_plugin(file.frame.rest_model):
        yield "frame.fused", "frame.rest_model is a plug-in"


def _block(block: str, spec: Any, reason: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a spec with a model
    if is_plugin(spec.model):
        uses = getattr(load(spec.model), "uses", None)
        for key in type(spec).model_fields:
            if uses is not None and key not in uses and key not in _NAMING:
                yield f"{block}.{key}", reason
