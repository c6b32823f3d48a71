"""A sweep file asks for the points of a command line, and every mistake in it has its line."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.job import point_limit
from ngpc_sim.job.options import parse_settings
from ngpc_sim.job.request import Request, manifest, plan, points
from ngpc_sim.job.sweep_file import read_sweep, sweep_schema
from ngpc_sim.simulation.points import contents

DOCS = Path(__file__).parents[2] / "docs" / "sweeps.md"
GRID = """
scale: 8..16
app: [gia, nsdf]
detail: bound
grid:
  nfp.mlp.rows: [32, 64]
  nfp.mlp.cols: 32..64
  nfp.clock_ghz: 1.0..1.2:0.1
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "own.yaml"
        path.write_text(text)
        return path

    return write


def seen(points):
    return [(contents(point), point.options.overrides) for point in points]


def test_a_grid_has_the_points_of_the_same_command_line(file):
    typed = Request(
        scale="8..16",
        apps="gia,nsdf",
        detail="bound",
        settings=["nfp.mlp.rows=32,64", "nfp.mlp.cols=32,64", "nfp.clock_ghz=1.0,1.1,1.2"],
    )
    asked = read_sweep(file(GRID))
    assert seen(points(asked)) == seen(points(typed))
    assert len(points(asked)) == 2 * 2 * 2 * 2 * 3


def test_every_value_of_a_grid_comes_as_it_is_written(file):
    text = """
grid:
  nfp.encoding.banks: [8, ideal]
  frame.fused: [true, false]
  name: ["1", "a b"]
  calibration.queries_per_pixel: [{nerf: 1.5}, {}]
  nfp.clock_ghz: 0.5
"""
    asked = read_sweep(file(text))
    assert asked.settings == [
        "nfp.encoding.banks=8,ideal",
        "frame.fused=true,false",
        'name="1",a b',
        'calibration.queries_per_pixel={"nerf": 1.5},{}',
        "nfp.clock_ghz=0.5",
    ]


def test_a_text_with_a_comma_stays_one_value(file):
    asked = read_sweep(file('grid:\n  name: ["a, b", "c]", plain]\n'))
    assert parse_settings(asked.settings) == {"name": ["a, b", "c]", "plain"]}


def test_an_option_without_a_value_is_not_given(file):
    empty = "scale:\napp: gia\nencoding:\nresolution:\narch:\ngpu:\ntrace:\ndetail:\npower_budget:\nseed:\nwhat_if:\n"
    assert replace(read_sweep(file(empty)), sweep=None) == Request(apps="gia")


def test_a_constraint_over_keys_prunes_before_a_run(file):
    asked = read_sweep(file(GRID + "constraints: [nfp.mlp.rows == nfp.mlp.cols, nfp.clock_ghz * 10 < 12]\n"))
    found = plan(asked)
    assert [point.arch.nfp.mlp.rows == point.arch.nfp.mlp.cols for point in found.points] == [True] * 16
    assert (len(found.points), found.pruned) == (16, 32)


def test_a_constraint_reads_keys_that_are_not_swept_and_scales(file):
    kept = plan(
        read_sweep(file("scale: 8..64\napp: gia\ndetail: bound\nconstraints: ['scale * nfp.mlp.rows <= 1024']\n"))
    )
    assert [point.arch.scale for point in kept.points] == [8, 16]
    assert kept.pruned == 2
    of_gpu = "app: gia\ndetail: bound\nconstraints: ['gpu.die_mm2 > 600 and gpu == \"rtx3090\"']\n"
    assert len(points(read_sweep(file(of_gpu)))) == 1


def test_a_constraint_over_a_gpu_reads_the_name_in_its_file(file, tmp_path):
    own = tmp_path / "mygpu.yaml"
    built_in = (bundled.folder("arch_configs") / "gpu" / "rtx3090.yaml").read_text(encoding="utf-8")
    own.write_text(built_in.replace("name: rtx3090", "name: mine"), encoding="utf-8")
    text = f"app: gia\ndetail: bound\nconstraints: ['gpu == \"mine\"']\ngrid:\n  gpu: [rtx3090, {own}]\n"
    found = plan(read_sweep(file(text)))
    assert ([point.arch.gpu.name for point in found.points], found.pruned) == (["mine"], 1)


