"""Every difference between the paper's architecture and ours is one step's, or cannot touch time."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import all_keys
from ngpc_sim.config.schema import dotted_leaves
from ngpc_sim.paper.ladder import Climb, climb
from ngpc_sim.paper.ladder.games import Game
from ngpc_sim.paper.ladder.steps import among, groups, rung, steps_between, untimed

#: what the ladder is about, by name and in this order
ORDER = [
    *("workload", "banks", "tables", "dispatch", "schedule", "tiles", "memory", "rest", "kernels", "costs", "gaps"),
]


@pytest.fixture(scope="module")
def both():
    return ngpc.load_arch("ngpc-paper", scale=8), ngpc.load_arch("ngpc", scale=8)


def timed(arch):
    """Values by dotted key, without those that only name, describe or price a design, or say where a value is from."""
    values = {key: value for key, value in dotted_leaves(arch.resolved()) if not without_time(key)}
    of_gpu = [key for key in values if key.startswith("gpu_file.")]
    numbers = {key: values.pop(key) for key in of_gpu}
    return values | {
        key.replace("gpu_file", "gpu").removesuffix(".value"): value
        for key, value in numbers.items()
        if not key.endswith((".source", ".tag", ".unit"))
    }


def without_time(key):
    words = ("name", "description", "technology", "area_model", "calibration.label")
    return key in words or key.startswith(("sources.", "technology_file.", "power.", "gpu_overrides"))


def test_steps_stand_in_the_order_of_the_ladder(both):
    assert [step.name for step in steps_between(*both)] == ORDER


def test_every_key_that_differs_belongs_to_exactly_one_step(both):
    first, last = map(timed, both)
    different = [key for key in {**first, **last} if first.get(key) != last.get(key)]
    assert different
    for key in different:
        owners = [s.name for s in steps_between(*both) if any(f"{key}.".startswith(f"{own}.") for own in s.values)]
        assert len(owners) == 1, key


def test_no_key_belongs_to_two_groups_or_to_one_and_to_the_untimed():
    for key in all_keys():
        assert sum(group.has(key) for group in groups()) + among(key, untimed()) <= 1, key


def test_all_steps_together_make_the_last_architecture(both):
    assert timed(rung("ngpc-paper", steps_between(*both), 8)) == timed(both[1])
    assert rung("ngpc-paper", [], 8) == both[0]


def test_keys_that_no_step_has_do_not_touch_the_speedup(speedup):
    others = {"technology": "n7-paper", "area_model": "stillmaker_uniform", "calibration.label": "fitted"}
    others |= {"power.gating": "power", "memory.table_load": "unicast", "memory.prefetch_next_scene": True}
    assert speedup("gia", "ngpc", 8, others) == speedup("gia", "ngpc", 8)
    assert all(among(key, untimed()) for key in others)


def test_a_key_without_a_step_is_refused(written):
    other = written("other", "extends: ngpc\nnfp: {clock_ghz: 2}\n")
    with pytest.raises(ngpc.UserError, match=r"'nfp\.clock_ghz' differs between ngpc-paper and other"):
        climb(Climb(last=other))


def test_a_number_of_the_gpu_that_differs_is_one_key_and_is_refused_without_a_step(written):
    other = written("other", "extends: ngpc\ngpu_overrides: {l2_mib: 12, dispatch_ns: 100}\n")
    with pytest.raises(ngpc.UserError, match=r"'gpu\.l2_mib' differs between ngpc-paper and other"):
        climb(Climb(last=other))
    steps = Climb(last=written("near", "extends: ngpc\ngpu_overrides: {dispatch_ns: 100}\n")).steps()
    gaps = next(step for step in steps if step.name == "gaps")
    assert (gaps.before, gaps.values) == ({"gpu.dispatch_ns": 0}, {"gpu.dispatch_ns": 100})


def test_steps_that_are_no_architecture_together_are_refused_by_name(written):
    large = written("large", "extends: ngpc\nnfp: {encoding: {grid_sram_kib: 32768}}\n")
    with pytest.raises(ngpc.UserError, match=r"ngpc-paper with .*tables.* is no architecture"):
        climb(Climb(last=large, scales=(1,), apps=("gia",)), jobs=1)


@pytest.mark.parametrize(("bytes_", "acts"), [(1, False), (2, True)])
def test_a_cache_is_left_out_of_the_combinations_only_where_every_table_fits(written, bytes_, acts):
    features = f"nfp: {{encoding: {{feature_bytes: {bytes_}}}}}\n"
    first = written("first", "extends: ngpc-paper\n" + features)
    last = written("last", "extends: ngpc\n" + features)
    steps = tuple(step for step in Climb(first, last).steps() if step.values)
    place = [step.name for step in steps].index("tables")
    acting = {app: Game(first, steps, f"{app}-hashgrid", 8).acting() >> place & 1 for app in ("nerf", "gia")}
    assert acting == {"nerf": acts, "gia": False}


@pytest.mark.parametrize("app", ["nerf", "nsdf", "gia", "nvr"])
def test_a_step_that_is_left_out_has_no_effect_where_it_is_not(speedup, app):
    policies = ({"nfp.encoding.table_policy": policy} for policy in ("cache", "assume_fit"))
    with_cache, without = (speedup(app, "ngpc", 8, policy, 3000) for policy in policies)
    assert with_cache == without
