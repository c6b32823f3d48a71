"""Folders of results that are made of plain rows, and a headless Chromium that reads their pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
APPS = {"nerf": 230.0, "gia": 2.0}
READY_MS = 60_000


def design(app: str, scale: int, **more: object) -> dict[str, object]:
    """A row of a result, with round numbers: the speedup is half the scale."""
    gpu_ms = APPS[app]
    frame_ms = gpu_ms / (scale / 2)
    return {
        "arch": "ngpc", "scale": scale, "app": app, "encoding": "hashgrid", "workload": f"{app}-hashgrid",
        "resolution": "fhd", "trace": f"{app}-trace", "detail": "cycle", "gpu": "rtx3090", "arch_sha256": "abc",
        "frame_ms": frame_ms, "fps": 1000 / frame_ms, "gpu_frame_ms": gpu_ms, "speedup": scale / 2,
        "bottleneck": "mlp_engine", "nfp_cycles": 1000, "mlp_cycles": 600, "encoding_cycles": 500,
        "stall_gpu": 300, "stall_dispatch": 100, "io_gbps": 50.0, "line_gbps": 0.0, "dram_gbps": 40.0,
        "energy_mj": 10.0 * scale, "gpu_energy_mj": 1000.0, "energy_mlp_mj": 4.0 * scale, "energy_gpu_mj": 6.0 * scale,
        "energy_gain": 100 / scale, "total_power_w": 100.0, "area_mm2": 7.0 * scale,
        "area_bitcell_grid_sram_mm2": 5.0 * scale, "area_bitcell_encoding_mm2": 0.5 * scale,
        "area_bitcell_buffers_mm2": 0.5 * scale, "area_bitcell_mlp_mm2": 1.0 * scale,
    } | more  # fmt: skip


def configuration(**more: object) -> dict[str, object]:
    """A configuration whose values have sources."""
    return {
        "name": "ngpc",
        "nfp": {"clock_ghz": 1.0},
        "memory": {"l2_gbps": 2000.0, "dram_gbps": 936.0, "dram_efficiency": 0.95},
        "sources": {"nfp.clock_ghz": "assumed: not published", "memory.dram_gbps": "published: the maker's figure"},
        "gpu_file": {"die_mm2": {"value": 628.4, "unit": "mm2", "source": "die size", "tag": "published"}},
    } | more


@pytest.fixture(scope="session")
def made():
    """Write a folder of results."""

    def make(folder: Path, rows, **manifest) -> Path:
        folder.mkdir()
        known = {"tool": "ngpc-sim", "version": "9", "command": "ngpc-sim --scale 8..64"}
        manifest = known | {"configurations": {"abc": configuration()}} | manifest
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "results.json").write_text(json.dumps({"rows": rows}))
        return folder

    return make


@pytest.fixture(scope="session")
def plain_rows():
    """Two apps at four scales."""
    return [design(app, scale) for scale in (8, 16, 32, 64) for app in APPS]


@pytest.fixture(scope="module")
def browser():
    """A browser for the tests of a module; without it they are skipped."""
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


class Opened:
    """A page in the browser, and what it has said and asked for."""

    def __init__(self, browser, path: Path, **options) -> None:
        self.page = browser.new_context(**options).new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.errors.append("a dialog"), dialog.dismiss()))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", state="attached", timeout=READY_MS)

    def _hear(self, said) -> None:
        if said.type in {"error", "warning"}:
            self.errors.append(said.text)


@pytest.fixture
def opened(browser):
    """Open a page, and close it after the test."""
    pages = []

    def open_page(path: Path, **options) -> Opened:
        pages.append(Opened(browser, path, **options))
        return pages[-1]

    yield open_page
    for own in pages:
        own.page.context.close()
