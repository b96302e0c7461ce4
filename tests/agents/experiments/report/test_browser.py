"""The page in a real browser: Debian's chromium, driven by playwright; axe judges its accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.experiments.report.metrics import TIME
from agents.experiments.report.page import report
from agents.experiments.trial import Figures
from tests.agents.experiments.report.synthetic import swap, trials

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium"),
]
SERIOUS = ("serious", "critical")
LONG = "timing.phases.traverse_to_slot.very_long_name_of_a_factor_that_does_not_fit_a_phone_s"
PAGES: dict[str, dict[str, Any]] = {
    "full": {"question": "Which is best?", "factors": {"timing": ["factory", "zv"], "b": [0, 1, 2]}, "seeds": 12},
    "one": {"seeds": 8},
    "none": {"constants": {"station": "none"}, "seeds": 4},
    "long": {"question": "w" * 500, "factors": {LONG: [0.123456789, 1.987654321], f"{LONG}_2": [1, 2]}, "seeds": 6},
    "many": {"factors": {"b": list(range(300))}, "seeds": 3},
    "sampled": {"factors": {name: {"low": 0.0, "high": 1.0} for name in "abc"}, "seeds": 2,
                "design": {"kind": "lhs", "points": 64}},
}  # fmt: skip


def play(x: dict[str, Any], seed: int) -> Figures:
    value = sum(float(level) for level in x.values() if not isinstance(level, str))
    return Figures("jam") if seed == 3 else swap(100.0 + seed - 4.0 * (x.get("timing") == "zv") + value % 7)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


class Opened:
    """A page that is open, and all that it said and asked for."""

    def __init__(self, browser: Any, path: Path, width: int) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 800})
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        charts = self.page.locator(".chart")
        for k in range(charts.count()):
            charts.nth(k).locator(".main-svg").first.wait_for()

    def close(self) -> None:
        self.page.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, spec in PAGES.items():
        folder = tmp_path_factory.mktemp(name)
        failing = (lambda x, seed: Figures("jam")) if name == "none" else play
        found[name] = folder / "report.html"
        found[name].write_bytes(report(trials(folder, spec, failing), TIME, 0)[0])
    return found


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", list(PAGES))
def test_no_error_no_request_no_overflow_no_serious_finding(
    name: str, width: int, browser: Any, pages: dict[str, Path]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    opened = Opened(browser, pages[name], width)
    assert opened.said == []
    assert opened.asked == [pages[name].as_uri()]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(opened.page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in SERIOUS] == []
    opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.close()


def test_pointer_and_keyboard_show_the_same_point(browser: Any, pages: dict[str, Path]) -> None:
    opened = Opened(browser, pages["full"], 1280)
    page = opened.page
    chart = page.locator("#seconds-1")
    chart.scroll_into_view_if_needed()
    box = chart.locator(".barlayer .point path").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = chart.locator(".hoverlayer .hovertext")
    hover.wait_for()
    assert "lower" in hover.text_content()
    page.mouse.move(0, 0)
    chart.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight"):  # from and to, then the first step
        page.keyboard.press(key)
    hover.filter(has_text="lower").wait_for()  # Plotly shows at most 20 points a second
    assert page.locator("#said").inner_text().startswith("lower, ")
    page.keyboard.press("End")
    assert page.locator("#said").inner_text().startswith("insert, ")
    page.keyboard.press("Escape")
    hover.wait_for(state="detached")
    assert opened.said == []
    opened.close()


def test_every_chart_and_table_is_reached_by_tab(browser: Any, pages: dict[str, Path]) -> None:
    opened = Opened(browser, pages["full"], 375)
    page = opened.page
    reached = set()
    for _ in range(300):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id || document.activeElement.tagName")
        if name == "BODY":
            break
        reached.add(name)
    wanted = set(page.evaluate("[...document.querySelectorAll('.chart')].map((one) => one.id)"))
    assert len(wanted) >= 9
    assert wanted <= reached
    assert "SUMMARY" in reached
    opened.close()


def test_it_prints_whole(browser: Any, pages: dict[str, Path]) -> None:
    """Every chart is inside of the paper's width, and the tables are open."""
    opened = Opened(browser, pages["full"], 1280)
    page = opened.page
    page.set_viewport_size({"width": 703, "height": 1000})  # A4 less its margins
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    widths = page.evaluate(
        "[...document.querySelectorAll('.main-svg')].map((one) => one.getBoundingClientRect().right)"
    )
    assert max(widths) <= 704  # whole pixels
    assert page.locator("details table").first.is_visible()
    assert not page.locator("nav").is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    opened.close()
