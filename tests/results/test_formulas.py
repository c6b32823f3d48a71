"""Every column is what its own formula says: the text is evaluated, not read."""

import ast
import csv
import math
import operator
import re
import sys
from fnmatch import fnmatchcase

import pytest

import ngpc_sim as ngpc
from ngpc_sim.cli import main
from ngpc_sim.results.columns import COLUMNS, FILE_COLUMNS, WHOLE

#: numbers that come of a run or of the architecture's files: no arithmetic over other columns gives them
OF_A_RUN = {
    *("scale", "limit_queries", "queries", "frame_ms", "gpu_frame_ms", "ngpc_ms", "encoding_cycles", "mlp_cycles"),
    *("dram_gbps", "area_mm2", "gpu_frame_ms_low", "gpu_encoding_ms", "gpu_mlp_ms", "gpu_rest_ms", "ngpc_bound_ms"),
    *(
        "gpu_modelled_ms",
        "tiles",
        "most_tiles_factor",
        "gpu_between_ms",
        "gpu_bound_ms",
        "gpu_measured_ms",
        "invocations",
        "encoding_interval",
        "line_efficiency",
        "doubled_gain",
        "scenes",
        "frames_per_scene",
    ),
    *("table_load_ms", "steady_fps", "peak_power_w", "power_factor", "table_load_mj", "replayed_queries"),
    *(name for name in COLUMNS if name.startswith("stall_")),
}
#: the same of the other files
OF_A_RUN_IN_FILES = {
    "levels.csv": {"level", "table_kib", "lines", "misses", "far"},
    "stalls.csv": {"nfp", "engine_slot", "lines", "misses", "far"},
    "budgets.csv": {"budget_w", "least_power_w"},
}
WORDS = {"own_workload", "spilled", "power_over_board", "gpu_below_bound"}
RUNS = {
    "cached": {"overrides": {"nfp.encoding.feature_bytes": 2, "nfp.encoding.grid_sram_kib": 64}},
    "fits": {"overrides": {"power.gating": "none"}},
    "scenes": {"sequence": ngpc.Sequence(3, 10)},
    "bound": {"detail": "bound"},
    "sampled": {"detail": "sampled"},
    "part": {"limit_queries": 3000},
    "part sampled": {"limit_queries": 3000, "detail": "sampled"},
    "4k": {"resolution": "4k"},
    "over board": {"overrides": {"gpu.board_power_w": 80}},
    "faster rest": {"rest_factor": 0.5},
    "roofline": {"overrides": {"frame.rest_model": "roofline", "gpu_model": "roofline"}},
    "paper": {"arch": "ngpc-paper"},
}
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS = {"log10": math.log10}


class NotArithmeticError(Exception):
    """The text is words, not arithmetic over known names."""


def evaluate(formula, row, names, levels):
    """Value of ``formula`` for a ``row``; ``names`` has what is no column, ``levels`` the rows of levels.csv."""

    def summed(match):
        pattern = match[1]
        if "*" in pattern:
            return repr(math.fsum(row[name] for name in row if fnmatchcase(name, pattern)))
        return repr(sum(level[pattern] for level in levels))

    text = re.sub(r"sum of ([\w*]+)", summed, formula)
    text = re.sub(r"(?<=[\w)]) x (?=[\w(])", " * ", text)
    known = {**names, **row}

    def value(node):
        match node:
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name) if isinstance(known.get(name), int | float):
                return known[name]
            case ast.Attribute() if ast.unparse(node) in names:
                return names[ast.unparse(node)]
            case ast.BinOp(left=left, op=kind, right=right) if type(kind) in OPERATORS:
                return OPERATORS[type(kind)](value(left), value(right))
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name in FUNCTIONS:
                return FUNCTIONS[name](value(argument))
        raise NotArithmeticError(ast.unparse(node))

    try:
        return value(ast.parse(text, mode="eval").body)
    except SyntaxError:
        raise NotArithmeticError(formula) from None


@pytest.fixture(scope="module", params=RUNS)
def run(request):
    """A result, and what formulas name that is no column."""
    options = dict(RUNS[request.param])
    arch = ngpc.load_arch(options.pop("arch", "ngpc"), scale=8, overrides=options.pop("overrides", None))
    work = ngpc.load_workload("nsdf-hashgrid")
    result = ngpc.simulate(arch, work, ngpc.load_trace(work.trace), **options)
    return result, names_of(arch, work, options.get("resolution", "fhd"))


def names_of(arch, work, resolution):
    return {
        "pixels": {"fhd": 1920 * 1080, "4k": 3840 * 2160}[resolution],
        "input_bytes": work.input_bytes,
        "output_bytes": work.output_bytes,
        "gpu.die_mm2": arch.gpu.die_mm2.value,
        "gpu.board_power_w": arch.gpu.board_power_w.value,
        "gpu.idle_power_w": arch.gpu.idle_power_w.value,
        "nfp.encoding.line_bytes": arch.nfp.encoding.line_bytes,
        "nfp.encoding.grid_sram_kib": arch.nfp.encoding.grid_sram_kib,
        "nfp.clock_ghz": arch.nfp.clock_ghz,
    }


def numbers(row):
    return {name: value for name, value in row.items() if isinstance(value, int | float) and name not in WORDS}


def is_part_of(formula):
    return formula.startswith("adds up to ")


def test_every_number_of_a_row_is_what_its_formula_says(run):
    result, names = run
    row, levels = result.row(), result.level_rows()
    for name, value in numbers(row).items():
        if name not in COLUMNS or name in OF_A_RUN or is_part_of(COLUMNS[name].formula):
            continue
        try:
            expected = evaluate(COLUMNS[name].formula, row, names, levels)
        except ZeroDivisionError:
            expected = 1.0  # no line is asked, none is missing
        assert value == pytest.approx(expected, rel=1e-9), (name, COLUMNS[name].formula)


