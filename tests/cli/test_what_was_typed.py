"""What was typed is used as it is written, or refused, or the run says that it changes nothing."""

import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import arch_names
from ngpc_sim.config.bundled import folder
from ngpc_sim.job.unused import REPLAYED
from ngpc_sim.workloads.workload import workload_names

QUICK = ("--scale", "8", "--app", "gia", "--detail", "bound")


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("--app", "nerf", "--app", "gia"), "--app"),
        (("--scale", "8", "--scale", "16"), "--scale"),
        (("--scale", "8", "--out", "a", "--out", "b"), "--out"),
        (("trace", "record", "nerf-room", "--seed", "1", "--seed", "2"), "--seed"),
    ],
)
def test_an_option_of_one_value_is_given_once(run, words, flag):
    ran = run(*words)
    assert (ran.status, ran.out, ran.written()) == (2, "", [])
    assert f"{flag} is given 2 times" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        (*QUICK, "--out", ""),
        (*QUICK, "--out", " "),
        (*QUICK, "--gpu", ""),
        (*QUICK, "--waveform", ""),
        (*QUICK, "--export", "accelergy", ""),
        ("arch", "show", ""),
        ("workload", "show", ""),
        ("explain", ""),
        ("trace", "info", ""),
    ],
)
def test_an_empty_word_is_refused(run, words):
    ran = run(*words)
    assert (ran.status, ran.out, ran.written()) == (2, "", [])
    assert "has an empty entry" in ran.err


def test_a_doubling_range_says_where_it_ends(run):
    said = " ".join(run("--scale", "8..100", *QUICK[2:]).out.split())
    assert "--scale 8..100 doubles and ends at 64" in said
    assert "ends at" not in run("--scale", "8..64", *QUICK[2:]).out


@pytest.mark.parametrize("name", ["my.yaml", "./my.yml", "sub/my.yaml"])
def test_a_file_s_results_go_to_a_folder_of_its_name(run, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("extends: ngpc\n")
    assert run(*QUICK, "--arch", name, "--quiet").status == 0
    assert (tmp_path / "out" / "my" / "results.csv").is_file()


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("--detail", "cycle", "--seed", "0"), "--seed"),
        (("--detail", "bound", "--relative-error", "0.01"), "--relative-error"),
    ],
)
def test_an_option_of_sampled_is_refused_elsewhere(run, words, flag):
    ran = run("--scale", "8", "--app", "gia", *words)
    assert (ran.status, ran.written()) == (2, [])
    assert f"{flag} changes nothing with --detail {words[1]}" in ran.err


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("calibration.queries_per_pixel.giaa=2", "calibration.queries_per_pixel.giaa has no effect"),
        ("calibration.rest_share.nerf=0.5", "calibration.rest_share.nerf has no effect"),
        ("calibration.rest_share={gja: 0.5}", "calibration.rest_share.gja has no effect"),
        ("nfp.encoding.banks=4", "nfp.encoding.banks cannot change a time"),
    ],
)
def test_a_key_without_effect_is_said(run, setting, says):
    assert says in " ".join(run(*QUICK, "--set", setting).out.split())


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("nfp.encoding.banks", (1, "ideal")),
        ("nfp.encoding.read_ports", (1, 4)),
        ("nfp.encoding.bank_map", ("low_bits", "xor_fold")),
        ("nfp.encoding.reuse", ("none", "last_voxel")),
        ("nfp.encoding.ways", (1, 8)),
        ("nfp.encoding.outstanding_lines", (1, 64)),
        ("nfp.encoding.latency_cycles.grid_index", (0, 900)),
        ("memory.l2_ways", (1, 64)),
        ("nfp.io.output_fifo_queries", (64, 1024)),
        ("cluster.dispatch", ("round_robin", "least_loaded")),
        ("frame.tiles", (1, 256)),
        ("frame.overlap", (True, False)),
        ("frame.schedule", ("invocations", "batches")),
        ("frame.front_end", ("queues", "persistent")),
        ("frame.queues", (1, 64)),
    ],
)
def test_what_a_bound_is_said_to_leave_out_changes_no_time_of_it(key, values):
    work, trace = ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
    archs = [ngpc.load_arch(overrides={key: value}) for value in values]
    assert key.startswith(REPLAYED)
    assert len({ngpc.simulate(arch, work, trace, detail="bound").frame_ms for arch in archs}) == 1


