"""The folder: every figure in both formats with its numbers, the same bytes again, and an index of all."""

import re

import matplotlib as mpl
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.paper.files import paper_files, write_paper

FIGURES = ("kernel_shares", "speedup", "kernel_speedups", "fps_by_app", "fps_by_scale", "area_power", "gap")
NAMES = {*(f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg", "csv")), "bandwidth.csv", "bandwidth.md"}


def test_every_figure_is_there_as_png_svg_and_csv(files):
    assert set(files) == {*NAMES, "index.md"}
    for name in FIGURES:
        assert files[f"{name}.png"].startswith(b"\x89PNG")
        assert files[f"{name}.svg"].rstrip().endswith(b"</svg>")
        assert b"<dc:date>" not in files[f"{name}.svg"]


def test_same_rows_give_the_same_bytes_whatever_the_users_settings(rows, files):
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "savefig.bbox": "tight", "svg.hashsalt": "x"}):
        again = paper_files(rows)
    assert [name for name in files if files[name] != again[name]] == []


def test_the_index_names_every_file_and_says_what_is_calibrated(files):
    index = files["index.md"].decode()
    assert set(re.findall(r"`([a-z_]+\.(?:png|svg|csv|md))`", index)) == NAMES
    assert set(re.findall(r"\]\((.+?)\)", index)) == {f"{name}.png" for name in FIGURES}
    assert "`ngpc-paper`: calibrated: invented" in index
    assert "`ngpc`: nothing is fitted" in index
    assert index.count("Calibration: ") == 8


def test_the_set_is_written_and_what_else_is_in_the_folder_stays(rows, files, tmp_path, monkeypatch):
    monkeypatch.setattr("ngpc_sim.report.paper.files.paper_files", lambda _: files)
    (tmp_path / "notes.txt").write_text("mine")
    written = write_paper(tmp_path, rows)
    assert {path.name for path in written} == {*NAMES, "index.md"}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files | {"notes.txt": b"mine"}


def test_no_rows_are_a_users_error():
    with pytest.raises(UserError, match="no result rows"):
        paper_files([])
