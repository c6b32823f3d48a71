"""The page in a headless Chromium: what it shows, what it asks for, and how it is used without a mouse."""

import json
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

from ngpc_sim.job.page import write_page

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\u2028<b>"
SEVERE = {"serious", "critical"}
VIEWS = ("speedup", "fps", "energy", "energy-ngpc", "area", "stalls", "pareto")
ROOFLINES = ("roofline-encoding_cycles", "roofline-mlp_cycles")


@pytest.fixture(scope="module")
def plain(tmp_path_factory, made, plain_rows):
    return write_page([made(tmp_path_factory.mktemp("plain") / "plain", plain_rows)])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, made, plain_rows):
    named = {"arch": HOSTILE, "trace": HOSTILE, "workload": HOSTILE, "bottleneck": HOSTILE, "gpu": HOSTILE}
    rows = [row | named | {"app": HOSTILE + row["app"], f"x.{HOSTILE}": row["scale"] % 3} for row in plain_rows]
    folder = made(tmp_path_factory.mktemp("hostile") / "h", rows, command=HOSTILE)
    note = {"topic": "costs", "about": HOSTILE, "text": HOSTILE, "figures": {HOSTILE: HOSTILE}, "source": HOSTILE}
    (folder / "notes.json").write_text(json.dumps({"notes": [note]}))
    return write_page([folder])


def test_charts_are_drawn_with_no_error_and_no_request(opened, plain):
    own = opened(plain)
    assert own.errors == []
    assert [url for url in own.requests if not url.startswith(("file://", "blob:"))] == []
    for name in (*VIEWS, *ROOFLINES):
        marks = own.page.locator(f"#run0-{name} svg .mark-symbol path, #run0-{name} svg .mark-rect path")
        assert marks.count() > 0, name
    assert "NaN" not in own.page.locator("main").inner_html()


def test_a_request_is_refused_by_the_page_itself(opened, plain):
    own = opened(plain)
    asked = "fetch('https://example.org/').then(() => 'came', () => 'refused')"
    assert own.page.evaluate(asked) == "refused"


def test_a_click_on_an_app_filters_every_chart_and_the_table(opened, plain):
    from playwright.sync_api import expect

    page = opened(plain).page
    bars = page.locator("#run0-stalls svg .mark-rect.role-mark path")
    before = bars.count()
    page.locator("#run0-energy svg .mark-rect.role-mark path").first.click()
    expect(bars).to_have_count(before // 2)
    assert page.locator("#run0-rows tbody tr").count() == 4
    page.get_by_role("button", name="all apps").press("Enter")
    expect(bars).to_have_count(before)
    assert page.locator("#run0-rows tbody tr").count() == 8


def test_a_chart_is_as_high_as_its_bars_and_one_of_no_app_keeps_all(opened, plain):
    from playwright.sync_api import expect

    own = opened(plain)
    stalls, area = (own.page.locator(f"#run0-{name} svg .mark-rect.role-mark path") for name in ("stalls", "area"))
    frame = own.page.locator("#run0-stalls svg path.background").first
    whole, bars, areas = frame.bounding_box()["height"], stalls.count(), area.count()
    own.page.locator("#run0-energy svg .mark-rect.role-mark path").first.click()
    expect(stalls).to_have_count(bars // 2)
    assert frame.bounding_box()["height"] == pytest.approx(whole / 2, abs=1)
    assert area.count() == areas > 0
    assert own.errors == []


def test_the_table_sorts_and_filters_by_keyboard(opened, plain):
    from playwright.sync_api import expect

    page = opened(plain).page
    head = page.get_by_role("columnheader", name=re.compile("^fps"))
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    fps = [float(text) for text in page.locator("#run0-rows tbody tr td:nth-child(6)").all_inner_texts()]
    assert len(fps) == 8
    assert fps == sorted(fps)
    page.get_by_label("Search").focus()
    page.keyboard.type("gia")
    expect(page.locator("#run0-rows tbody tr")).to_have_count(4)


def test_the_numbers_of_a_chart_are_a_table_that_a_keyboard_opens(opened, plain, plain_rows):
    page = opened(plain).page
    page.locator("details[data-view=run0-speedup] summary").press("Enter")
    rows = page.locator("details[data-view=run0-speedup] tbody tr")
    rows.first.wait_for()
    found = {tuple(row.locator("td").all_inner_texts()) for row in rows.all()}
    titles = {"nerf": "NeRF", "gia": "GIA"}
    assert found == {(titles[row["app"]], f"{row['scale']}", f"{row['speedup']:g}") for row in plain_rows}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, plain, scheme):
    page = opened(plain, color_scheme=scheme).page
    for details in page.locator("details").all():
        details.evaluate("own => { own.open = true }")
    source = next(path for path in distribution("axe-playwright-python").files or () if path.name == "axe.min.js")
    page.evaluate(Path(source.locate()).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")
    severe = [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"] if one["impact"] in SEVERE]
    assert severe == []


def test_hostile_names_are_text(opened, hostile):
    own = opened(hostile)
    assert own.errors == []
    assert own.page.locator("img, main b:not(li > b)").count() == 0
    assert own.page.locator("pre").inner_text() == f"{HOSTILE} --out {hostile.parent}"
    assert own.page.locator("#run0-rows tbody tr").first.inner_text().count("<img src=x") > 1
    assert HOSTILE.split("\u2028", maxsplit=1)[0] in own.page.locator("#summary + div").inner_text()


def test_ten_thousand_rows_are_drawn_and_filtered(opened, tmp_path, made, plain_rows):
    from playwright.sync_api import expect

    rows = [
        row | {"nfp.clock_ghz": n / 1000, "fps": row["fps"] * n / 1000} for n in range(1, 1251) for row in plain_rows
    ]
    own = opened(write_page([made(tmp_path / "big", rows)]))
    assert own.errors == []
    assert own.page.locator("svg path").count() < 10_000
    assert "of 10,000 entries" in own.page.locator(".dt-info").inner_text()
    own.page.get_by_label("Search").fill("1.25")
    expect(own.page.locator(".dt-info")).to_contain_text("filtered from 10,000")


def test_a_phone_shows_all_without_scrolling_sideways(opened, plain):
    page = opened(plain, viewport={"width": 400, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.locator("#run0-speedup svg").bounding_box()["width"] <= 400


def test_two_runs_stand_side_by_side(opened, tmp_path, made, plain_rows):
    faster = [row | {"frame_ms": row["frame_ms"] / 2, "speedup": row["speedup"] * 2} for row in plain_rows]
    path = write_page([made(tmp_path / "one", plain_rows), made(tmp_path / "two", faster)])
    own = opened(path)
    assert own.errors == []
    left, right = (own.page.locator(f"#run{place}-speedup").bounding_box() for place in (0, 1))
    assert left["x"] + left["width"] <= right["x"]
    assert "geometric mean 0.5" in own.page.locator("section", has_text="What differs").first.inner_text()
