"""Comparisons: pairs by levels and seed, intervals that cover, a gate with both errors at most 5 %."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from agents.commands.experiment import app
from agents.experiments import campaign, tables
from agents.experiments.campaign import Campaign
from agents.experiments.compare import Side, _reasons, compare, load_side, pairs_needed
from agents.experiments.ledger import Ledger
from agents.experiments.report.reading import load
from agents.experiments.resolving import plan
from agents.experiments.results import results_of
from agents.experiments.run import run
from agents.experiments.spec import Spec
from agents.experiments.tables import write_table
from agents.statistics import mean_interval
from tests.agents.experiments.small import play
from twin.errors import InputError

REPETITIONS = 2000


@pytest.fixture(autouse=True)
def cheap_swaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "make_player", lambda: play)
    monkeypatch.setattr(tables, "ROWS", 7)  # tables in several parts
    monkeypatch.setattr(tables, "GROUP", 14)


def side(name: str, values: dict[int, float | None]) -> Side:
    return Side(name, {((), seed): value for seed, value in values.items()})


def played(tmp_path: Path, name: str, **values: Any) -> Path:
    """A ledger, and beside it the same as tables."""
    path = tmp_path / f"{name}.sqlite"
    with Ledger(path) as ledger, Campaign(ledger) as playing:
        run(plan(Spec.model_validate({"seeds": 12, **values})), ledger, playing)
        for ending in (".csv", ".parquet"):
            write_table(results_of(ledger), path.with_suffix(ending))
    return path


def test_pairs_are_matched_and_unfinished_swaps_counted() -> None:
    a = side("a", {**{seed: 100.0 + seed for seed in range(20)}, 20: None, 21: 5.0, 30: 1.0})
    b = side("b", {**{seed: 101.0 + seed for seed in range(20)}, 20: 7.0, 21: None, 40: 1.0})
    found = compare(a, b, "mechanical_time_s", limit=0.005)
    assert (found.pairs, found.lost, found.won, found.unmatched) == (20, 1, 1, 2)
    assert found.median_difference == 1.0
    assert found.ci95 == (1.0, 1.0)
    assert found.reasons
    assert not compare(b, a, "mechanical_time_s", limit=0.005).reasons, "faster is no regression"


@pytest.mark.parametrize("ending", [".sqlite", ".csv", ".parquet"])
def test_a_ledger_and_its_tables_are_the_same(ending: str, tmp_path: Path) -> None:
    factors = {"conditions": ["clear", "rain"], "axes.z.velocity_mps": [0.25, 0.3]}
    path = played(tmp_path, "one", factors=factors).with_suffix(ending)
    own = load_side(str(tmp_path / "one.sqlite"), "mechanical_time_s", "A")
    assert load_side(str(path), "mechanical_time_s", "B").values == own.values
    assert len(own.values) == 4 * 12


def test_the_command_is_a_gate(tmp_path: Path) -> None:
    slow = played(tmp_path, "slow", constants={"timing.phases.insert.settle_dwell_s": 3.0})
    fast = played(tmp_path, "fast")
    runner = CliRunner()
    found = runner.invoke(app, ["compare", str(fast), str(slow), "--limit", "0.01", "--json"])
    assert found.exit_code == 1, found.output
    told = json.loads(found.stdout)
    assert told["regression"]
    assert told["paired"]["pairs"] == 12
    words = runner.invoke(app, ["compare", str(fast), str(slow), "--limit", "0.01"]).stdout
    assert "beyond chance; a regression counts from 0.5 % on, half of the limit of 1 %" in words
    assert "limit          1 %: 8 pairs find such a rise in 95 % of cases\n" in words
    same = runner.invoke(app, ["compare", str(fast), "--baseline", str(fast.with_suffix(".csv")), "--limit", "0.01"])
    assert same.exit_code == 0, same.output
    assert same.stdout.endswith("regression     none\n")
    assert same.stdout.startswith(f"A              {fast.with_suffix('.csv')}\nB              {fast}\n")


@pytest.mark.parametrize("text", ["seeds: 300000\n", "seeds: 60000\nfactors: {truck: [all]}\n"])
def test_an_hour_and_more_needs_a_yes(text: str, tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(text)
    found = CliRunner().invoke(app, ["run", str(tmp_path / "e.yaml")])
    assert isinstance(found.exception, InputError), found.output
    assert "or --yes" in str(found.exception)
    assert not list(tmp_path.glob("*.sqlite"))


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    few = side("a", dict.fromkeys(range(7), 1.0))
    with pytest.raises(InputError, match="7 pairs"):
        compare(few, few, "mechanical_time_s")
    head = "seed,outcome,mechanical_time_s\n"
    for text in ("a,b\n1,2\n", f"{head}0,completed,fast\n", f"{head}0,completed,\n", f"{head}0,completed,1.0,2\n"):
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(InputError):
            load_side(str(tmp_path / "bad.csv"), "mechanical_time_s", "A")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="mechanical_time_s"):
        load_side(str(tmp_path / "x.csv"), "mechanical_time_s", "A")
    with pytest.raises(InputError, match="no such file"):
        load_side(str(tmp_path / "y.csv"), "mechanical_time_s", "A")


@pytest.mark.parametrize("spread", [0.004, 0.02])
def test_the_gate_errs_in_at_most_one_of_twenty(spread: float) -> None:
    """2,000 simulated experiments each, with the pairs that the gate asks for: no change, and slower by the limit."""
    limit, random = 0.01, np.random.default_rng(1)
    n = pairs_needed(spread, limit)

    def flagged(slowdown: float) -> float:
        drawn = random.normal(slowdown, spread, (REPETITIONS, n))
        means, errors = drawn.mean(axis=1), drawn.std(axis=1, ddof=1) / np.sqrt(n)
        pairs = zip(means.tolist(), errors.tolist(), strict=True)
        return sum(bool(_reasons(mean, error, limit, 0, 0)) for mean, error in pairs) / REPETITIONS

    sampling = 2.5 * np.sqrt(0.05 * 0.95 / REPETITIONS)
    assert flagged(0.0) <= 0.05 + sampling
    assert flagged(limit) >= 0.95 - sampling


@pytest.mark.slow
def test_intervals_cover() -> None:
    """95 % intervals of the mean difference cover the known one in 93 to 97 % of 2,000 simulated experiments."""
    random, covered = np.random.default_rng(2), 0
    for seed in range(REPETITIONS):
        _, (low, high) = mean_interval(random.normal(0.3, 1.0, 100), seed)
        covered += low <= 0.3 <= high
    assert 0.93 <= covered / REPETITIONS <= 0.97


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("mechanical_time_s", "nan", "row 3 has a value that is not finite, got 'nan'"),
        ("energy_j", "-Inf", "row 3 has a value that is not finite, got '-Inf'"),
        ("mechanical_time_s", "long", "got 'long'"),
        ("outcome", "complted", "row 3 has an unknown outcome (did you mean completed?), got 'complted'"),
        ("seed", "1", "row 3 is a trial that an earlier row has, got '1'"),
    ],
)
def test_a_table_with_a_wrong_value_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, value: str, said: str
) -> None:
    good = played(tmp_path, "good").with_suffix(".csv")
    lines = good.read_text().splitlines()
    names, cells = lines[0].split(","), lines[3].split(",")
    cells[names.index(column)] = value
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]) + "\n")
    for pair in ((bad, good), (good, bad)):
        with pytest.raises(InputError) as refused:
            compare(*(load_side(str(path), "mechanical_time_s", "A") for path in pair), "mechanical_time_s")
        assert said in str(refused.value)
        assert "bad.csv" in str(refused.value)
    if column != "seed":
        with pytest.raises(InputError, match=r"bad\.csv") as refused:
            load(str(bad), "RESULTS", None, None)
        assert value in str(refused.value)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE trials SET figures = '{' WHERE rowid = 1",
        "UPDATE trials SET figures = '[1]' WHERE rowid = 1",
        "UPDATE trials SET figures = '{}' WHERE rowid = 1",
        "UPDATE trials SET figures = CAST(x'7bff' AS TEXT) WHERE rowid = 1",
        "UPDATE studies SET specification = 'null'",
        "UPDATE candidates SET parameters = '[]'",
    ],
)
def test_a_damaged_ledger_is_refused(tmp_path: Path, damage: str) -> None:
    path = played(tmp_path, "a")
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        if "rowid" in damage:
            [key] = ledger.execute("SELECT key FROM trials LIMIT 1").fetchone()
            ledger.execute(damage.replace("rowid = 1", "key = ?"), (key,))
        else:
            ledger.execute(damage)
        ledger.commit()
    for read in (lambda: load_side(str(path), "energy_j", "A"), lambda: load(str(path), "RESULTS", None, None)):
        with pytest.raises(InputError, match=r"a\.sqlite.*is damaged"):
            read()
