"""Every numeric key of every shipped file changes a result, or the run reports it as without effect."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config import bundled
from ngpc_sim.config.schema import dotted_leaves, set_dotted
from ngpc_sim.job.unused import unused_keys

ARCHS = sorted(path.stem for path in bundled.folder("arch_configs").glob("*.yaml"))
#: descriptive in the schema: part of a name or a label, never of a result
LABELS = {"own_workload", "workload_sha256", "arch_sha256", "overrides"}
#: what a number is changed to, one after another, until a result changes
CHANGES = (
    *(lambda v: v * 2, lambda v: v / 2, lambda v: v * 64, lambda v: v / 256),
    *(lambda v: v + 1, lambda v: v / v, lambda v: v * 0.9),
)


@cache
def parsed(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def shipped(kind, *parts):
    """Plain data of a shipped file. JSON is YAML as well, and quicker to write back."""
    return deepcopy(parsed(bundled.folder(kind).joinpath(*parts).with_suffix(".yaml")))


def numbers(tree):
    return {key: value for key, value in dotted_leaves(tree) if type(value) in {int, float}}


def candidates(value):
    for change in CHANGES:
        changed = change(value or 1)
        if changed != value:
            yield int(changed) if isinstance(value, int) else float(changed)


@pytest.fixture(scope="module")
def traces():
    return {app: ngpc.load_trace(scene) for app, scene in {"gia": "gia-plane", "nvr": "nvr-cloud"}.items()}


@pytest.fixture(scope="module")
def workloads():
    return [ngpc.load_workload("gia-hashgrid"), ngpc.load_workload("nvr-lowres")]


@pytest.fixture(scope="module")
def cutting():
    """What architectures render that cut hashed tables by space."""
    return [ngpc.load_workload("neurex-hashgrid")]


def unlabelled(result):
    return {name: value for name, value in result.row().items() if name not in LABELS}


def differ(rows, others):
    """Whether the same designs give any other row; of ``rows`` no more are made than it takes to say so."""
    return any(row != other for row, other in zip(rows, others, strict=True))


def columns(arch, workloads, traces):
    for detail in ("bound", "cycle"):
        for work in workloads:
            limit = None if work.app == "gia" else 3000
            trace = traces.get(work.app) or ngpc.load_trace(work.trace)
            yield unlabelled(ngpc.simulate(arch, work, trace, detail=detail, limit_queries=limit))


@pytest.fixture(scope="module")
def rendered(workloads, cutting):
    """What each architecture renders."""
    return {n: cutting if ngpc.load_arch(n).nfp.encoding.subgrids > 1 else workloads for n in ARCHS}


@pytest.fixture(scope="module")
def usual(rendered, traces):
    return {name: list(columns(ngpc.load_arch(name), rendered[name], traces)) for name in ARCHS}


def arch_keys():
    for name in ARCHS:
        for key in numbers(ngpc.load_arch(name).file.model_dump(mode="json")):
            yield name, key


@pytest.mark.parametrize(("name", "key"), list(arch_keys()))
def test_a_number_of_an_architecture_changes_a_result(name, key, usual, rendered, workloads, cutting, traces):
    file = ngpc.load_arch(name).file
    if any(key in keys for keys in unused_keys(file).values()):
        return
    other_app = key.startswith("calibration.") and not key.endswith((".gia", ".nvr"))
    value = numbers(file.model_dump(mode="json"))[key]
    beside = [*((values, rendered[name]) for values in BESIDE), (UNCUT, workloads), (CUT, cutting)]
    for changed in candidates(value):
        try:
            arch = ngpc.load_arch(name, overrides={key: changed})
            if other_app:
                assert calibrated_app_changes(key, arch, name)
                return
            if differ(columns(arch, rendered[name], traces), usual[name]):
                return
            if any(has_effect_beside(name, key, changed, values, works, traces) for values, works in beside):
                return
            if large_tables(name, key, changed, traces):
                return
        except ngpc.UserError:
            continue
    pytest.fail(f"{key} of {name} changes nothing and is not reported as without effect")


def large_tables(name, key, changed, traces):
    """Whether the key has its effect where tables exceed grid_srams and L2."""
    large = {"nfp.encoding.feature_bytes": 4, "nfp.encoding.line_bytes": 128}
    if key in large:
        return False
    work = ngpc.load_workload("nvr-hashgrid")
    archs = [ngpc.load_arch(name, overrides=o) for o in (large, {**large, key: changed})]
    rows = [ngpc.simulate(arch, work, traces["nvr"]).row() for arch in archs]
    return any(rows[0][column] != rows[1][column] for column in rows[0] if column not in LABELS)


#: where keys have their effect: where the output port limits; with several NFPs and tiles
BESIDE = ({"nfp.io.output_bytes_per_cycle": 1, "nfp.mlp.batch_queries": 16}, {"scale": 4, "frame.tiles": 4})
#: without tables that are cut, and with a buffer for those that are
UNCUT = {"nfp.encoding.subgrids": 1, "nfp.encoding.reorder": "none", "nfp.encoding.table_policy": "assume_fit"}
CUT = {"nfp.encoding.subgrid_buffer_kib": 1024, "nfp.encoding.table_policy": "assume_fit"}


def has_effect_beside(name, key, changed, values, workloads, traces):
    """Whether the key has its effect beside other values."""
    if key in values:
        return False
    before, after = (ngpc.load_arch(name, overrides=o) for o in (values, {**values, key: changed}))
    return differ(columns(before, workloads, traces), columns(after, workloads, traces))


def calibrated_app_changes(key, arch, name):
    work = ngpc.load_workload(key.rsplit(".", 1)[1])
    trace = ngpc.load_trace(work.trace)
    rows = [ngpc.simulate(a, work, trace, detail="bound").frame_ms for a in (ngpc.load_arch(name), arch)]
    bounds = [ngpc.simulate(a, work, trace, detail="bound").speedup_bound for a in (ngpc.load_arch(name), arch)]
    return rows[0] != rows[1] or bounds[0] != bounds[1]


def idle_numbers():
    for name in ARCHS:
        file = ngpc.load_arch(name).file
        values = numbers(file.model_dump(mode="json"))
        yield from ((name, key) for keys in unused_keys(file).values() for key in keys if key in values)


@pytest.mark.parametrize(("name", "key"), list(idle_numbers()))
def test_a_key_reported_without_effect_has_none(name, key, usual, rendered, traces):
    value = numbers(ngpc.load_arch(name).file.model_dump(mode="json"))[key]
    arch = ngpc.load_arch(name, overrides={key: value * 2})
    assert not differ(columns(arch, rendered[name], traces), usual[name])


def sourced_keys(kind, name):
    return [key for key in numbers(shipped("arch_configs", kind, name)) if key.endswith(".value")]


def with_file(tmp_path: Path, kind: str, name: str, key: str, value):
    path = tmp_path / f"{name}.yaml"
    path.write_text(json.dumps(set_dotted(shipped("arch_configs", kind, name), key, value)), encoding="utf-8")
    return {"gpu": "gpu", "tech": "technology"}[kind], str(path)


def technology_numbers():
    for path in sorted((bundled.folder("arch_configs") / "tech").glob("*.yaml")):
        for key in numbers(shipped("arch_configs", "tech", path.stem)):
            if not key.startswith("clock.") and not key.endswith(".access_ns"):  # a sentence: tests/power/test_clock.py
                yield path.stem, key


#: architectures that ask every technology for all that it knows: sizes, banks, widths, both area models, no gating
ASKING = [
    {"power.gating": "none"},
    {"area_model": "stillmaker_uniform", "power.gating": "none", "nfp.encoding.banks": "ideal"},
    {"nfp.encoding.grid_sram_kib": 2048, "nfp.encoding.banks": 2, "nfp.encoding.feature_bytes": 4},
    {"nfp.encoding.grid_sram_kib": 700, "nfp.encoding.banks": 4, "area_model": "stillmaker_uniform"},
    {"nfp.encoding.grid_sram_kib": 200, "power.temperature_k": 320.0},
    {"nfp.encoding.grid_sram_kib": 5},
    {"nfp.encoding.grid_sram_kib": 1 << 16, "power.voltage_v": 1.0},
    {"power.voltage_v": 0.7},
    {"power.voltage_v": 0.65},
    {"nfp.encoding.banks": 16, "nfp.encoding.read_ports": 3},
    {"nfp.encoding.banks": 64, "nfp.encoding.read_ports": 6},
    {"nfp.encoding.banks": 512, "nfp.encoding.read_ports": 12},
    {"nfp.encoding.banks": 2048},
    {"nfp.encoding.grid_sram_kib": 10, "nfp.encoding.banks": 1},
    {"nfp.encoding.grid_sram_kib": 10, "nfp.encoding.banks": 1, "nfp.encoding.feature_bytes": 4},
    {"nfp.encoding.grid_sram_kib": 10, "nfp.encoding.banks": 2},
]


def answers(technology, workloads, traces):
    """What the closed form says on each asking architecture, or why it says nothing."""
    for overrides in ASKING:
        try:
            arch = ngpc.load_arch("ngpc", overrides={**overrides, "technology": technology})
            for work in workloads:
                yield unlabelled(ngpc.simulate(arch, work, traces[work.app], detail="bound", limit_queries=3000))
        except ngpc.UserError as error:
            yield str(error)


@pytest.fixture(scope="module")
def known(workloads, traces):
    names = {name for name, _ in technology_numbers()}
    return {name: list(answers(name, workloads, traces)) for name in names}


@pytest.mark.parametrize(("name", "key"), list(technology_numbers()))
def test_a_number_of_a_technology_changes_a_result(name, key, tmp_path, known, workloads, traces):
    value = numbers(shipped("arch_configs", "tech", name))[key]
    _, path = with_file(tmp_path, "tech", name, key, value * 2 if isinstance(value, int) else value * 0.9)
    assert differ(answers(path, workloads, traces), known[name])


#: those of the DRAM change a replay: tests/engines/dram/test_gpu_file.py
GPU_KEYS = [key for key in sourced_keys("gpu", "rtx3090") if not key.startswith("dram.")]


#: values that change a result where an eighth does not, or is none
OTHERWISE = {"kernel_floor_ns.value": 1e5, "rest_over_bound.value": 4}
POLLING = {"frame.front_end": "persistent"}
PUBLISHED_GPU = {"gpu_model": "published", "frame.rest_model": "published"}


@pytest.mark.parametrize("key", GPU_KEYS)
def test_a_number_of_the_gpu_changes_a_result(key, tmp_path, traces):
    field, path = with_file(tmp_path, "gpu", "rtx3090", key, OTHERWISE.get(key, 0.125))
    read = PUBLISHED_GPU if key.startswith(("apps.", "encodings.", "reference_pixels", "rest_fusion")) else DERIVED[0]
    read = read | POLLING if key == "poll_ns.value" else read
    if key.startswith(PEAKS):
        work, trace = ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
        _, path = with_file(tmp_path, "gpu", "rtx3090", key, 1 if key == "sms.value" else 1e-9)
        assert differ(derived(work, trace, gpu=path), derived(work, trace))
        return
    archs = [ngpc.load_arch("ngpc", overrides=overrides) for overrides in (read, {**read, field: path})]
    app = key.split(".")[1] if key.startswith("apps.") else "gia"
    encoding = key.split(".")[1] if key.startswith("encodings.") else "hashgrid"
    work = ngpc.load_workload(f"{app}-{encoding}")
    trace = traces.get(app) or ngpc.load_trace(work.trace)
    limit = None if key == "l2_mib.value" else 2000
    rows = [unlabelled(ngpc.simulate(arch, work, trace, limit_queries=limit)) for arch in archs]
    assert rows[0] != rows[1]


#: what only a derived GPU reads, and the architectures that ask for it
DERIVED = [
    {"gpu_model": "roofline", "frame.rest_model": "roofline", "frame.fused": fused, "frame.ray_state": state}
    for fused, state in ((True, "memory"), (True, "registers"), (False, "memory"))
]
DERIVED.append({**DERIVED[0], "scale": 1, "memory.l2_gbps": 2e4, "memory.dram_gbps": 1e4})  # GPU waits; L1 limits
OTHER_GPUS = sorted(path.stem for path in (bundled.folder("arch_configs") / "gpu").glob("*.yaml"))
PEAKS = ("sms", "clock_ghz", "l1_bytes_per_clock", "fp32_tflops", "fp16_tensor_tflops")


def derived(work, trace, **options):
    for overrides in DERIVED:
        arch = ngpc.load_arch("ngpc", overrides={**overrides, **options})
        yield unlabelled(ngpc.simulate(arch, work, trace, detail="bound"))
    arch = ngpc.load_arch("ngpc", overrides=DERIVED[0] | POLLING | options)
    if work.reads_grid:
        yield unlabelled(ngpc.simulate(arch, work, trace, limit_queries=2000))


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name in OTHER_GPUS for key in sourced_keys("gpu", name) if name != "rtx3090"]
)
def test_a_number_of_a_gpu_without_published_frames_changes_a_result(name, key, tmp_path):
    work, trace = ngpc.load_workload("gia-hashgrid"), ngpc.load_trace("gia-plane")
    for value in (1, 4) if key in {"sms.value", "rest_over_bound.value"} else (1e-9, 1e9):
        _, path = with_file(tmp_path, "gpu", name, key, value)
        if differ(derived(work, trace, gpu=path), derived(work, trace, gpu=name)):
            return
    pytest.fail(f"{key} of {name} changes nothing")


def workload_numbers():
    for path in sorted(bundled.folder("workloads").glob("*.yaml")):
        tree = shipped("workloads", path.stem)
        for encoding in tree["encodings"]:
            used = {**tree, "encodings": {encoding: tree["encodings"][encoding]}}
            used["networks"] = dict(enumerate(tree["networks"]))
            for key in numbers({str(k): v for k, v in used.items() if k not in {"networks", "gpu_kernels"}}):
                yield path.stem, encoding, key
        for number, network in enumerate(tree["networks"]):
            for key in numbers(network):
                yield path.stem, "hashgrid", f"networks.{number}.{key}"


def changed_workload(tmp_path, app, encoding, key, change):
    tree = shipped("workloads", app)
    if key.startswith("networks."):
        _, number, last = key.split(".")
        tree["networks"][int(number)][last] = change(tree["networks"][int(number)][last])
    else:
        value = numbers(tree)[key]
        tree = set_dotted(tree, key, change(value))
    path = tmp_path / "changed.yaml"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return ngpc.load_workload(f"{path}:{encoding}")


@cache
def shipped_rows(app, encoding):
    return list(shortened(ngpc.load_workload(f"{app}-{encoding}")))


def shortened(work):
    """Rows of the default architecture on the workload's trace, or on its begin: the closed form's and a replay's."""
    arch, trace = ngpc.load_arch("ngpc", overrides={"gpu_model": "roofline"}), ngpc.load_trace(work.trace)
    limit = None if work.app == "gia" else 2000
    of_the_gpu_alone = ("gpu_", "speedup", "own_workload", "workload", "energy_gain")
    for detail in ("bound", "cycle") if work.reads_grid else ("bound",):
        row = unlabelled(ngpc.simulate(arch, work, trace, detail=detail, limit_queries=limit))
        yield {name: value for name, value in row.items() if not name.startswith(of_the_gpu_alone)}


