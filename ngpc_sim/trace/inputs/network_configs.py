"""Configurations of tiny-cuda-nn, as snapshots hold them: grid encoding, networks, and the parameters that they need.

Defaults and orders are those of tiny-cuda-nn (encodings/grid.h) and instant-ngp (nerf_network.h, testbed.cu):
secondary.
"""

from __future__ import annotations

from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import validate
from ngpc_sim.trace.inputs.fields import Fields
from ngpc_sim.workloads.grids import OUTPUT_PADDING, GridEncoding, grid_levels, padded, table_entries
from ngpc_sim.workloads.workload import Network

#: kinds of grids by the name of an encoding in lower case; "grid" has its kind under ``type``
_KINDS = {"hashgrid": "hash", "densegrid": "dense", "tiledgrid": "tiled"}
_KINDS_OF_GRID = {"hash": "hash", "dense": "dense", "tiled": "tiled"}
#: secondary: multiples to which the two kinds of networks pad, FullyFusedMLP and CutlassMLP
PADDINGS = (OUTPUT_PADDING, 8)
_DENSITY_OUTPUTS = 16  # secondary: nerf_network.h
_HARMONICS = 16  # secondary: degree 4, of the application's own configuration


def grid_encoding(config: Fields, n_dims: int) -> GridEncoding:
    """Grid encoding of ``n_dims`` input dimensions; ``per_level_scale`` is what the file has, never recomputed.

    Raises
    ------
    UserError
        Where the encoding is no grid, of a kind that is not simulated, or a key is missing or beyond its range.
    """
    otype = config.word("otype").lower()
    kind = _KINDS_OF_GRID.get(config.word("type", "Hash").lower()) if otype == "grid" else _KINDS.get(otype)
    if kind is None:
        raise config.wrong("otype", config.word("otype"), "HashGrid, DenseGrid or TiledGrid")
    interpolation = config.word("interpolation", "Linear")
    if interpolation.lower() not in {"linear", "smoothstep"}:
        raise config.wrong("interpolation", interpolation, "Linear or Smoothstep")
    if (hashed := config.word("hash", "CoherentPrime")).lower() != "coherentprime":
        raise config.wrong("hash", hashed, "CoherentPrime")
    values = {
        "kind": kind,
        "n_dims": n_dims,
        "n_levels": config.whole("n_levels", 16),
        "n_features_per_level": config.whole("n_features_per_level", 2),
        "log2_hashmap_size": config.whole("log2_hashmap_size", 19),
        "base_resolution": config.whole("base_resolution"),
        "per_level_scale": config.number("per_level_scale"),
        "interpolation": interpolation.lower(),
    }
    return checked_encoding(values, config.name)


def checked_encoding(values: dict[str, Any], name: str) -> GridEncoding:
    """Encoding of these values, whose levels exist; ``name`` begins an error."""
    encoding = validate(GridEncoding, values, name)
    try:
        grid_levels(encoding)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    return encoding


def checked_network(values: tuple[str, int | str, int, int, int], name: str) -> Network:
    """Network of name, inputs, neurons, hidden layers and outputs; ``name`` begins an error."""
    keys = ("name", "n_input_dims", "n_neurons", "n_hidden_layers", "n_output_dims")
    return validate(Network, dict(zip(keys, values, strict=True)), name)


def plain_network(config: Fields, n_outputs: int) -> tuple[Network, ...]:
    """The one network of an app that is no radiance field."""
    return (_network(config, "mlp", "encoding", n_outputs),)


def radiance_networks(density: Fields, color: Fields, directions: Fields, n_extra: int) -> tuple[Network, ...]:
    """Density and colour network; the colour network sees density outputs, directions and ``n_extra`` dimensions."""
    n_density = density.whole("n_output_dims", _DENSITY_OUTPUTS, least=1)
    inputs = padded(n_density, OUTPUT_PADDING) + padded(_direction_width(directions, n_extra), OUTPUT_PADDING)
    return _network(density, "density", "encoding", n_density), _network(color, "color", inputs, 3)


def unusual(density: Fields, color: Fields, directions: Fields, n_extra: int) -> str:
    """The first thing that a radiance field computes otherwise than the application's own configuration, or nothing.

    That has rectified hidden layers, outputs as they are, and spherical harmonics of degree 4 alone.
    """
    for name, network in (("network", density), ("rgb_network", color)):
        for key, usual in (("activation", "ReLU"), ("output_activation", "None")):
            if str(network.values.get(key, usual)).lower() != usual.lower():
                return f"{name}.{key} is not {usual}"
    if n_extra or _direction_width(directions, n_extra) != _HARMONICS:
        return "the colour network reads more or less than 16 spherical harmonics of a direction"
    return ""


def parameter_counts(encoding: GridEncoding, networks: tuple[Network, ...]) -> list[int]:
    """Parameters of grid and networks together, for each of ``PADDINGS``."""
    features = encoding.n_levels * encoding.n_features_per_level
    tables = table_entries(encoding) * encoding.n_features_per_level
    return [
        tables
        + sum(
            inputs * outputs
            for network in networks
            for inputs, outputs in network.matrices(padded(features, padding), padding)
        )
        for padding in PADDINGS
    ]


def _network(config: Fields, name: str, inputs: int | str, n_outputs: int) -> Network:
    width, depth = config.whole("n_neurons", 128), config.whole("n_hidden_layers", 5)
    return checked_network((name, inputs, width, depth, n_outputs), config.name)


def _direction_width(config: Fields, n_extra: int) -> int:
    """Outputs of the encoding of directions, padding left out."""
    otype = config.word("otype").lower()
    if otype == "composite":
        nested = config.values.get("nested")
        if not isinstance(nested, list):
            raise config.wrong("nested", nested, "a list of encodings")
        return sum(_direction_width(Fields(part, f"{config.name}, nested"), n_extra) for part in nested)
    if otype == "sphericalharmonics":
        return config.whole("degree", 4, least=1) ** 2
    if otype == "identity":
        return n_extra
    raise config.wrong("otype", config.word("otype"), "SphericalHarmonics, Identity or a Composite of them")
