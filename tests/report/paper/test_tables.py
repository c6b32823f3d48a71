"""The CSV of each figure has the rows' own numbers, by another way of computing them."""

from statistics import fmean

import pytest

APPS = ("nerf", "nsdf", "gia", "nvr")
PUBLISHED_MEANS = {
    "hashgrid": (12.94, 20.85, 33.73, 39.04),
    "densegrid": (9.05, 14.22, 22.57, 26.22),
    "lowres": (9.37, 14.66, 22.97, 26.4),
}


def only(lines, **fixed):
    return [line for line in lines if all(line[name] == value for name, value in fixed.items())]


def test_shares_are_the_gpus_times_of_a_hundred(table, find):
    for line in table("kernel_shares"):
        assert line["encoding_pct"] + line["mlp_pct"] + line["rest_pct"] == pytest.approx(100)
        apps = find(line["encoding"], scale=8, arch=line["arch"])
        for part in ("encoding", "mlp", "rest"):
            shares = {row["app"]: 100 * row[f"gpu_{part}_ms"] * 1.1 / row["gpu_frame_ms"] for row in apps}
            shares["mean"] = fmean(shares.values())
            assert line[f"{part}_pct"] == pytest.approx(shares[line["app"]])
    assert len(table("kernel_shares")) == 2 * 3 * 5


def test_published_shares_stand_beside_the_means(table):
    for encoding, network, own, high in (
        ("hashgrid", 72.37, 40.24, ""),
        ("densegrid", 60, 24, 25),
        ("lowres", 59.96, 24, 25),
    ):
        for line in only(table("kernel_shares"), encoding=encoding):
            told = (line["published_network_pct"], line["published_encoding_pct"], line["published_encoding_high_pct"])
            assert told == ((network, own, high) if line["app"] == "mean" else ("", "", ""))


@pytest.mark.parametrize("encoding", PUBLISHED_MEANS)
def test_speedups_and_bounds_are_the_rows_and_means_stand_beside_the_published(table, find, encoding):
    for scale, published in zip((8, 16, 32, 64), PUBLISHED_MEANS[encoding], strict=True):
        for arch in ("ngpc-paper", "ngpc"):
            lines = only(table("speedup"), encoding=encoding, scale=scale, arch=arch)
            apps = find(encoding, scale=scale, arch=arch)
            assert [line["app"] for line in lines] == [*APPS, "mean"]
            assert [line["speedup"] for line in lines[:4]] == [row["speedup"] for row in apps]
            assert [line["speedup_bound"] for line in lines[:4]] == [row["speedup_bound"] for row in apps]
            assert lines[4]["speedup"] == pytest.approx(sum(row["gpu_frame_ms"] / row["frame_ms"] for row in apps) / 4)
            assert lines[4]["published"] == published
            assert lines[4]["confidence"] == ("published" if encoding == "hashgrid" else "published, from memory")


def test_kernels_take_their_cycles_of_all_nfps_at_the_clock(table, find):
    lines = table("kernel_speedups")
    assert len(lines) == 2 * 2 * 4 * 5
    for arch, scale in ((arch, scale) for arch in ("ngpc-paper", "ngpc") for scale in (8, 16, 32, 64)):
        for kernel, published in (("encoding", 246), ("mlp", 1232)):
            own = only(lines, arch=arch, kernel=kernel, scale=scale)
            expected = [
                row[f"gpu_{kernel}_ms"] / (row[f"{kernel}_cycles"] / scale / 1e9 * 1e3)
                for row in find(arch=arch, scale=scale)
            ]
            assert [line["speedup"] for line in own] == pytest.approx([*expected, fmean(expected)])
            assert {line["published"] for line in own} == {published}


def test_frame_rates_are_the_rows_and_the_gpus(table, find):
    lines = table("fps_by_scale")
    assert len(lines) == 2 * 4 * 4 * 4
    for line in lines:
        (row,) = find(resolution=line["resolution"], arch=line["arch"], app=line["app"], scale=line["scale"])
        assert line["fps"] == row["fps"]
        assert line["gpu_fps"] * row["gpu_frame_ms"] == pytest.approx(1000)
    assert table("fps_by_app") == only(lines, scale=64)


