"""``ngpc-sim report OUT --chart``: figures at the widths of a paper, from the files of a folder alone."""

import io
import json
import re
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from PIL import Image

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.figures import FOLDER, WIDTHS, write_figures
from ngpc_sim.report.charts.chart_files import CHARTS, charts_of

SCALES = (8, 16, 32, 64)
SVG = "{http://www.w3.org/2000/svg}"


def rows_of():
    """Rows of one app more each: results as a run writes them, with what the charts need."""
    blocks = ("gpu", "gpu_idle", "memory", "leakage", "idle", "grid_sram", "encoding", "buffers", "mlp")
    rows = []
    for place, app in enumerate(("nerf", "gia"), 1):
        for scale in SCALES:
            row = {"arch": "ngpc", "scale": scale, "app": app, "encoding": "hashgrid", "resolution": "fhd"}
            row |= {"detail": "cycle", "speedup": scale / 4 * place, "speedup_bound": 40.0, "fps": 10.0 * scale * place}
            row |= {"gpu_frame_ms": 100.0 / place, "nfp_cycles": 100, "mlp_cycles": 60 + place, "stall_gpu": 40 - place}
            row |= {f"energy_{block}_mj": 1.0 + place for block in blocks} | {"gpu_energy_mj": 100.0}
            for model in ("stillmaker", "bitcell", "product"):
                row |= {
                    f"area_{model}_{block}_mm2": float(scale) for block in ("grid_sram", "encoding", "buffers", "mlp")
                }
            rows.append(row | {"area_mm2": 4.0 * scale, "area_pct_gpu": 0.6 * scale})
    return rows


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"tool": "ngpc-sim"}), encoding="utf-8")
    (tmp_path / "results.json").write_text(json.dumps({"tool": "ngpc-sim", "rows": rows_of()}), encoding="utf-8")
    return tmp_path


def test_every_chart_and_format_is_written_at_both_widths(folder):
    written = write_figures(folder, "all", "all", "all")
    expected = {f"{name}-{width}.{kind}" for name in CHARTS for width in WIDTHS for kind in ("pdf", "png", "svg")}
    assert {path.name for path in written} == {path.name for path in (folder / FOLDER).iterdir()} == expected


@pytest.mark.parametrize("width", list(WIDTHS))
def test_files_are_as_wide_as_a_column_or_a_page(folder, width):
    pdf, png, svg = write_figures(folder, "speedup", "pdf,png,svg", width)
    points = 72 * WIDTHS[width]
    assert float(ET.parse(svg).getroot().get("width").removesuffix("pt")) == pytest.approx(points, abs=0.01)  # noqa: S314 - ours
    with Image.open(png) as picture:
        assert picture.width == pytest.approx(300 * WIDTHS[width], abs=1)
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf.read_bytes())
    assert float(box.group(1)) == pytest.approx(points, abs=0.01)


def test_text_stays_text_in_svg_and_pdf(folder):
    pdf, svg = write_figures(folder, "speedup", "pdf,svg", "column")
    texts = ["".join(text.itertext()) for text in ET.parse(svg).getroot().iter(f"{SVG}text")]  # noqa: S314 - ours
    assert {"NeRF", "GIA", "NFPs (log scale)"} <= set(texts)
    content = pdf.read_bytes()
    assert b"/Type3" not in content
    assert b"/ToUnicode" in content
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    drawn = b"".join(zlib.decompress(stream) for stream in streams if stream[:1] == b"x")
    blocks = (b"".join(re.findall(rb"\(\x00\\?(.)\)", block)) for block in re.findall(rb"BT.*?ET", drawn, re.DOTALL))
    assert {b"NeRF", b"GIA", b"NFPs (log scale)"} <= set(blocks)


def test_the_same_results_give_the_same_bytes_without_a_date(folder):
    first = {path.name: path.read_bytes() for path in write_figures(folder, "all", "all", "column")}
    assert {path.name: path.read_bytes() for path in write_figures(folder, "all", "all", "column")} == first
    assert not any(b"CreationDate" in content or b"<dc:date>" in content for content in first.values())


def test_plotted_numbers_are_those_of_the_result_file(folder):
    rows = json.loads((folder / "results.json").read_text(encoding="utf-8"))["rows"]
    (axes,) = charts_of(rows, [])["fps"](WIDTHS["column"]).axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    for title, app in (("NeRF", "nerf"), ("GIA", "gia")):
        assert drawn[title] == [row["fps"] for row in rows if row["app"] == app]


@pytest.mark.parametrize("name", list(CHARTS))
def test_a_picture_is_neither_empty_nor_clipped(folder, name):
    """Ink is spread over the picture, and none touches its edges; loose on purpose."""
    (path,) = write_figures(folder, name, "png", "column")
    grey = np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("L"), float) / 255
    ink = grey < 0.9
    assert 0.01 < ink.mean() < 0.6
    assert not any(edge.any() for edge in (ink[:2], ink[-2:], ink[:, :2], ink[:, -2:]))
    height, width = ink.shape
    parts = [
        ink[i * height // 3 : (i + 1) * height // 3, j * width // 3 : (j + 1) * width // 3]
        for i in range(3)
        for j in range(3)
    ]
    assert all(part.any() for part in parts)


def test_figures_of_other_names_stay(folder):
    write_figures(folder, "speedup", "png", "page")
    write_figures(folder, "fps", "svg", "column")
    assert {path.name for path in (folder / FOLDER).iterdir()} == {"speedup-page.png", "fps-column.svg"}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("roofline", "pdf", "column"), "--chart roofline: there is no 'roofline' here; choose of speedup, fps"),
        (("misses", "pdf", "column"), "there is no 'misses' here, which is only of runs where a table is cached"),
        (("frames", "pdf", "column"), "there is no 'frames' here, which is only of sequences of frames"),
        (("speedup", "eps", "column"), "--format eps: there is no 'eps' here; choose of pdf, png, svg"),
        (("speedup", "pdf", "poster"), "--width poster: there is no 'poster' here; choose of column, page"),
    ],
)
def test_an_unknown_name_is_a_users_error_that_names_the_known_ones(folder, asked, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        write_figures(folder, *asked)
    assert not (folder / FOLDER).exists()


def test_a_folder_without_results_is_a_users_error(tmp_path):
    with pytest.raises(UserError):
        write_figures(tmp_path, "speedup", "pdf", "column")


def test_misses_are_drawn_from_the_file_of_levels(folder):
    lines = ["arch,scale,app,encoding,resolution,detail,grid_sram_kib,level,table_kib,spilled,lines,misses,far"]
    lines += [
        f"ngpc,8,nerf,hashgrid,fhd,cycle,512,{level},2048,true,1000,{10 * level},{level}" for level in range(1, 8)
    ]
    (folder / "levels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (path,) = write_figures(folder, "misses", "svg", "column")
    assert path.name == "misses-column.svg"