def test_parts_add_up_to_what_their_formula_names(run):
    row = run[0].row()
    parts = {}
    for name in row:
        if name in COLUMNS and is_part_of(COLUMNS[name].formula) and row[name] is not None:
            parts.setdefault(COLUMNS[name].formula.removeprefix("adds up to "), []).append(row[name])
    areas = {f"area_{model}_mm2" for model in ("stillmaker", "bitcell", "product")}
    assert set(parts) | {"area_stillmaker_mm2"} == {"frame_ms", "energy_mj"} | areas
    for whole, values in parts.items():
        assert math.fsum(values) == pytest.approx(row[whole], rel=1e-9)


def test_every_number_of_the_files_of_a_run_is_what_its_formula_says(run):
    result, names = run
    for file, rows in (("levels.csv", result.level_rows()), ("stalls.csv", result.stall_rows())):
        columns = FILE_COLUMNS[file]
        for row in rows:
            for name in columns.keys() & numbers(row).keys() - OF_A_RUN_IN_FILES[file]:
                if is_part_of(columns[name].formula):
                    continue
                no_line = name == "hit_rate" and not row["lines"]
                expected = 1.0 if no_line else evaluate(columns[name].formula, row, names, ())
                assert row[name] == pytest.approx(expected, rel=1e-12), (file, name)


def test_cycles_of_stalls_add_up_to_those_of_the_row(run):
    result, _ = run
    row, stalls = result.row(), result.stall_rows()
    columns = FILE_COLUMNS["stalls.csv"]
    parts = [name for name in columns if is_part_of(columns[name].formula)]
    assert {name for name in row if name.startswith("stall_")} | {"mlp_cycles"} == set(parts)
    for name in parts:
        assert sum(line[name] for line in stalls) == row[columns[name].formula.removeprefix("adds up to ")]


def test_a_formula_is_arithmetic_unless_the_number_comes_of_a_run(run):
    result, names = run
    row = result.row()
    for name in numbers(row).keys() & OF_A_RUN - {"doubled_gain"}:
        with pytest.raises(NotArithmeticError):
            evaluate(COLUMNS[name].formula or "?", {k: v for k, v in row.items() if k != name}, names, ())


def test_a_part_of_a_frame_has_no_figure_of_a_whole_one(run):
    row = run[0].row()
    is_part = row["limit_queries"] is not None
    unknown = {"speedup_measured"} if row["gpu_measured_ms"] is None else set()
    assert {name for name in WHOLE if row[name] is None} == (set(WHOLE) if is_part else unknown)
    assert ("cycles_per_query" in row) == is_part
    if is_part:
        assert not [name for name in WHOLE if f"ci_low_{name}" in row]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of three runs, for a timeline is of one point, and traffic of blocks: all that a run can write."""
    out, timed, laid = (tmp_path_factory.mktemp(name) for name in ("out", "timed", "laid"))
    several = ("--scale", "4,8", "--power-budget", "0.5,2,50", "--set", "nfp.clock_ghz=0.5,1")
    one = ("--scale", "8", "--timeline", str(timed / "gia.pftrace"))
    blocks = ("--scale", "8", "--set", "nfp.encoding.layout=voxel_block", "--limit-queries", "1000")
    for words, place in ((several, out), (one, timed), (blocks, laid)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["ngpc-sim", "--app", "gia", *words, "--quiet", "--out", str(place)])
            main()
    (timed / "timeline-blockers.csv").rename(out / "timeline-blockers.csv")
    (laid / "traffic.csv").rename(out / "traffic.csv")
    return out


def table(folder, name):
    with (folder / name).open(newline="") as stream:
        return [{key: number(cell) for key, cell in row.items()} for row in csv.DictReader(stream)]


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def test_every_budget_is_what_its_formula_says(folder):
    rows, columns = table(folder, "results.csv"), FILE_COLUMNS["budgets.csv"]
    largest = max(rows, key=lambda row: (row["scale"], row["nfp.clock_ghz"]))
    names = {"pixels": 1920 * 1080, "nfp.clock_ghz": 0.0}
    for line in table(folder, "budgets.csv"):
        assert line["least_power_w"] == min(row["ngpc_power_w"] for row in rows)
        for name in ("gap_gpu_oom", "gap_total_oom", "gap_ngpc_oom"):
            given = largest | {"budget_w": line["budget_w"]}
            assert line[name] == pytest.approx(evaluate(columns[name].formula, given, names, ()), rel=1e-9)
        if line["scale"] != "":
            chosen = [row for row in rows if all(row[key] == line[key] for key in ("scale", "fps", "ngpc_power_w"))]
            assert [row["nfp.clock_ghz"] for row in chosen] == [line["clock_ghz"]]


@pytest.mark.parametrize("file", ["results.csv", "levels.csv", "stalls.csv", "budgets.csv", "traffic.csv"])
def test_explain_knows_every_column_of_every_file(file, folder, capsys, monkeypatch):
    with (folder / file).open(newline="") as stream:
        header = next(csv.reader(stream))
    for name in header:
        monkeypatch.setattr(sys, "argv", ["ngpc-sim", "explain", name])
        main()
        said = capsys.readouterr().out
        assert said.startswith(f"{name}\n")
        known = FILE_COLUMNS.get(file, {}).get(name) or COLUMNS.get(name)
        assert known is None or known.meaning in said


def test_the_tables_of_files_have_no_column_that_no_file_has(folder):
    for file, columns in FILE_COLUMNS.items():
        with (folder / file).open(newline="") as stream:
            header = next(csv.reader(stream))
        assert not [name for name in columns if not any(fnmatchcase(other, name) for other in header)]
