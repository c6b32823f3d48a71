"""Networks of nerfstudio: ``config.yml`` gives a workload; a checkpoint needs pickle, which runs code, and is refused.

Field names and rules of nerfstudio 1.x (models/nerfacto.py, models/instant_ngp.py, fields/nerfacto_field.py,
field_components/encodings.py); secondary. The growth of the grid is computed as nerfstudio computes it. Proposal
networks are named in the file's sources and not simulated.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NoReturn

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.tagged_yaml import CLASS, load_tagged_yaml
from ngpc_sim.trace.inputs.fields import Fields
from ngpc_sim.trace.inputs.network_configs import checked_encoding, checked_network
from ngpc_sim.trace.inputs.workload_trees import app_tree, measured
from ngpc_sim.workloads.grids import OUTPUT_PADDING, GridEncoding, padded
from ngpc_sim.workloads.workload import Network

#: configurations of models whose field is NerfactoField alone
_NERFACTO, _NGP = ("NerfactoModelConfig", "DepthNerfactoModelConfig"), "InstantNGPModelConfig"
#: secondary: defaults of NerfactoField, which a model passes on or leaves alone
_LEVELS, _BASE, _FEATURES, _WIDTH = 16, 16, 2, 64
_HARMONICS, _GEOMETRY, _APPEARANCE = 16, 15, 32
_DENSITY_LAYERS, _COLOR_LAYERS = 2, 3


def read_config(path: Path) -> dict[str, Any]:
    """Tree of a workload file from a ``config.yml`` of nerfstudio.

    Raises
    ------
    UserError
        Where the file is no such configuration, or its model is neither nerfacto nor instant-ngp.
    """
    model = Fields(load_tagged_yaml(path), f"configuration {path}").below("pipeline").below("model")
    kind = model.word(CLASS, "a model without a class").rpartition(".")[2]
    if kind != _NGP and kind not in _NERFACTO:
        raise UserError(
            f"configuration {path} is of the model {kind[:60]}: one of nerfacto or instant-ngp would be right, "
            "whose networks are known."
        )
    is_ngp = kind == _NGP
    encoding = _encoding(model, 0 if is_ngp else model.whole("num_levels", least=1))
    source = measured(path)
    backend = model.word("implementation", "tcnn")
    note = "" if backend == "tcnn" else f"; implementation {backend}, simulated as tiny-cuda-nn lays out its tables"
    sources = {"networks": source, "encoding": f"{source}; per_level_scale as nerfstudio computes it{note}"}
    title = f"Model {'instant-ngp' if is_ngp else 'nerfacto'} of nerfstudio, {path.name}"
    tree = app_tree("nerf", title, encoding, _networks(model, is_ngp=is_ngp), sources)
    if not is_ngp:
        tree["sources"]["proposal_networks"] = f"{source}, not simulated: {_proposals(model)}"
    return tree


def refuse_checkpoint(path: Path) -> NoReturn:
    """Refuse a ``.ckpt`` file, and say how its occupancy is exported."""
    raise UserError(
        f"checkpoint {path} is a pickle, which would run code: save its occupancy inside nerfstudio with "
        "numpy.save('occupancy.npy', model.occupancy_grid.binaries.cpu().numpy()) and record that file."
    )


def growth(base: int, finest: int, n_levels: int) -> float:
    """Per-level scale, exp((ln finest - ln base) / (L - 1)) in float64; 1 for one level."""
    return math.exp((math.log(finest) - math.log(base)) / (n_levels - 1)) if n_levels > 1 else 1.0


def _encoding(model: Fields, n_levels: int) -> GridEncoding:
    """Hash grid of the field; ``n_levels`` 0 stands for the field's default."""
    base, finest, n_levels = (
        model.whole("base_res", _BASE, least=1),
        model.whole("max_res", least=1),
        n_levels or _LEVELS,
    )
    values = {
        "kind": "hash",
        "n_dims": 3,
        "n_levels": n_levels,
        "n_features_per_level": model.whole("features_per_level", _FEATURES),
        "log2_hashmap_size": model.whole("log2_hashmap_size"),
        "base_resolution": base,
        "per_level_scale": growth(base, finest, n_levels),
    }
    return checked_encoding(values, model.name)


def _networks(model: Fields, *, is_ngp: bool) -> tuple[Network, ...]:
    """Density and colour network; the latter sees harmonics, geometry and an appearance, padded with ones."""
    uses_appearance = model.values.get("use_appearance_embedding", not is_ngp) is True
    appearance = model.whole("appearance_embed_dim", _APPEARANCE) if uses_appearance else 0
    inputs = padded(_HARMONICS + _GEOMETRY + appearance, OUTPUT_PADDING)
    width, color_width = (_WIDTH, _WIDTH) if is_ngp else (model.whole("hidden_dim"), model.whole("hidden_dim_color"))
    return (
        checked_network(("density", "encoding", width, _DENSITY_LAYERS - 1, 1 + _GEOMETRY), model.name),
        checked_network(("color", inputs, color_width, _COLOR_LAYERS - 1, 3), model.name),
    )


def _proposals(model: Fields) -> str:
    """Proposal networks in words."""
    networks = model.values.get("proposal_net_args_list")
    if not isinstance(networks, list) or len(networks) > 16:
        raise model.wrong("proposal_net_args_list", networks, "a list of up to 16 networks")
    known = (Fields(network, f"{model.name}, proposal_net_args_list") for network in networks)
    texts = [
        f"{one.whole('num_levels', 8)} levels up to {one.whole('max_res', 1024)}, "
        f"2^{one.whole('log2_hashmap_size', 18)} entries, {one.whole('hidden_dim', 64)} neurons"
        for one in known
    ]
    return "; ".join(texts) or "none"
