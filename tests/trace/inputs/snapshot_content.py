"""Contents of small snapshots, written from the description of the format, for tests and mutants."""

import numpy as np

CELLS = 128**3
#: entries of two dense levels of 4 and 7 points an axis, rounded up to 8
ENTRIES = 64 + 344
DENSITY_WEIGHTS, COLOR_WEIGHTS = 16 * 16 + 16 * 16, 32 * 16 + 16 * 16


def density(n_cascades=1, cells=((0, 5),), kind="<f2", value=0.5):
    """Densities with some cells (cascade, Morton number) on."""
    grid = np.zeros((n_cascades, CELLS), kind)
    for cascade, number in cells:
        grid[cascade, number] = value
    return grid.tobytes()


def snapshot(aabb_scale=1, state=None, **config):
    """A map as instant-ngp stores it, of mode nerf; ``state`` replaces keys of its snapshot, None takes one away."""
    n_params = ENTRIES * 2 + DENSITY_WEIGHTS + COLOR_WEIGHTS
    network = {"otype": "FullyFusedMLP", "n_neurons": 16, "n_hidden_layers": 1}
    grid = {"otype": "HashGrid", "n_levels": 2, "n_features_per_level": 2, "log2_hashmap_size": 12}
    stored = {
        "version": 1,
        "mode": "nerf",
        "n_params": n_params,
        "params_type": "__half",
        "params_binary": np.arange(n_params, dtype="<f2").tobytes(),
        "density_grid_size": 128,
        "density_grid_binary": density(aabb_scale.bit_length()),
        "training_step": 7,
        "camera": {
            "matrix": [[1.0, 0.0, 0.0, 0.5], [0.0, -1.0, 0.0, 0.5], [0.0, 0.0, -1.0, 2.0]],
            "fov_axis": 1,
            "relative_focal_length": [1.0, 1.0],
            "screen_center": [0.5, 0.5],
        },
        "nerf": {"aabb_scale": aabb_scale, "dataset": {"n_images": 0, "paths": []}},
        "optimizer": {"first_moments": b"\0" * 100, "nested": [[1, 2], {"a": [3]}]},
    } | (state or {})
    whole = {
        "encoding": {**grid, "base_resolution": 4, "per_level_scale": 1.75},
        "network": network,
        "rgb_network": network,
        "dir_encoding": {
            "otype": "Composite",
            "nested": [{"otype": "SphericalHarmonics", "degree": 4}, {"otype": "Identity"}],
        },
        "loss": {"otype": "L2"},
        "snapshot": {key: value for key, value in stored.items() if value is not None},
    }
    return {key: value for key, value in (whole | config).items() if value is not None}