def test_a_constraint_of_a_thousand_characters_is_read(file):
    rule = " and ".join(["scale < 64"] * 66)  # 66 x 10 + 65 x 5
    asked = read_sweep(file(f"constraints:\n  - {rule}\n  - >\n    scale\n    > 1\n"))
    assert [constraint.text for constraint in asked.constraints] == [rule, "scale > 1"]
    with pytest.raises(UserError, match=r"own\.yaml, line 2: constraint '.*' has 1,015 characters, more than 1000\.$"):
        read_sweep(file(f"constraints:\n  - {rule} and {rule[:25]}\n"))


def test_constraints_that_leave_nothing_are_refused(file):
    asked = read_sweep(file(GRID + "constraints: [nfp.mlp.rows > 64]\n"))
    with pytest.raises(UserError, match="leave none of 48 design points"):
        plan(asked)


def test_every_design_runs_with_every_combination_and_shows_all_keys(file):
    text = """
app: gia
detail: bound
grid: {nfp.mlp.rows: [32, 64]}
list:
  small: {nfp.encoding.banks: 4}
  large: {nfp.encoding.banks: 16, nfp.clock_ghz: 1.2}
"""
    found = points(read_sweep(file(text)))
    clock = found[0].arch.nfp.clock_ghz
    assert [dict(point.options.overrides) for point in found] == [
        {"design": name, "nfp.encoding.banks": banks, "nfp.clock_ghz": ghz, "nfp.mlp.rows": rows}
        for name, banks, ghz in (("small", 4, clock), ("large", 16, 1.2))
        for rows in (32, 64)
    ]
    assert [point.arch.nfp.clock_ghz for point in found] == [clock, clock, 1.2, 1.2]


def test_a_design_may_give_a_whole_section(file):
    section = {"input_bytes_per_cycle": 8, "output_bytes_per_cycle": 8, "output_fifo_queries": 128}
    section |= {"queries_per_output": 1}
    text = f"app: gia\ndetail: bound\nlist:\n  a: {{nfp.io: {json.dumps(section)}}}\n  b: {{nfp.clock_ghz: 1.5}}\n"
    found = points(read_sweep(file(text)))
    own = found[1].arch.nfp.io
    shown = {name: getattr(own, name) for name in section}
    assert [point.options.overrides["nfp.io"] for point in found] == [section, shown]
    assert json.loads(json.dumps(found[1].options.overrides))["nfp.io"] == shown


