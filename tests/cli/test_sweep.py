"""``ngpc-sim sweep`` and ``--dry-run``."""

import json

import pytest

from ngpc_sim.job.dry_run import CHART_BYTES

FILE = """
scale: 8..16
app: gia
detail: bound
grid:
  nfp.mlp.rows: [32, 64]
  nfp.mlp.cols: [32, 64]
constraints:
  - nfp.mlp.rows == nfp.mlp.cols
  - area_mm2 <= LIMIT
"""


@pytest.fixture
def sweep(run, undrawn, tmp_path):  # noqa: ARG001 - it acts by being there
    def call(text, *words):
        (tmp_path / "own.yaml").write_text(text)
        return run("sweep", "own.yaml", *words)

    return call


def test_a_column_marks_rows_after_the_run(sweep):
    ran = sweep(FILE.replace("LIMIT", "1e6"))
    areas = sorted(float(row["area_mm2"]) for row in ran.rows("out/own"))
    assert [row["feasible"] for row in ran.rows("out/own")] == ["true"] * 4
    limit = (areas[1] + areas[2]) / 2
    rows = sweep(FILE.replace("LIMIT", str(limit))).rows("out/own")
    assert len(rows) == 4
    for row in rows:
        fits = float(row["area_mm2"]) <= limit
        assert row["feasible"] == ("true" if fits else "false")
        assert row["infeasible_by"] == ("" if fits else f"area_mm2 <= {limit}")


def test_a_sweep_says_what_constraints_did(sweep):
    ran = sweep(FILE.replace("LIMIT", "1"))
    assert "the whole run: Constraints over keys prune 4 design points." in ran.notes("out/own", "sweep")
    assert "the whole run: 4 of 4 rows break the constraint area_mm2 <= 1." in ran.notes("out/own", "warnings")
    assert "1 warning: 4 of 4 rows break the constraint area_mm2 <= 1." in ran.out


def test_a_run_with_pruned_points_is_repeated_byte_by_byte(sweep, run):
    sweep(FILE.replace("LIMIT", "40"), "--quiet")
    assert run("rerun", "out/own").status == 0


def test_rows_are_counted_by_whole_constraints(sweep):
    rules = "constraints: [\"app == 'a; b' and fps > 0\", area_mm2 < 0]\n"
    ran = sweep(FILE.partition("constraints")[0] + rules)
    said = ran.notes("out/own", "warnings")
    assert "the whole run: 8 of 8 rows break the constraint app == 'a; b' and fps > 0." in said
    assert "the whole run: 8 of 8 rows break the constraint area_mm2 < 0." in said
    assert "\n2 warnings: " in ran.out


def test_a_file_and_its_command_line_give_the_same_rows(sweep, run):
    grid = FILE.partition("constraints")[0]
    by_file = sweep(grid, "--out", "a", "--quiet").rows("a")
    words = ("--set", "nfp.mlp.rows=32,64", "--set", "nfp.mlp.cols=32..64", "--out", "b", "--quiet")
    assert run("--scale", "8..16", "--app", "gia", "--detail", "bound", *words).rows("b") == by_file


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_a_dry_run_says_how_much_and_writes_nothing(sweep, quiet):
    ran = sweep(FILE.replace("LIMIT", "40"), "--dry-run", *quiet)
    assert (ran.status, ran.err, ran.written()) == (0, "", ["own.yaml"])
    points, pruned, time, disk = ran.out.splitlines()
    assert points == "4 design points."
    assert pruned == "Constraints over keys prune 4 design points."
    assert "with --jobs 1" in time
    assert "first few" in time
    assert disk.startswith("About ")
    assert "B in out/own, charts included." in disk


def test_a_dry_run_counts_only_what_the_store_lacks(sweep):
    sweep(FILE.replace("LIMIT", "40"), "--quiet")
    said = sweep(FILE.replace("LIMIT", "40"), "--dry-run").out
    assert "\n4 of them have run already.\n" in said
    assert "--jobs" not in said
    said = sweep(FILE.replace("LIMIT", "40").replace("8..16", "8..32"), "--dry-run").out
    assert said.startswith(
        "6 design points.\nConstraints over keys prune 6 design points.\n4 of them have run already."
    )
    assert "if all take as long as the first few" in said


def test_a_dry_run_knows_how_much_disk_the_tables_need(sweep, tmp_path):
    large = (
        FILE.replace("LIMIT", "40").replace("[32, 64]\nconstr", "[8, 16, 32, 64]\nconstr").partition("constraints")[0]
    )
    said = sweep(large, "--dry-run").out.splitlines()[-1]
    number, unit = said.split()[1:3]
    expected = float(number) * {"kB": 1e3, "MB": 1e6}[unit]
    sweep(large, "--quiet")
    tables = sum(path.stat().st_size for path in (tmp_path / "out" / "own").iterdir())
    assert tables < expected < 1.5 * tables + CHART_BYTES


@pytest.mark.parametrize(
    ("words", "named"), [(("--only-failed",), "--only-failed"), (("--cluster", "tcp://head:8786"), "--cluster")]
)
def test_a_dry_run_takes_nothing_that_it_would_not_heed(refused, sweep, words, named):
    said = f"--dry-run runs the first few points on this machine: leave out {named}."
    assert refused("--scale", "8,16", "--app", "gia", "--dry-run", *words) == said
    ran = sweep(FILE.replace("LIMIT", "40"), "--dry-run", *words)
    assert (ran.status, ran.err) == (2, f"ngpc-sim: error: {said}\n")


def test_a_cluster_has_its_own_workers(refused):
    said = refused("--cluster", "tcp://head:8786", "--scale", "8,16", "--app", "gia", "--jobs", "2")
    assert said == "--jobs 2 and --cluster exclude each other: the cluster has its own workers."


def test_the_main_job_has_a_dry_run(run):
    ran = run("--scale", "8..64", "--app", "gia", "--detail", "bound", "--dry-run")
    assert (ran.status, ran.written()) == (0, [])
    assert ran.out.startswith("4 design points.\nAbout ")


def test_a_doubling_range_of_a_key_says_where_it_ends(run, undrawn):  # noqa: ARG001 - it acts by being there
    words = ("--scale", "8", "--app", "gia", "--detail", "bound", "--set", "nfp.mlp.rows=32..100")
    said = " ".join(run(*words).out.split())
    assert "--set nfp.mlp.rows=32..100 doubles and ends at 64; 32..100:STEP steps." in said


def test_the_schema_is_printed(run):
    assert "grid" in json.loads(run("sweep", "--schema").out)["properties"]


def test_a_sweep_without_a_file_is_refused(refused):
    assert refused("sweep") == "sweep needs a FILE: docs/sweeps.md shows one."
    assert "none.yaml cannot be read" in refused("sweep", "none.yaml")
