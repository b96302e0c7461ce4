"""What is stored of both plants: which targets are met and which are not, in the documents as stored, played again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agents.agreement.run import reduced_rows
from agents.swap_rows import REDUCED, REFERENCE
from tests.evidence.agreement import CASES, SECTION, TABLES, rom_rows, seeds_of, stored
from tests.evidence.campaign import CELLS, setup_of
from tests.evidence.markers import between

NOT_MET = {
    # where the sway comes close to its threshold, the one waits half a swing longer than the other, or more: 1 of 200
    # and 9 of 169; the step decides which (`finer_step`), as it does of the residual sways of swaps that wait alike
    ("top_lift", "guided"): {"traverse_to_slot", "residual sway at hand-over"},
    ("top_lift", "unguided"): {"traverse_to_slot", "residual sway at hand-over"},
    # forces: what a scan makes of a hit is chance (`hits`); sway: friction that does not point against the slip
    # (`engine_friction`)
    ("chassis", "guided"): {"peak sway", "peak lateral force"},
    ("chassis", "unguided"): {"peak sway"},
}
"""Lines that miss their targets. One that is met from now on leaves this list; none may come back."""
SAMPLE = (3, 7)
"""Seeds that are played again."""


@pytest.mark.parametrize(("station", "parking"), CASES)
def test_targets_are_met_but_for_those_listed(station: str, parking: str) -> None:
    phases, others = stored(station, parking).lines
    assert {line.name for line in (*phases, *others) if line.failed} == NOT_MET[station, parking]


@pytest.mark.parametrize(("station", "parking"), CASES)
def test_both_plants_have_played_every_seed(station: str, parking: str) -> None:
    agreement = stored(station, parking)
    assert [reference.seed for reference, _ in agreement.pairs] == seeds_of(station, parking)
    assert {(a.plant, b.plant) for a, b in agreement.pairs} == {(REFERENCE, REDUCED)}
    assert len(rom_rows(station, parking)) == len(agreement.pairs)
    assert len({b.sources for _, b in agreement.pairs}) == 1, "all by the same code"


@pytest.mark.parametrize("station", sorted(CELLS))
def test_safety_invariants_hold_on_the_reduced_order_plant_too(station: str) -> None:
    for row in rom_rows(station, "guided"):
        assert row.violations == (), row.seed


@pytest.mark.parametrize("station", sorted(CELLS))
def test_a_stored_swap_comes_out_as_stored(station: str) -> None:
    was = {row.seed: row for row in rom_rows(station, "guided")}
    for again in reduced_rows(setup_of(station, "guided"), SAMPLE):
        row = was[again.seed]
        assert (again.outcome, again.insert_attempts) == (row.outcome, row.insert_attempts)
        # to the last digit where it was played; another processor may round otherwise in the last bit
        assert again.phases_s == pytest.approx(row.phases_s, abs=0.011)
        assert again.mechanical_time_s == pytest.approx(row.mechanical_time_s, abs=0.021)
        assert again.kpis == pytest.approx(row.kpis, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(("path", "section"), TABLES, ids=[path.stem for path, _ in TABLES])
def test_the_documents_show_what_is_stored(path: Path, section: Callable[[], str]) -> None:
    assert between(path, SECTION) == section()
