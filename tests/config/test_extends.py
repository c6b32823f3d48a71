"""A file extends another, and overrides are laid on top."""

import pytest

import ngpc_sim as ngpc


def test_a_file_changes_only_what_it_names(write):
    ours, base = ngpc.load_arch(write("extends: ngpc\nname: x\nnfp: {mlp: {rows: 128}}\n")), ngpc.load_arch("ngpc")
    assert ours.nfp.mlp.rows == 128
    assert ours.nfp.mlp.model_copy(update={"rows": 64}) == base.nfp.mlp
    assert ours.nfp.encoding == base.nfp.encoding
    assert ours.frame == base.frame


def test_a_path_is_relative_to_the_file_that_extends(write, tmp_path, monkeypatch):
    write("extends: ngpc\nname: below\nscale: 5\n", "parts/below.yaml")
    top = write("extends: ./below.yaml\nname: top\n", "parts/top.yaml")
    write("extends: ../parts/top.yaml\nname: side\n", "other/side.yaml")
    monkeypatch.chdir(tmp_path)
    assert (ngpc.load_arch(top).name, ngpc.load_arch(top).scale) == ("top", 5)
    assert ngpc.load_arch("other/side.yaml").scale == 5


def test_the_last_file_of_a_chain_wins(write):
    write("extends: ngpc\nscale: 3\nnfp: {clock_ghz: 1.5}\n", "a.yaml")
    write("extends: a.yaml\nscale: 4\n", "b.yaml")
    arch = ngpc.load_arch(write("extends: b.yaml\nnfp: {mlp: {cols: 32}}\n", "c.yaml"))
    assert (arch.scale, arch.nfp.clock_ghz, arch.nfp.mlp.cols) == (4, 1.5, 32)


def test_a_file_that_extends_itself_is_refused(write, sentence):
    assert "goes in a circle" in sentence(ngpc.load_arch, write("extends: mine.yaml\n"))


def test_two_files_that_extend_each_other_are_refused(write, sentence):
    write("extends: b.yaml\n", "a.yaml")
    assert "goes in a circle" in sentence(ngpc.load_arch, write("extends: a.yaml\n", "b.yaml"))


def chain(write, files):
    write("extends: ngpc\nscale: 7\n", "0.yaml")
    for number in range(1, files):
        write(f"extends: {number - 1}.yaml\n", f"{number}.yaml")
    return write(f"extends: {files - 1}.yaml\n", "last.yaml")


def test_a_chain_as_long_as_allowed_is_followed(write):
    assert ngpc.load_arch(chain(write, 6)).scale == 7


def test_a_longer_chain_is_refused(write, sentence):
    assert "more than 8 files deep" in sentence(ngpc.load_arch, chain(write, 7))


@pytest.mark.parametrize("parent", ["[ngpc]", "{a: 1}", "5"])
def test_only_one_file_can_be_extended(refused, parent):
    assert "line 1: extends must be the name or path of one file" in refused(f"extends: {parent}\n")


def test_an_unknown_parent_names_the_nearest(refused):
    assert "unknown architecture 'ngcp'; the nearest known is 'ngpc'" in refused("extends: ngcp\n")


def test_scale_and_overrides_are_laid_on_the_file(write):
    path = write("extends: ngpc\nscale: 3\nnfp: {clock_ghz: 1.5}\n")
    arch = ngpc.load_arch(path, scale=16, overrides={"nfp.clock_ghz": 1.2, "nfp.encoding.banks": "ideal"})
    assert (arch.scale, arch.nfp.clock_ghz, arch.nfp.encoding.banks) == (16, 1.2, "ideal")
    assert arch.clock_hz == 1_200_000_000


def test_an_override_can_set_a_whole_section():
    io = {
        "input_bytes_per_cycle": 1,
        "output_bytes_per_cycle": 2,
        "output_fifo_queries": 64,
        "queries_per_output": 3,
    }
    assert ngpc.load_arch(overrides={"nfp.io": io}).nfp.io.model_dump() == io


def test_an_override_can_set_one_entry_of_a_mapping():
    arch = ngpc.load_arch(overrides={"calibration.queries_per_pixel.nerf": 12.5})
    assert arch.calibration.queries_per_pixel == {"nerf": 12.5}


def test_an_architecture_cannot_be_changed():
    arch = ngpc.load_arch()
    for owner, key in ((arch, "file"), (arch.file, "scale"), (arch.nfp.mlp, "rows")):
        with pytest.raises(Exception, match=r"frozen|cannot assign"):
            setattr(owner, key, 1)
