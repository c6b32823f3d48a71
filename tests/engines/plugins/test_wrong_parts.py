"""A plug-in that answers wrongly or raises ends in one sentence that names its class and method."""

import pytest

import ngpc_sim as ngpc

NUMBERS = ("float", "whole_float", "nan", "negative", "text", "none", "huge", "raises")
ARRAYS = ("float", "nan", "negative", "short", "flat", "none", "raises")
ENGINE, MLP, NFP = "wrong_parts:Engine", "wrong_parts:Mlp", "wrong_parts:Processor"


def refusal(arch, detail="cycle"):
    work = ngpc.load_workload("gia-hashgrid")
    with pytest.raises(ngpc.UserError) as refused:
        ngpc.simulate(arch, work, ngpc.load_trace(work.trace), limit_queries=400, detail=detail)
    return str(refused.value)


@pytest.fixture
def sentence(plugin_arch):
    """What is said of a block whose ``part`` is wrong."""

    def refuse(block, model, part, how, detail="cycle", **more):
        return refusal(
            plugin_arch(**{f"{block}.model": model, f"{block}.options": {"part": part, "how": how}}, **more), detail
        )

    return refuse


@pytest.mark.parametrize("how", NUMBERS)
@pytest.mark.parametrize("part", ["latency_cycles", "side_by_side", "index_cycles"])
def test_a_wrong_number_of_an_encoding_engine_names_class_and_method(part, how, sentence):
    said = sentence("nfp.encoding", ENGINE, part, how)
    assert said.startswith(f"plug-in '{ENGINE}': {part} ")
    assert ("raised KeyError: 'no such voxel'" if how == "raises" else "must give a whole number from") in said


@pytest.mark.parametrize("how", ARRAYS)
@pytest.mark.parametrize("part", ["slot_cycles", "reads", "base_cycles"])
@pytest.mark.parametrize("detail", ["cycle", "sampled"])
def test_a_wrong_service_names_class_and_method(part, how, detail, sentence):
    assert sentence("nfp.encoding", ENGINE, part, how, detail).startswith(f"plug-in '{ENGINE}': service ")


@pytest.mark.parametrize("how", NUMBERS)
@pytest.mark.parametrize("part", ["tail_cycles", "busy_cycles", "first_matrix_cycles", "useful_cycles", "actions"])
def test_a_wrong_number_of_an_mlp_engine_names_class_and_method(part, how, sentence):
    if (part, how) == ("actions", "huge"):
        return  # a frame may count as many
    assert sentence("nfp.mlp", MLP, part, how).startswith(f"plug-in '{MLP}': {part} ")


@pytest.mark.parametrize("part", ["index_cycles", "busy_cycles"])
def test_a_bound_says_so_too(part, sentence):
    block, model = ("nfp.encoding", ENGINE) if part == "index_cycles" else ("nfp.mlp", MLP)
    assert sentence(block, model, part, "float", "bound").startswith(f"plug-in '{model}': {part} must give")


@pytest.mark.parametrize("how", ARRAYS)
@pytest.mark.parametrize("part", ["batch_start_cycles", "batch_end_cycles", "done_cycles"])
def test_a_wrong_replay_names_class_and_method(part, how, sentence):
    if part != "done_cycles" and how == "short":
        return  # how many batches there are is the NFP's own
    assert sentence("nfp", NFP, part, how).startswith(f"plug-in '{NFP}': replay ")


@pytest.mark.parametrize(
    ("part", "how"), [*(("cycles", how) for how in NUMBERS), ("busy_cycles", "float"), ("stalls", "")]
)
def test_a_replay_whose_cycles_do_not_add_up_names_class_and_method(part, how, sentence):
    assert sentence("nfp", NFP, part, how).startswith(f"plug-in '{NFP}': replay ")


@pytest.mark.parametrize("how", ["none", "float", "nan", "negative", "short", "too_many", "raises"])
def test_wrong_owners_name_class_and_method(how, sentence):
    said = sentence("cluster", "wrong_parts:Dispatcher", "", how)
    assert said.startswith("plug-in 'wrong_parts:Dispatcher': owners ")


@pytest.mark.parametrize("how", ["Raises", "Nan", "Negative", "Text", "None"])
def test_a_wrong_rest_of_kernels_or_efficiency_names_class_and_method(how, plugin_arch):
    model = f"wrong_parts:Rest{how}"
    assert refusal(plugin_arch(frame__rest_model=model)).startswith(f"plug-in '{model}': rest_ms ")
    cached = {"nfp.encoding.grid_sram_kib": 4, "memory.dram_model": model}
    assert refusal(plugin_arch(**cached)).startswith(f"plug-in '{model}': efficiency ")


def test_a_plugin_that_ends_the_interpreter_does_not_end_the_run(plugin_arch):
    said = refusal(plugin_arch(nfp__encoding__model="wrong_parts:Leaves"))
    assert said == "plug-in 'wrong_parts:Leaves': service raised SystemExit: 0."


@pytest.mark.parametrize(
    ("name", "detail", "what"),
    [
        ("Stream", "cycle", "stream must give a Service, not "),
        ("StreamRaises", "cycle", "stream raised KeyError: 'no such voxel'."),
        ("Remembers", "sampled", "remembers must give a whole number from 0 "),
    ],
)
def test_what_an_engine_may_have_is_held_to_the_same(name, detail, what, plugin_arch):
    said = refusal(plugin_arch(nfp__encoding__model=f"wrong_parts:{name}"), detail)
    assert said.startswith(f"plug-in 'wrong_parts:{name}': {what}")


def test_a_class_that_nothing_can_be_built_upon_is_refused(plugin_arch):
    said = refusal(plugin_arch(nfp__encoding__model="builtins:bool"))
    assert said.startswith("plug-in 'builtins:bool' cannot be built: TypeError: ")


RAISING = (
    *("--app", "gia", "--allow-plugins", "--set", "nfp.encoding.model=wrong_parts:Engine"),
    *("--set", "nfp.encoding.options.part=reads", "--set", "nfp.encoding.options.how=raises"),
)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_debug_prints_the_plugins_own_traceback(jobs, ngpc_sim, monkeypatch, folder):
    monkeypatch.setenv("PYTHONPATH", str(folder))
    words = (*RAISING, "--scale", "2", "--jobs", jobs)
    status, plain = ngpc_sim(*words)
    assert (status, plain.count("\n")) == (2, 1)
    status, debugged = ngpc_sim(*words, "--debug")
    assert status == 2
    assert "wrong_parts.py" in debugged
    assert "raise KeyError(MSG)" in debugged
    assert debugged.endswith(plain)


def test_debug_is_an_environment_variable_too(ngpc_sim, monkeypatch):
    monkeypatch.setenv("NGPC_SIM_DEBUG", "1")
    status, debugged = ngpc_sim(*RAISING)
    assert status == 2
    first, *_ = debugged.split("\n")
    assert first == "Traceback (most recent call last):"
    assert debugged.splitlines()[1].strip().startswith("File ")
    assert "wrong_parts.py" in debugged.splitlines()[1]