def own(tmp_path, name, encodings):
    """GIA's workload file with its hashgrid under other names."""
    tree = yaml.safe_load((folder("workloads") / "gia.yaml").read_text())
    tree["encodings"] = dict.fromkeys(encodings, tree["encodings"]["hashgrid"])
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.dump(tree, Dumper=Plain))


class Plain(yaml.SafeDumper):
    """Writes what stands twice twice."""

    def ignore_aliases(self, _):
        return True


@pytest.mark.parametrize(
    ("file", "words", "encodings"),
    [
        ("w.yaml", ("--app", "w.yaml"), ["mygrid"]),
        ("w.yaml", ("--app", "w.yaml", "--encoding", "mygrid"), ["mygrid"]),
        ("w.yml", ("--app", "w.yml:other"), ["other"]),
        ("exp.yaml_v2/w.yaml", ("--app", "exp.yaml_v2/w.yaml", "--encoding", "all"), ["mygrid", "other"]),
        ("w.yaml", ("--app", "gia,w.yaml:other", "--encoding", "lowres"), ["lowres", "other"]),
    ],
)
def test_an_own_encoding_is_run_as_typed(run, tmp_path, file, words, encodings):
    own(tmp_path, file, ["mygrid", "other"])
    ran = run("--scale", "8", "--detail", "bound", *words, "--out", "o")
    assert (ran.status, ran.err) == (0, "")
    assert [row["encoding"] for row in ran.rows("o")] == encodings


def test_the_folder_is_read_that_was_typed(run, tmp_path):
    own(tmp_path, "exp.yaml", ["wrong"])
    own(tmp_path, "exp.yaml_v2/w.yaml", ["right"])
    assert run("workload", "show", "exp.yaml_v2/w.yaml").out.count("right") > run(
        "workload", "show", "exp.yaml"
    ).out.count("right")


@pytest.mark.parametrize("name", arch_names())
def test_a_shown_architecture_is_that_architecture(run, tmp_path, name):
    (tmp_path / "again.yaml").write_text(run("arch", "show", name).out)
    again, first = ngpc.load_arch(tmp_path / "again.yaml"), ngpc.load_arch(name)
    assert again.resolved() == first.resolved()
    assert ngpc.load_arch(tmp_path / "again.yaml", gpu="orin").gpu == ngpc.load_arch(name, gpu="orin").gpu


@pytest.mark.parametrize("name", workload_names())
def test_a_shown_workload_is_that_workload(run, tmp_path, name):
    (tmp_path / "again.yaml").write_text(run("workload", "show", name).out)
    again = ngpc.load_workload(f"{tmp_path}/again.yaml")
    assert again == ngpc.load_workload(name)
    assert again.is_built_in


def test_a_derived_value_that_does_not_follow_is_refused(run, tmp_path):
    text = run("workload", "show", "gia-hashgrid").out.replace("base_resolution: 16", "base_resolution: 32", 1)
    (tmp_path / "again.yaml").write_text(text)
    assert "follows from the other keys" in run("--app", "again.yaml", *QUICK[:2]).err


def test_an_architecture_with_a_plug_in_is_shown_without_importing_it(run, tmp_path):
    (tmp_path / "stranger.py").write_text("raise SystemExit(7)\n")
    (tmp_path / "a.yaml").write_text('extends: ngpc\nnfp: {mlp: {model: "stranger:Mlp"}}\n')
    ran = run("arch", "show", "a.yaml")
    assert (ran.status, ran.err) == (0, "")
    assert yaml.safe_load(ran.out)["nfp"]["mlp"]["model"] == "stranger:Mlp"


def test_a_limit_that_no_trace_can_have_is_refused(run):
    ran = run("--scale", "8", "--app", "gia", "--limit-queries", "9" * 23)
    assert (ran.status, ran.out, ran.written()) == (2, "", [])
    assert "out of range: 1 or more, up to 2**53" in ran.err
