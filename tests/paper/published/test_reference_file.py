"""The reference file is read when asked, refuses what it should not have, and gives reasons for its tolerances."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

import ngpc_sim
from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.results.published import PUBLISHED, Published, read_reference

REFERENCE = Path(ngpc_sim.__file__).parent / "results" / "reference.csv"


def half_unit(printed):
    """Half a unit of the last printed digit, relative."""
    decimals = len(printed.split(".")[1]) if "." in printed else 0
    return 0.5 / 10**decimals / float(printed)


def cells():
    with REFERENCE.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_file_is_part_of_the_package():
    assert bundled.folder("published") / "reference.csv" == REFERENCE


def test_importing_the_numbers_does_not_read_them():
    code = (
        "import pathlib, ngpc_sim.config.bundled as r; r.folder = lambda kind: pathlib.Path('/nowhere'); "
        "import ngpc_sim.results.published as p; print('imported'); p.PUBLISHED['largest_speedup']"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "imported\n"
    assert "reference numbers cannot be read from /nowhere/reference.csv" in done.stderr


@pytest.mark.parametrize("row", cells(), ids=lambda row: row["key"])
def test_a_tolerance_wider_than_the_rounding_of_its_source_has_a_sentence(row):
    printed = [number for number in (row["value"], row["high"]) if number]
    if row["tolerance"] and float(row["tolerance"]) > min(map(half_unit, printed)):
        assert row["tolerance_reason"].endswith(".")
        assert len(row["tolerance_reason"].split()) > 5


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"cannot be read from .*none\.csv"):
        read_reference(tmp_path / "none.csv")


def test_an_unknown_key_is_refused_and_not_there():
    with pytest.raises(UserError, match="has no row 'gpu_frame_ms/lego'"):
        PUBLISHED["gpu_frame_ms/lego"]
    assert "gpu_frame_ms/lego" not in PUBLISHED


def test_a_file_without_rows_or_with_a_row_twice_is_refused(tmp_path):
    lines = REFERENCE.read_text(encoding="utf-8").splitlines(keepends=True)
    for name, text in (("empty", lines[0]), ("twice", "".join([*lines, lines[1]]))):
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="each with a key of its own"):
            read_reference(path)


def test_another_set_of_columns_is_refused(tmp_path):
    path = tmp_path / "reference.csv"
    path.write_text(REFERENCE.read_text(encoding="utf-8").replace("must_hold", "must", 1), encoding="utf-8")
    with pytest.raises(UserError, match="its columns should be key, section, what"):
        read_reference(path)


def test_a_row_cut_short_is_refused(tmp_path):
    path = tmp_path / "reference.csv"
    head = REFERENCE.read_text(encoding="utf-8").splitlines()[0]
    path.write_text(f"{head}\nmean_speedup/hashgrid/8,Speedup,mean\n", encoding="utf-8")
    with pytest.raises(UserError, match="a row should have 15 cells"):
        read_reference(path)


@pytest.mark.parametrize(
    ("key", "cells", "said"),
    [
        ("largest_speedup", {"source": " "}, "'source' is empty"),
        ("largest_speedup", {"how": ""}, "'how' is empty"),
        ("largest_speedup", {"confidence": "X"}, "confidence = 'X' should be one of P, S, M, D"),
        ("largest_speedup", {"answered_by": "us"}, "answered_by = 'us' should be one of"),
        ("largest_speedup", {"value": "fast"}, "value = 'fast' is not a number"),
        ("largest_speedup", {"value": "nan"}, "value = 'nan' is not a number"),
        ("largest_speedup", {"value": "-58.36"}, "above 0"),
        ("largest_speedup", {"value": ""}, "does not go with 0 numbers"),
        ("largest_speedup", {"high": "60"}, "does not go with 2 numbers"),
        ("largest_speedup", {"tolerance": ""}, "has a tolerance"),
        ("largest_speedup", {"tolerance": "-0.1"}, "tolerance of 0 or more"),
        ("largest_speedup", {"tolerance_reason": ""}, "wider than the rounding of its source; say why"),
        ("largest_speedup", {"must_hold": "ngpc"}, "must_hold = 'ngpc' should be no or what answers, ngpc-paper"),
        ("mlp_model_error", {"tolerance": "0.1"}, "no other row has one"),
        ("mlp_model_error", {"must_hold": "none"}, "must_hold = 'none'"),
        ("io_gbps", {"high": ""}, "does not go with 1 numbers"),
        ("io_gbps", {"high": "60"}, "the low end first"),
    ],
)
def test_a_cell_that_is_not_what_it_should_be_is_refused(altered, key, cells, said):
    with pytest.raises(UserError, match=r"reference\.csv:\d+") as refused:
        read_reference(altered(key, **cells))
    assert said in str(refused.value)


def test_a_description_has_no_number_to_give():
    row = PUBLISHED["method"]
    assert row.printed == ()
    with pytest.raises(UserError, match="'method' is a description without a number"):
        _ = row.value


@pytest.mark.parametrize(
    ("printed", "rounding"), [("26", 0.5 / 26), ("26.4", 0.05 / 26.4), ("60.0", 0.05 / 60), ("0.51", 0.005 / 0.51)]
)
def test_rounding_is_half_a_unit_of_the_last_digit_printed(printed, rounding):
    fields = dict.fromkeys(Published.__dataclass_fields__, "") | {"printed": (printed,)}
    assert Published(**fields).rounding == pytest.approx(rounding, rel=1e-12)
