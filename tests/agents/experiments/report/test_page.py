"""The page: whole, alone, and sensible whatever the experiment was."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from agents.commands.experiment import app
from agents.experiments.ledger import Ledger
from agents.experiments.report.metrics import TIME
from agents.experiments.report.page import report
from agents.experiments.report.reading import load
from agents.experiments.results import results_of
from agents.experiments.tables import write_table
from agents.experiments.trial import Figures
from tests.agents.experiments.report.synthetic import swap, trials, write
from twin.errors import InputError

EMPTY = ("meta", "link", "br")
TWO = {"question": "Is <b>zv</b> & co. better?", "factors": {"timing": ["factory", "zv"], "b": [0, 1]}, "seeds": 12}


def two(x: dict[str, Any], seed: int) -> Figures:
    return Figures("jam") if seed == 3 else swap(100.0 + seed - 4.0 * (x["timing"] == "zv") + 0.1 * x["b"] * seed)


class Checker(HTMLParser):
    """Ids, links, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        self.sources += [given["src"] or ""] if "src" in given else []
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def checked(page: bytes) -> tuple[Checker, dict[str, Any]]:
    """Parse a page: it is well formed, loads nothing, and its charts hold finite numbers alone."""
    text = page.decode()
    found = Checker()
    found.feed(text)
    assert found.open == []
    assert len(set(found.ids)) == len(found.ids)
    assert all(one.startswith("#") and one[1:] in found.ids or one == "data:," for one in found.links)
    assert found.sources == []
    data = re.search(r'id="chart-data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    figures: dict[str, Any] = json.loads(data.group(1), parse_constant=lambda name: pytest.fail(name))
    assert set(figures) <= set(found.ids)
    for figure in figures.values():
        for trace in figure["data"]:
            if "customdata" in trace:
                assert len(trace["customdata"]) == len(trace["x"]) == len(trace["y"])
    words = " ".join(found.text)
    assert "nan" not in words.lower().split()
    assert "inf" not in words.lower().split()
    return found, figures


def test_the_page_answers_first(tmp_path: Path) -> None:
    of = trials(tmp_path, TWO, two)
    page, lines = report(of, TIME, 0)
    found, figures = checked(page)
    text = page.decode()
    assert f"<h1>{html.escape(str(TWO['question']))}</h1>" in text
    assert "The lowest mean mechanical time is that of timing zv, b 0" in lines[0]
    assert "4.00 s less (95 %: 4.00 to 4.00" in lines[0]
    assert "beyond chance" in lines[0]
    assert text.index('class="answer"') < text.index("<section")
    for key in ("times-0", "seconds-0", "seconds-1", "seconds-2", "factors-0", "factors-1", "factors-2", "force-0",
                "failures-0"):  # fmt: skip
        assert key in figures
    assert len(re.findall(r"swaptwin swap .*?--record", text)) == 10
    words = " ".join(found.text)
    assert "4 of 48" in words
    assert "jam" in words


def test_the_waterfall_adds_up(tmp_path: Path) -> None:
    page, _ = report(trials(tmp_path, TWO, two), TIME, 0)
    _, figures = checked(page)
    ends, steps = figures["seconds-1"]["data"]
    assert ends["x"][0] + sum(steps["x"]) == pytest.approx(ends["x"][1])
    assert steps["base"] == pytest.approx(list(ends["x"][0] + np.cumsum([0.0, *steps["x"][:-1]])))


def test_the_phases_are_those_of_one_swap_of_each(tmp_path: Path) -> None:
    page, _ = report(trials(tmp_path, TWO, two), TIME, 0)
    _, figures = checked(page)
    baseline, best = figures["seconds-2"]["data"]
    assert sum(best["x"]) - sum(baseline["x"]) == pytest.approx(-4.0, abs=1e-3)
    assert baseline["base"] == pytest.approx([0.0, baseline["x"][0]])


def test_the_same_trials_give_the_same_page(tmp_path: Path) -> None:
    of = trials(tmp_path, TWO, two)
    assert report(of, TIME, 0)[0] == report(load(str(tmp_path / "synthetic.sqlite"), "LEDGER"), TIME, 0)[0]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_table_has_the_same_answer(ending: str, tmp_path: Path) -> None:
    of = trials(tmp_path, TWO, two)
    with Ledger(tmp_path / "synthetic.sqlite") as ledger:
        days = lambda setting, seed: {"throughput.swaps_per_day": 100.0 + setting}  # noqa: E731
        write_table(results_of(ledger), tmp_path / f"t{ending}", days)
    table = load(str(tmp_path / f"t{ending}"), "TABLE")
    assert table.metrics == of.metrics, "a day of the station is no figure of a trial"
    page, lines = report(table, TIME, 0)
    assert lines == report(of, TIME, 0)[1]
    checked(page)
    assert b"swaptwin swap" not in page


def simple(x: dict[str, Any], seed: int) -> Figures:
    return swap(100.0 + seed)


LONG = {f"timing.phases.traverse_to_slot.{'very_' * k}long_name_s": [0.25, 0.5] for k in (20, 30)}
RANGES = {name: {"low": 0.0, "high": 1.0} for name in "abcdefghijklmn"}


def of_ranges(x: dict[str, Any], seed: int) -> Figures:
    return swap(100.0 + 5.0 * x["a"] + x["b"] * x["c"] + seed)


@pytest.mark.parametrize(
    ("spec", "play", "words"),
    [
        ({"seeds": 30}, simple, "over 30 completed swaps"),
        ({"seeds": 1}, simple, "no interval, n = 1"),
        ({"seeds": 5}, lambda x, seed: Figures("jam"), "None of the 5 swaps completed"),
        ({"seeds": 3}, lambda x, seed: Figures("error", error="<x>"), "&lt;x&gt;"),
        ({"factors": {"timing": ["factory", "zv"]}, "seeds": 3}, simple, "It is equal to the second best"),
        ({"factors": {"timing": ["factory"]}, "seeds": 9}, simple, "over 9 completed swaps"),
        ({"factors": LONG, "seeds": 8}, lambda x, seed: swap(100.0 + seed + sum(x.values())), "long_name"),
        ({"factors": {"x": list(range(300))}, "seeds": 2}, lambda x, s: swap(100.0 + x["x"] % 11), "300 settings"),
        ({"factors": RANGES, "design": {"kind": "lhs", "points": 120}, "seeds": 2}, of_ranges, "largest part"),
        ({"factors": RANGES, "design": {"kind": "saltelli", "points": 32}, "seeds": 1}, of_ranges, "SALib"),
        ({"design": {"kind": "list", "rows": [{"x": 1, "y": True}, {"x": 2, "y": False}]}, "seeds": 6}, simple, "True"),
        ({"factors": {"<script>": ["</script>", "&"]}, "seeds": 6}, simple, "&lt;/script&gt;"),
    ],
    ids=["one", "seed", "none", "raised", "alike", "level", "long", "many", "lhs", "saltelli", "list", "markup"],
)  # fmt: skip
def test_every_experiment_has_a_page(spec: dict[str, Any], play: Any, words: str, tmp_path: Path) -> None:
    page, _ = report(trials(tmp_path, spec, play), TIME, 0)
    checked(page)
    assert words in page.decode()


def test_an_unfinished_experiment_says_so(tmp_path: Path) -> None:
    of = trials(tmp_path, TWO, two)
    half = of.seed < 6
    some = [k for k in range(len(of)) if half[k]]
    rest: dict[str, Any] = {name: [getattr(of, name)[k] for k in some] for name in ("outcome", "violations", "errors")}
    columns = {name: values[half] for name, values in of.columns.items()}
    part = dataclasses.replace(of, setting=of.setting[half], seed=of.seed[half], columns=columns, **rest)
    page, _ = report(part, TIME, 0)
    assert b"24 of 48 planned swaps: the experiment is not complete" in page
    page, _ = report(dataclasses.replace(part, in_progress=True), TIME, 0)
    assert b"24 of 48 planned swaps: a run is still in progress" in page


def test_memory_grows_by_the_columns_alone(tmp_path: Path) -> None:
    """8 bytes a figure that the report uses, 40 bytes of each trial's own, and what lists are longer than needed."""
    sizes, count = [], 0
    for seeds in (250, 2250):
        path = write(tmp_path / f"{seeds}.sqlite", {**TWO, "seeds": seeds}, two)
        load(str(path), "LEDGER")
        tracemalloc.start()
        of = load(str(path), "LEDGER")
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        count = len(of.columns)
    trials_more = 2000 * len(of.settings)
    assert sizes[1] - sizes[0] < trials_more * (8 * count + 40) * 1.25


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["report", *arguments])


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    path = write(tmp_path / "l.sqlite", TWO, two)
    found = run(str(path), "-o", str(tmp_path / "r.html"), "--baseline", "timing=zv,b=0", "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["trials"], told["completed"], told["settings"]) == (48, 44, 4)
    assert "the second best" in told["answer"][0]
    checked((tmp_path / "r.html").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.sqlite", "-o", "r.html"], "no such file"),
        (["l.sqlite", "-o", "r.pdf"], "no page's name"),
        (["l.sqlite", "-o", "none/r.html"], "no folder"),
        (["l.sqlite", "-o", "r.html", "--metric", "mechanical_time"], "mechanical_time_s"),
        (["l.sqlite", "-o", "r.html", "--baseline", "9"], "no such setting"),
        (["l.sqlite", "-o", "r.html", "--spec", "other.yaml"], "no trial of this specification"),
        (["text.csv", "-o", "r.html"], "no such column"),
        (["bytes.csv", "-o", "r.html"], "no table"),
        (["text.parquet", "-o", "r.html"], "no Parquet file"),
        (["text.sqlite", "-o", "r.html"], "cannot be used as a ledger"),
        (["empty.csv", "-o", "r.html"], "no trial"),
        (["words.csv", "-o", "r.html"], "no number"),
    ],
)
def test_what_cannot_be_reported_is_refused(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("l.sqlite"), TWO, two)
    Path("other.yaml").write_text("seeds: 3\n")
    for ending in (".csv", ".parquet", ".sqlite"):
        Path(f"text{ending}").write_text("a,b\n1,2\n")
    Path("bytes.csv").write_bytes(b"\xff\xfe\x00seed")
    Path("empty.csv").write_text("setting,seed,outcome,mechanical_time_s\n")
    Path("words.csv").write_text("setting,seed,outcome,mechanical_time_s\n0,1,completed,fast\n")
    before = sorted(tmp_path.iterdir())
    found = run(*arguments)
    assert isinstance(found.exception, InputError), found.output
    assert words in str(found.exception)
    assert "\n" not in str(found.exception)
    assert sorted(tmp_path.iterdir()) == before, "nothing is left behind"


def test_a_ledger_of_several_experiments_needs_the_specification(tmp_path: Path) -> None:
    path = write(tmp_path / "l.sqlite", TWO, two)
    write(path, {**TWO, "seeds": 14}, two)
    assert isinstance(run(str(path), "-o", str(tmp_path / "r.html")).exception, InputError)
    (tmp_path / "s.yaml").write_text(json.dumps({**TWO, "seeds": 14}))
    found = run(str(path), "-o", str(tmp_path / "r.html"), "--spec", str(tmp_path / "s.yaml"), "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["trials"] == 56