def test_published_frame_rates_stand_beside_their_app_and_resolution(table):
    told = {(line["app"], line["resolution"], line["published_fps"]) for line in table("fps_by_app")}
    reached = {point for point in told if point[2] != ""}
    assert reached == {("nerf", "4k", 30), ("nsdf", "8k", 120), ("gia", "8k", 120), ("nvr", "8k", 120)}


def test_area_and_power_are_the_rows(table, find):
    lines = table("area_power")
    for arch in ("ngpc-paper", "ngpc"):
        area = [row["area_pct_gpu"] for row in find(arch=arch, app="nerf")]
        assert [line["pct_gpu"] for line in only(lines, quantity="area", arch=arch)] == area
        for app in APPS:
            power = [row["power_pct_gpu"] for row in find(arch=arch, app=app)]
            assert [line["pct_gpu"] for line in only(lines, quantity="power", arch=arch, app=app)] == power
    for quantity, few, many in (("area", 4.52, 36.18), ("power", 2.75, 22.06)):
        told = {line["scale"]: line["published"] for line in only(lines, quantity=quantity)}
        assert told == {8: few, 16: "", 32: "", 64: many}


@pytest.mark.parametrize(
    ("target", "resolution", "fps"), [("4k60", "4k", 60), ("8k120", "8k", 120), ("vr90", "3664x1920", 90)]
)
def test_a_gap_is_the_rate_of_the_target_over_our_own(table, find, target, resolution, fps):
    for line in only(table("gap"), target=target):
        found = find(resolution=resolution, arch=line["arch"], app=line["app"])
        if line["system"] == "GPU alone":
            assert line["scale"] == 0
            assert line["gap"] == pytest.approx(fps * found[0]["gpu_frame_ms"] / 1000)
        else:
            (row,) = [row for row in found if row["scale"] == line["scale"]]
            assert line["gap"] == pytest.approx(fps / row["fps"])
    assert len(only(table("gap"), target=target)) == 2 * 4 * 5


def test_the_published_gap_is_that_of_the_gpu_at_4k_and_60_fps(table):
    columns = ("target", "system", "app", "published")
    told = {tuple(line[column] for column in columns) for line in table("gap") if line["published"] != ""}
    assert told == {("4k60", "GPU alone", "nvr", 1.51), ("4k60", "GPU alone", "nerf", 55.5)}


def test_bandwidth_is_bytes_by_queries_by_pixels_a_second(table, find):
    lines = table("bandwidth")
    sizes = {"nerf": 36, "nsdf": 16, "gia": 20, "nvr": 28}
    assert [(line["arch"], line["app"]) for line in lines[:8]] == [
        (a, app) for a in ("ngpc-paper", "ngpc") for app in APPS
    ]
    for line in lines[:8]:
        (row,) = find(resolution="4k", scale=8, arch=line["arch"], app=line["app"])
        assert line["bytes_per_query"] == sizes[line["app"]]
        assert line["queries_per_pixel"] == row["queries_per_pixel"]
        frame_gb = row["queries"] * sizes[line["app"]] / 1e9
        assert line["gbps_4k60"] == pytest.approx(60 * frame_gb)
    assert [(line["app"], line["gbps_4k60"]) for line in lines[8:]] == [("nerf", 231), ("least of the apps", 69)]


def test_the_table_in_markdown_has_the_numbers_of_the_csv(files, table):
    lines = files["bandwidth.md"].decode().splitlines()[2:]
    assert len(lines) == 10
    for line, cells in zip(lines, table("bandwidth"), strict=True):
        assert float(line.split("|")[-2]) == pytest.approx(cells["gbps_4k60"], abs=0.051)


def test_what_is_calibrated_is_said_in_every_line_of_every_table(files, table):
    for name in files:
        if name.endswith(".csv"):
            for line in table(name.removesuffix(".csv")):
                assert line["calibrated"] == ("true" if line["arch"] == "ngpc-paper" else "false")
