"""Drawn swaps at the edges: reproducible, within what may be asked, and compared as the table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.evidence import edge_rows
from tests.evidence.edge_cases import case_of, draw_case
from tests.evidence.edge_compare import Pair, differing, met, pairs_of, table, worth_a_look
from tests.evidence.edge_rows import class_of
from tests.evidence.fault_draws import SETTINGS, missing_kinds
from tests.evidence.timing_draws import as_yaml, catalogue_set
from twin import seeding
from twin.catalogue import load_station, load_timing
from twin.errors import InputError
from twin.faults import faulty_setup, parse_fault

STATIONS = ("top_lift", "chassis")


def row(plant: str, outcome: str = "completed", *, lateral_n: float = 1000.0, **more: Any) -> edge_rows.Row:
    events = more.pop("events", ())
    return {
        "id": "top_lift-0",
        "plant": plant,
        "outcome": outcome,
        "class": class_of(outcome, events, begun=True),
        "said": outcome,
        "ended_s": 100.0,
        "kpis": {"peak_lateral_force_n": lateral_n, "peak_axial_force_n": 0.0},
        "violations": [],
        **more,
    }


def test_a_case_is_reproducible_from_its_number_alone() -> None:
    first = [draw_case("chassis", k).as_plain() for k in range(3)]
    assert first == [case_of(f"chassis-{k}").as_plain() for k in range(3)]
    assert first[0] != case_of("chassis-0", draw_seed=1).as_plain()
    with pytest.raises(InputError, match="ID: unknown case"):
        case_of("chassis17")


@pytest.mark.parametrize("station", STATIONS)
def test_every_drawn_case_can_be_played(station: str, tmp_path: Path) -> None:
    """Faults fit the swap, and a timing set comes back from the file that `edges timing` prints."""
    loaded = load_station(station)
    for k in range(40):
        case = draw_case(station, k)
        if case.parking != "driven":  # a drive takes a second
            faulty_setup(case.setup(), case.faults)
        path = tmp_path / f"{k}.yaml"
        path.write_text(as_yaml(case.timing, "drawn"))
        assert load_timing(str(path), loaded) == case.timing


@pytest.mark.parametrize("station", STATIONS)
def test_every_kind_of_fault_is_drawn_as_the_swap_can_have_it(station: str) -> None:
    assert not missing_kinds()
    case = next(c for k in range(40) if (c := draw_case(station, k)).parking != "driven")
    setup = case.setup()
    for kind, settings in SETTINGS.items():
        draw = seeding.stream(1, kind)
        for _ in range(20):
            faulty_setup(setup, [parse_fault(f"{kind}:{settings(draw, setup)}")])


@pytest.mark.parametrize("corners", [False, True])
def test_sets_of_everything_that_the_catalogue_accepts(corners: bool, tmp_path: Path) -> None:
    station = load_station("top_lift")
    for k in range(50):
        timing = catalogue_set(station, seeding.stream(k, "test"), "drawn", corners=corners)
        path = tmp_path / "drawn.yaml"
        path.write_text(as_yaml(timing, "drawn"))
        assert load_timing(str(path), station) == timing


def test_outcome_classes() -> None:
    assert class_of("completed", [], begun=True) == "completed"
    assert class_of("outside_model", ["trip"], begun=True) == "outside_model"
    assert class_of("repark_required", [], begun=False) == "not_begun"
    assert class_of("repark_required", [], begun=True) == "stopped"
    assert class_of("sway_limit", ["retry"], begun=True) == "stopped"
    assert class_of("sway_limit", ["trip"], begun=True) == "tripped"


def test_what_counts_as_a_difference() -> None:
    alike = Pair(row("bullet", lateral_n=1900.0), row("rom", lateral_n=500.0))
    assert not worth_a_look(alike), "below 2 kN on both plants"
    assert worth_a_look(Pair(row("bullet", lateral_n=5000.0), row("rom", lateral_n=2400.0)))
    worst = Pair(row("bullet", "grip_failed"), row("rom"))
    assert worst.only_reduced_completed
    assert worth_a_look(worst) == ["COMPLETED ONLY ON THE ROM"]
    left = Pair(row("bullet", "grip_failed"), row("rom", "outside_model"))
    assert worth_a_look(left) == ["outside_model"]
    broken = Pair(row("bullet"), row("rom", violations=[{"invariant": 6, "t_s": 1.0, "message": "force"}]))
    assert worth_a_look(broken) == ["violation of [6] on rom"]
    assert met([alike] * 30)
    assert met([alike, broken]), "a fault may break an invariant on both plants"
    for bad in (worst, left):
        assert not met([alike] * 10 + [bad])
    assert "same outcome class | 10 of 11" in table("top_lift", [alike] * 10 + [worst])


def test_rows_survive_a_killed_run(tmp_path: Path) -> None:
    edge_rows.write(tmp_path, "rom", [row("rom")])
    edge_rows.append(tmp_path, "rom", {**row("rom", "jam"), "id": "top_lift-1"})
    with edge_rows.path_of(tmp_path, "rom").open("a") as file:
        file.write('{"id": "top_l')
    rows = edge_rows.read(tmp_path, "rom")
    assert [r["outcome"] for r in rows.values()] == ["completed", "jam"]
    assert not pairs_of({}, rows, rows)


def test_the_list_of_differing_swaps_names_both_ends() -> None:
    alike = Pair(row("bullet"), row("rom"))
    other = Pair(row("bullet", "jam"), row("rom", "completed", ended_s=90.5))
    said = differing([alike, other]).splitlines()[2:]
    assert said == ["| top_lift-0 | COMPLETED ONLY ON THE ROM | jam at 100.0 s | completed at 90.5 s |"]
