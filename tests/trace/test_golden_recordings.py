"""The armadillo as a user records it, against the counts of an independent program (golden/README.md)."""

import pytest

from ngpc_sim.trace.inputs.fields_of_files import subject_of
from ngpc_sim.trace.inputs.kinds import Look

FHD, UHD = (1920, 1080), (3840, 2160)
MORTON = "armadillo_occ128_dil1_morton.bin"


def check(calls, queries, invocations):
    assert sum(calls) == pytest.approx(queries, rel=0.01)
    assert abs(len(calls) - invocations) <= 1


@pytest.mark.parametrize(
    ("scene", "look", "size"),
    [
        ("nerf_99pct_in_8_steps_tight", {"density_width": 0.0, "dilate": 0}, FHD),
        pytest.param("nerf_soft_dil1", {}, FHD, marks=pytest.mark.nightly),
        pytest.param("nerf_soft_dil1", {"occupancy": MORTON}, FHD, marks=pytest.mark.nightly),
        pytest.param("nerf_soft_dil1_4k", {"compaction": "2023"}, UHD, marks=pytest.mark.nightly),
    ],
)
def test_a_radiance_field_around_the_armadillo_asks_the_golden_number_of_queries(
    scene, look, size, shared, golden_frames
):
    if "occupancy" in look:
        look = look | {"occupancy": shared / "golden" / look["occupancy"]}
    subject = subject_of(shared / "data" / "sdf" / "armadillo.obj", Look(app="nerf", **look))
    golden = golden_frames[scene]
    check([call.launched for call in subject.calls(*size)], golden["queries_launched"], golden["network_invocations"])


@pytest.mark.nightly
def test_the_armadillo_is_traced_with_the_golden_number_of_queries(shared, golden_frames):
    subject, golden = subject_of(shared / "data" / "sdf" / "armadillo.obj"), golden_frames["sdf_default_camera"]
    calls = [(call.phase, call.launched) for call in subject.calls(*FHD)]
    for phase, queries in golden["queries_launched"].items():
        own = [launched for name, launched in calls if phase in {name, "total"}]
        check(own, queries, golden["network_invocations"][phase])
