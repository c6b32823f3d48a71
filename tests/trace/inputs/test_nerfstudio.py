"""Configurations of nerfstudio: the workload that they state; no tag of Python makes anything run."""

from pathlib import Path

import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import dump_yaml
from ngpc_sim.trace.inputs.nerfstudio import growth, read_config, refuse_checkpoint
from ngpc_sim.workloads.workload import load_workload

TEXT = Path(__file__).with_name("nerfstudio_config.yml").read_text()


@pytest.fixture
def written(tmp_path):
    def write(*changes, text=TEXT):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "config.yml"
        path.write_text(text)
        return path

    return write


def widths(tree):
    return [[network[key] for key in ("n_input_dims", "n_neurons", "n_hidden_layers")] for network in tree["networks"]]


def test_a_nerfacto_configuration_is_a_workload(written, tmp_path):
    """The colour network sees 16 harmonics, 15 outputs of the density network and 32 of the appearance: 63, padded."""
    tree = read_config(written())
    (tmp_path / "nerfacto.yaml").write_text(dump_yaml(tree))
    work = load_workload(tmp_path / "nerfacto.yaml")
    assert (work.app, work.encoding.n_levels, work.encoding.log2_hashmap_size) == ("nerf", 16, 19)
    assert work.encoding.per_level_scale == pytest.approx(128 ** (1 / 15), rel=1e-15)
    assert widths(tree) == [["encoding", 64, 1], [64, 64, 2]]
    assert [network["n_output_dims"] for network in tree["networks"]] == [16, 3]
    assert tree["sources"]["proposal_networks"] == (
        "measured: read from config.yml, not simulated: 5 levels up to 128, 2^17 entries, 16 neurons; "
        "5 levels up to 256, 2^17 entries, 16 neurons"
    )


def test_sizes_that_are_stated_are_taken(written):
    tree = read_config(
        written(("hidden_dim: 64", "hidden_dim: 128"), ("features_per_level: 2", "features_per_level: 4")),
    )
    assert widths(tree)[0][1] == 128
    assert tree["encodings"]["hashgrid"]["n_features_per_level"] == 4


def test_without_an_appearance_the_colour_network_is_narrower(written):
    tree = read_config(written(("use_appearance_embedding: true", "use_appearance_embedding: false")))
    assert widths(tree)[1][0] == 32


def test_the_instant_ngp_of_nerfstudio_has_the_default_field(written):
    tree = read_config(
        written(
            ("nerfstudio.models.nerfacto.NerfactoModelConfig", "nerfstudio.models.instant_ngp.InstantNGPModelConfig"),
            ("    use_appearance_embedding: true", "    grid_levels: 4"),
            ("    num_levels: 16\n", ""),
        )
    )
    assert tree["encodings"]["hashgrid"]["n_levels"] == 16
    assert widths(tree) == [["encoding", 64, 1], [32, 64, 2]]
    assert "proposal_networks" not in tree["sources"]


def test_another_backend_is_named_in_the_sources(written):
    tree = read_config(written(("implementation: tcnn", "implementation: torch")))
    assert "implementation torch, simulated as" in tree["sources"]["encodings.hashgrid"]


def test_the_growth_reaches_the_finest_level():
    assert growth(16, 1024, 7) == pytest.approx(2, rel=1e-15)
    assert growth(16, 1024, 1) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("nerfacto.NerfactoModelConfig", "splatfacto.SplatfactoModelConfig"), "of the model SplatfactoModelConfig"),
        (("    max_res: 2048\n", ""), "model states no max_res"),
        (("max_res: 2048", "max_res: 8"), "per_level_scale"),
        (("max_res: 2048", "max_res: many"), "max_res = 'many'"),
        (("num_levels: 16", "num_levels: 0"), "num_levels = 0"),
        (("num_levels: 16", "num_levels: 1000"), "n_levels = 1000"),
        (("pipeline:", "pipes:"), "states no pipeline"),
        (("proposal_net_args_list:\n    -", "proposal_net_args_list:\n    - 7\n    -"), "not what it should be"),
    ],
)
def test_what_cannot_be_simulated_is_refused(written, change, words):
    with pytest.raises(UserError, match=words):
        read_config(written(change))


def test_a_call_in_a_tag_is_not_made(written, tmp_path):
    """Each of these tags makes a file where a loader of objects runs it."""
    made = tmp_path / "made"
    for tag in ("apply:os.system", "new:os.system", "apply:subprocess.call"):
        change = ("- data\n- fox", f"- !!python/object/{tag} ['touch {made}']")
        assert read_config(written(change))["app"] == "nerf"
        assert not made.exists()


def test_other_tags_are_refused(written):
    with pytest.raises(UserError, match="not valid YAML"):
        read_config(written(("experiment_name: fox", "experiment_name: !foreign fox")))


def test_aliases_that_multiply_are_no_burden_and_many_are_refused(written):
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    assert read_config(written(text=f"{TEXT}a0: &a0 [1]\n{levels}"))["app"] == "nerf"
    with pytest.raises(UserError, match="more than 1000 aliases"):
        read_config(written(text=f"{TEXT}a: &a [1]\nb: [{', '.join(['*a'] * 1001)}]\n"))


@pytest.mark.parametrize("text", ["", "[1]", "a: &a {b: *a}", "a: " + "[" * 5000, "a: !!python/tuple &t [*t]"])
def test_what_is_no_configuration_is_one_sentence(written, text):
    with pytest.raises(UserError, match=r"config\.yml"):
        read_config(written(text=text))


def test_a_large_configuration_is_refused(written):
    with pytest.raises(UserError, match="larger than 131072 bytes"):
        read_config(written(text=TEXT + "#" * (1 << 17)))


def test_a_checkpoint_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(UserError, match=r"pickle.*binaries.*record that file"):
        refuse_checkpoint(tmp_path / "step-000029999.ckpt")
