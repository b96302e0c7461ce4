"""The trial function: pure, alone or in a batch, its figures those of the swap."""

from __future__ import annotations

import pytest

from agents.experiments import trial as trials
from agents.experiments.trial import Figures, Trial, figures_of, play
from twin.catalogue import load_pack, load_station, load_timing, load_truck, with_overrides
from twin.runner.kinds import runner_maker
from twin.setup.setup import build_setup
from twin.setup.variation import Variation
from twin.swap import SwapTwin

STATION = load_station("top_lift")
TRUCK, PACK = load_truck("tractor_6x4"), load_pack("cab_282")
FACTORY = load_timing("factory", STATION)
QUICK = with_overrides(FACTORY, {"default.settle_dwell_s": 0.0, "default.overlap_s": 0.7})


def of(seed: int, **other: object) -> Trial:
    return Trial(**{"station": STATION, "truck": TRUCK, "pack": PACK, "timing": FACTORY, "seed": seed, **other})  # type: ignore[arg-type]


def test_a_trial_is_the_same_alone_and_in_a_batch_with_other_sets() -> None:
    several = [of(3), of(4, timing=QUICK), of(4), of(5, parking="unguided", variation=Variation(conditions="night"))]
    together = play(several)
    assert together[1:3] == [play([one])[0] for one in several[1:3]]
    assert together[1] != together[2]
    assert all(one.completed and one.first_attempt for one in together[:3])


def test_the_figures_are_those_of_the_swap() -> None:
    setup = build_setup(STATION, TRUCK, PACK, seed=7)
    twin = SwapTwin(setup, QUICK, make_runner=runner_maker("rom"))
    result = twin.run()
    twin.close()
    [figures] = play([of(7, timing=QUICK)])
    assert figures == figures_of(result)
    assert figures.mechanical_time_s == pytest.approx(result.mechanical_time_s, abs=1e-8)
    assert figures.ratio_kinematic == pytest.approx(result.figures["ratio_kinematic"], abs=1e-8)
    assert figures.ratio_procedure == pytest.approx(result.figures["ratio_procedure"], abs=1e-8)
    assert sum(figures.phases_s.values()) > figures.mechanical_time_s
    assert Figures.from_plain(figures.as_plain()) == figures


def test_a_wrong_rope_shows_in_the_sway_and_a_slow_drive_in_the_time() -> None:
    zv = load_timing("zv", STATION)
    plain, longer, slower = play(
        [of(7, timing=zv), of(7, timing=zv, variation=Variation(rope_error=0.15)),
         of(7, timing=zv, variation=Variation(drive_lag_s=0.05))]
    )  # fmt: skip
    assert longer.residual_sway_m > 1.3 * plain.residual_sway_m, "shapers are designed for another rope"
    assert slower.mechanical_time_s != plain.mechanical_time_s
    assert plain.completed
    assert slower.completed


def test_an_exception_ends_its_own_swap_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(batch: list[Trial]) -> list[Figures]:
        if any(one.seed == 1 for one in batch):
            raise ArithmeticError("the plant has diverged")
        return [Figures("completed") for _ in batch]

    monkeypatch.setattr(trials, "_play", broken)
    found = play([of(0), of(1), of(2)])
    assert [one.outcome for one in found] == ["completed", "error", "completed"]
    assert "diverged" in found[1].error
    assert not found[1].completed


def test_faults_and_policies_are_part_of_a_trial() -> None:
    stuck = of(7, faults=("lock_wont_open:tries=1",))
    policies = (("align", "align_careful"),)
    keys = {one.key for one in (of(7), stuck, of(7, policies=policies), of(7, policies=policies, faults=stuck.faults))}
    assert len(keys) == 4
    plain, late = play([of(7), stuck])
    assert plain == play([of(7)])[0]
    assert late.completed
    assert late.phases_s["unlock"] > plain.phases_s["unlock"] + 5.0
    assert [len(batch) for batch in trials.grouped([of(1), of(2), stuck, of(3), stuck], 8)] == [3, 1, 1]
