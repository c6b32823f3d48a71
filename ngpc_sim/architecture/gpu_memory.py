"""The bandwidths that an architecture's ``memory`` shares with its GPU: null there is the GPU's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ngpc_sim.architecture.gpu import GpuSpec
from ngpc_sim.config.schema import set_dotted
from ngpc_sim.config.yaml_files import Tree

#: keys of ``memory`` that a GPU file has too; null there is the GPU's own
GPU_BANDWIDTHS = ("l2_gbps", "dram_gbps")
#: how keys of the GPU's file begin among those of an architecture
OF_GPU = "gpu."
#: where an architecture keeps values of the GPU's file that are others
OVERRIDES = "gpu_overrides"


def with_memory_of_gpu(
    tree: Tree, chosen: Mapping[str, Any], read_gpu: Callable[[str], GpuSpec], *, other: bool
) -> Tree:
    """Tree with the GPU's bandwidths where they are null or, for an ``other`` GPU than the file's, not chosen."""
    memory = tree.get("memory")
    sources = tree.get("sources", {})
    if not (isinstance(memory, dict) and isinstance(sources, dict) and isinstance(tree.get("gpu"), str)):
        return tree
    wanted = [
        key
        for key in GPU_BANDWIDTHS
        if (key in memory and memory[key] is None)
        or ((other or _sets_gpu(chosen, key)) and not {"memory", f"memory.{key}"} & chosen.keys())
    ]
    gpu = read_gpu(tree["gpu"]) if wanted else None
    for key in wanted:
        own = getattr(gpu, key)
        if gpu is not None and own is not None:
            source = {f"memory.{key}": f"{own.tag}: {gpu.name}, {own.source}"}
            tree = set_dotted({**tree, "sources": {**tree.get("sources", {}), **source}}, f"memory.{key}", own.value)
    return tree


def follows_gpu(tree: Tree) -> Tree:
    """Tree of one file with null, the GPU's own, for each bandwidth that it sets of the GPU and not of ``memory``."""
    values, memory = tree.get(OVERRIDES), tree.get("memory", {})
    if not (isinstance(values, dict) and isinstance(memory, dict)):
        return tree
    own: Tree = {key: None for key in GPU_BANDWIDTHS if key in values}
    return {**tree, "memory": own | memory} if own else tree


def _sets_gpu(chosen: Mapping[str, Any], key: str) -> bool:
    """Whether overrides set a number of the GPU, under any of its spellings."""
    whole = chosen.get(OVERRIDES)
    return bool({f"{OF_GPU}{key}", f"{OVERRIDES}.{key}"} & chosen.keys()) or (isinstance(whole, dict) and key in whole)
