"""A GPU of round numbers, a workload of few kernels, and small traces, so that times can be worked out by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.trace import Trace

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
APPS = ("nerf", "nsdf", "gia", "nvr")
#: 1e9 bytes/s from DRAM, 1e12 flops/s, 1 us a launch, 1 ms a wait, 3 ms a submission; L2 holds nothing
ROUND_GPU = {
    "memory.dram_gbps": 1.0,
    "memory.l2_gbps": 4.0,
    "memory.dram_efficiency": 1.0,
    "frame.launch_overhead_ns": 1000.0,
    "frame.sync_overhead_us": 1000.0,
    "frame.submit_overhead_us": 3000.0,
    "frame.rest_model": "roofline",
    "gpu_model": "roofline",
}


def number(value):
    return {"value": value, "unit": "1", "tag": "assumed", "source": "round"}


@pytest.fixture
def round_gpu(tmp_path):
    """Path of a GPU file of round numbers; ``l2_mib`` and others by name."""

    def write(**values):
        chosen = {"die_mm2": 100, "board_power_w": 100, "idle_power_w": 10, "l2_mib": 1e-12, "sms": 10}
        chosen |= {"dispatch_ns": 200, "rest_over_bound": 2, "kernel_floor_ns": 0}
        chosen |= {"clock_ghz": 1, "fp32_tflops": 1, "fp16_tensor_tflops": 4, "l1_bytes_per_clock": 100} | values
        path = tmp_path / "round.yaml"
        path.write_text(yaml.safe_dump({"name": "round"} | {key: number(v) for key, v in chosen.items()}))
        return str(path)

    return write


@pytest.fixture
def round_arch(round_gpu):
    """An architecture beside that GPU; overrides by dotted key."""

    def build(overrides=None, **gpu):
        return ngpc.load_arch("ngpc", overrides={**ROUND_GPU, "gpu": round_gpu(**gpu), **(overrides or {})})

    return build


@pytest.fixture
def workload(tmp_path):
    """Workload of an app with other ``gpu_kernels``; none where it is ``None``."""

    def build(app, kernels):
        tree = yaml.safe_load((folder("workloads") / f"{app}.yaml").read_text())
        tree["gpu_kernels"] = kernels
        if kernels is None:
            del tree["gpu_kernels"]
        path = tmp_path / f"{app}.yaml"
        path.write_text(yaml.safe_dump(tree, sort_keys=False))
        return ngpc.load_workload(f"{path}:hashgrid")

    return build


@pytest.fixture
def make_trace():
    """A trace of ``app`` with one recorded position an invocation."""

    def build(app, profile, phases, positions=None, width=64, height=16):
        dims = 2 if app == "gia" else 3
        points = np.full((len(profile), dims), 0.5, np.float32) if positions is None else positions
        rows = np.zeros(len(points), np.int32) if positions is not None else np.arange(len(points), dtype=np.int32)
        return Trace(
            name="small",
            app=app,
            scene="made",
            camera="none",
            width=width,
            height=height,
            seed=1,
            tool_version="test",
            profile=np.array(profile, np.int64),
            phases=tuple(phases),
            invocations=rows,
            tiles=np.zeros(len(points), np.int32),
            positions=points,
            tile_weights=np.array([1.0]),
            tile_pixels=(16, 8),
        )

    return build


@pytest.fixture(scope="session")
def golden_frames():
    if not SHARED.is_dir():
        pytest.skip("the folder with the golden data is not here")
    return {row["scene"]: row for row in json.loads((SHARED / "golden" / "frames.json").read_text())}


@pytest.fixture(scope="session")
def simulate():
    """The closed form of ``app-encoding`` on its own trace."""
    traces = {}

    def run(name, overrides=None, arch="ngpc", **options):
        work = ngpc.load_workload(name)
        trace = traces.setdefault(work.trace, ngpc.load_trace(work.trace))
        loaded = ngpc.load_arch(arch, overrides=overrides, gpu=options.pop("gpu", None))
        return ngpc.simulate(loaded, work, trace, detail="bound", **options)

    return run