@pytest.mark.parametrize(("app", "encoding", "key"), list(workload_numbers()))
def test_a_number_of_a_workload_changes_a_result(app, encoding, key, tmp_path):
    if key.endswith("per_level_scale") and ngpc.load_workload(f"{app}-{encoding}").encoding.n_levels == 1:
        return  # from one level to the next
    # smaller ones first, whose tables are quick to look up
    changes = (lambda v: v // 2 or 1, lambda v: v * 1.4, lambda v: v * 2, lambda v: v * 64, lambda v: v * 1.3)
    for change in changes:
        try:
            changed = changed_workload(tmp_path, app, encoding, key, change)
            if differ(shortened(changed), shipped_rows(app, encoding)):
                return
        except ngpc.UserError:
            if key.endswith("n_dims"):
                return
    pytest.fail(f"{key} of {app}-{encoding} changes nothing")


def kernel_numbers():
    for path in sorted(bundled.folder("workloads").glob("*.yaml")):
        tree = shipped("workloads", path.stem)
        for key in numbers({"gpu_kernels": tree["gpu_kernels"]}):
            yield path.stem, key


@pytest.fixture(scope="module")
def derived_rows():
    """What the derived GPU gives for each app as shipped."""
    rows = {}

    def of(app):
        if app not in rows:
            work = ngpc.load_workload(f"{app}-hashgrid")
            rows[app] = list(derived(work, ngpc.load_trace(work.trace)))
        return rows[app]

    return of


@pytest.mark.parametrize(("app", "key"), list(kernel_numbers()))
def test_a_number_of_a_kernel_changes_a_result(app, key, tmp_path, derived_rows):
    for change in (lambda v: v * 2, lambda v: v * 1000, lambda v: v + 1, lambda v: v - 1):
        try:
            work = changed_workload(tmp_path, app, "hashgrid", key, change)
        except ngpc.UserError:
            continue
        if differ(derived(work, ngpc.load_trace(work.trace)), derived_rows(app)):
            return
    pytest.fail(f"{key} of {app} changes nothing")
