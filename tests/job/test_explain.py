"""What ``ngpc-sim explain`` says of names as people type them."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job.explain import explain


@pytest.mark.parametrize(("typed", "known"), [("FPS", "fps"), (" fps ", "fps"), ("NFP.clock_GHz", "nfp.clock_ghz")])
def test_a_name_is_known_in_other_letters_and_between_spaces(typed, known):
    assert explain(typed) == explain(known)


def test_an_entry_of_a_mapping_is_explained_as_the_mapping():
    key = "calibration.queries_per_pixel"
    assert explain(f"{key}.nerf") == explain(key).replace(key, f"{key}.nerf", 1)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nfp.mlp", "'nfp.mlp' holds several keys: explain one of nfp.mlp.model, "),
        ("rows", "the nearest known is nfp.mlp.rows, nfp.mlp.weight_rows_per_cycle."),
        ("gpu.l2_mb", "the nearest known is 'gpu.l2_mib'."),
        ("speedupp", "the nearest known is 'speedup'."),
        ("nfp.clock_ghz.x", "unknown column or key 'nfp.clock_ghz.x'"),
        ("calibration.rest_share.", "unknown column or key 'calibration.rest_share.'"),
    ],
)
def test_an_unknown_name_is_answered_with_what_has_it_inside_or_is_near(name, says):
    with pytest.raises(ngpc.UserError) as caught:
        explain(name)
    assert says in str(caught.value)