def test_the_manifest_names_the_file_and_its_constraints(file):
    path = file("app: gia\ndetail: bound\nconstraints: [scale > 1, area_mm2 < 1e3]\n")
    asked = read_sweep(path)
    made = manifest(asked, points(asked), 1.0)
    assert made["command"] == f"ngpc-sim sweep {path}"
    assert made["constraints"] == ["scale > 1", "area_mm2 < 1e3"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("scale: 8\nap: gia\n", "own.yaml, line 2: unknown key 'ap'; the nearest known key is 'app'"),
        ("app: gia\nscale: 64..8\n", "own.yaml, line 2: --scale 64..8 runs backwards"),
        ("app: gai\n", "own.yaml, line 1: unknown app 'gai'"),
        ("arch: ngcp\n", "own.yaml, line 1: unknown arch 'ngcp'"),
        ("resolution: 5k\n", "own.yaml, line 1: "),
        ("seed: x\n", "own.yaml, line 1: seed = 'x' is not allowed"),
        ("\ngrid:\n  nfp.mlp.row: 1\n", "own.yaml, line 3: unknown key 'nfp.mlp.row'"),
        ("grid:\n  nfp.mlp.rows: 64..32\n", "own.yaml, line 2: --set nfp.mlp.rows=64..32 runs backwards"),
        ("grid:\n  nfp.mlp.rows:\n", "own.yaml, line 2: nfp.mlp.rows has no value"),
        ("list:\n  a: {nfp.mlp.row: 1}\n", "own.yaml, line 2: unknown key 'nfp.mlp.row'"),
        ("grid: {scale: 8}\nlist:\n  a: {scale: 1}\n", "own.yaml, line 3: 'scale' is in a design and in the grid"),
        (
            "constraints:\n  - scale > 1\n  - nfp.mlp.row > 1\n",
            "own.yaml, line 3: constraint 'nfp.mlp.row > 1': unknown",
        ),
        ("constraints:\n  - arae_mm2 > 1\n", "own.yaml, line 2: constraint 'arae_mm2 > 1': unknown name 'arae_mm2'"),
        ("constraints: ['__import__(\"os\")']\n", "own.yaml, line 1: constraint"),
        ("constraints: [1]\n", "own.yaml, line 1: constraints.0 = 1 is not allowed"),
        ("scale: &a 8\napp: *a\n", "own.yaml, line 2: not valid YAML: aliases are not allowed"),
        ("app: !!python/name:os.system\n", "own.yaml, line 1: not valid YAML"),
    ],
)
def test_a_mistake_has_its_line(file, text, says):
    with pytest.raises(UserError) as error:
        read_sweep(file(text))
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("app: gia\ngrid:\n  nfp.mlp.cols: 64\n  nfp.mlp.rows: [7, 0]\n", "own.yaml, line 4: nfp.mlp.rows = 0 is not"),
        ("app: gia\nlist:\n  a: {nfp.clock_ghz: fast}\n", "own.yaml, line 3: nfp.clock_ghz = 'fast' is not allowed"),
        ("app: gia\nencoding: hsah\n", "own.yaml: unknown encoding 'hsah'"),
        ("app: gia\nconstraints:\n  - nfp.encoding.banks < 'a'\n", "own.yaml, line 3: constraint 'nfp.encoding.banks"),
        (
            "app: gia\nconstraints:\n  - gpu.l2_mb > 1\n",
            "own.yaml, line 3: constraint 'gpu.l2_mb > 1': architecture ngpc has",
        ),
        ("app: gia\nconstraints:\n  - gpu.l2_mb > 1\n", "the nearest is 'gpu.l2_mib'"),
        ("app: gia\nconstraints:\n  - nfp.mlp > 1\n", "names nfp.mlp, which is not a single value"),
    ],
)
def test_a_mistake_in_a_value_has_its_line_too(file, text, says):
    with pytest.raises(UserError) as error:
        plan(read_sweep(file(text)))
    assert says in str(error.value)


def test_more_points_than_memory_holds_are_refused_before_they_are_built(monkeypatch, file):
    monkeypatch.setattr(point_limit, "free_bytes", lambda: 1 << 30)
    text = "app: gia\ngrid:\n" + "".join(f"  {key}: 1..1000:1\n" for key in ("nfp.mlp.rows", "nfp.mlp.cols", "scale"))
    with pytest.raises(UserError) as error:
        plan(read_sweep(file(text)))
    needed = 10**9 * (point_limit.BYTES_A_POINT + point_limit.BYTES_AN_ARCH) / 2**30
    said = f"asks for 1,000,000,000 design points, which need about {needed:,.1f} GiB of memory; 1.0 GiB are free"
    assert said in str(error.value)


def test_the_schema_has_every_key():
    schema = json.loads(json.dumps(sweep_schema()))
    assert {"scale", "grid", "list", "constraints"} <= schema["properties"].keys()
    assert schema["additionalProperties"] is False


def test_the_example_of_the_page_runs(file):
    example = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
    small = example.replace("8..64", "8").replace("[gia, nvr]", "gia") + "detail: bound\n"
    found = plan(read_sweep(file(small)))
    assert (len(found.points), found.pruned) == (2 * 2 * 3, 2 * 2 * 6)
