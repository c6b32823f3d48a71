"""A trained scene whose frame can run on a device: a snapshot of instant-ngp with its own table and weights.

Camera, box and occupancy are those with which it is recorded. The parameters of a radiance field stand in the order
density network, colour network, grid (secondary: instant-ngp, nerf_network.h); each matrix by rows of an output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.texts import printable
from ngpc_sim.gpu.measured.frames.network_call import Parameters
from ngpc_sim.gpu.measured.network import check_grid, check_matrices
from ngpc_sim.trace.inputs.fields_of_files import name_of, subject_of_snapshot
from ngpc_sim.trace.inputs.network_configs import PADDINGS, parameter_counts
from ngpc_sim.trace.inputs.snapshots import Snapshot, read_snapshot, workload_tree
from ngpc_sim.trace.loops.nerf import NerfScene
from ngpc_sim.workloads.grids import padded
from ngpc_sim.workloads.workload import Workload, from_file, workload_names

Array = np.ndarray[Any, Any]
#: what kernel_sh and extract_density take the networks of a radiance field for: 16 features of the density network, of
#: which the first is the density's logarithm, behind them 16 spherical harmonics, and three colours
SHAPE = (16, 32, 3)


@dataclass(frozen=True)
class Trained:
    """A snapshot: its workload, whose ``label`` its frame is filed under, its scene, and its parameters.

    ``file``: the snapshot's name; ``notes``: what a reader should know of the scene.
    """

    file: str
    work: Workload
    scene: NerfScene
    parameters: Parameters
    notes: tuple[str, ...]


def trained(path: Path, works: Sequence[Workload]) -> Trained:
    """The snapshot of a file, among the frames of ``works``.

    Raises
    ------
    UserError
        For a file that is no snapshot or damaged; one of another app than those of ``works``, without a scene, or
        called like a built-in workload; and networks that the kernels do not compute.
    """
    snapshot, where = read_snapshot(path), f"--snapshot {path}"
    tree = workload_tree(snapshot)
    work = from_file(tree, f"{name_of(path)}-{next(iter(tree['encodings']))}", path.name)
    if work.app not in {one.app for one in works}:
        raise UserError(f"{where} is of app '{work.app}', which is not among those that --app names.")
    subject = subject_of_snapshot(snapshot)
    if work.label in workload_names():
        raise UserError(f"{where}: its frame would be called {work.label}, as a built-in one: rename the file.")
    if snapshot.unusual:
        raise UserError(f"{where} cannot run on the kernels of a GPU: {snapshot.unusual}.")
    density, color = work.networks
    if (density.n_output_dims, color.n_input_dims, color.n_output_dims) != SHAPE:
        raise UserError(f"{where} cannot run on the kernels of a GPU: its density network should have 16 outputs.")
    try:
        check_grid(work.encoding)
        for network in work.networks:
            check_matrices(network.matrices(work.encoding.width))
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return Trained(printable(path.name), work, subject.frame, _parameters(snapshot, work, where), subject.notes)


def _parameters(snapshot: Snapshot, work: Workload, where: str) -> Parameters:
    """Weights and table, the weights with zeros where the kernels pad a matrix and the file does not."""
    with np.errstate(over="ignore"):
        in_half = snapshot.params.astype(np.float16)
    if not np.isfinite(in_half).all():
        raise UserError(f"{where} has parameters that are no numbers in float16.")
    counts = parameter_counts(snapshot.encoding, snapshot.networks)
    padding = PADDINGS[counts.index(snapshot.n_params)]
    width, grid = padded(work.encoding.n_levels * work.encoding.n_features_per_level, padding), work.encoding.width
    weights, first = [], 0
    for network in work.networks:
        matrices = []
        for own, ours in zip(network.matrices(width, padding), network.matrices(grid), strict=True):
            size = own[0] * own[1]
            matrix = snapshot.params[first : first + size].reshape(own[1], own[0])
            matrices.append(np.pad(matrix, ((0, ours[1] - own[1]), (0, ours[0] - own[0]))).ravel())
            first += size
        weights.append(np.concatenate(matrices))
    return Parameters(snapshot.params[first:], tuple(weights))
