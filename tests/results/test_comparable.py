"""Beside which rows a published mean stands."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.results.comparable import is_published_design, published_mean_beside

APPS = ("nerf", "nsdf", "gia", "nvr")


def rows(**changes):
    """Rows of the four apps as a plain run has them, the last one with changes."""
    made = [
        {"arch": "ngpc", "scale": 8, "app": app, "encoding": "hashgrid", "resolution": "fhd", "gpu": "rtx3090"}
        | {"trace": ngpc.load_workload(f"{app}-hashgrid").trace, "limit_queries": None, "frames_per_scene": None}
        for app in APPS
    ]
    made[-1] |= changes
    return made


def test_four_apps_at_a_published_scale_have_their_mean():
    assert published_mean_beside(rows()).value == 12.94


@pytest.mark.parametrize(
    "changes",
    [
        {"app": "gia"},
        {"app": "mine"},
        {"scale": 16},
        {"encoding": "lowres"},
        {"encoding": "spiral"},
        {"resolution": "4k"},
        {"resolution": "1920x1200"},
        {"gpu": "h200"},
        {"arch": "mine"},
        {"trace": "my-scene"},
        {"limit_queries": 500},
        {"frames_per_scene": 1},
        {"sequence": "orbit"},
        {"own_workload": True},
        {"nfp.clock_ghz": 1.5},
        {"gpu.l2_mib": 12},
        {"frame.fused": False},
        {"technology": "n28"},
    ],
    ids=lambda changes: "=".join(map(str, next(iter(changes.items())))),
)
def test_one_row_of_something_else_has_none(changes):
    assert published_mean_beside(rows(**changes)) is None


def test_how_costs_are_counted_makes_no_other_design():
    assert published_mean_beside(rows(**{"power.calibration": "published"})).value == 12.94
    assert is_published_design({"arch": "ngpc", "area_model": "n7_bitcell", "nfp.clock_ghz": None})


def test_no_row_has_no_mean():
    assert published_mean_beside([]) is None
