"""Timing-v1: zeros play the base set to the last bit; what an action changes, and that the machine limits it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.timing_action import CHANGES, FIELDS, Residual
from envs.timing_action import RANGES_V1 as RANGES
from envs.timing_v1 import TunedTimingEnv
from envs.vector.timing import TunedTimingVectorEnv
from twin.catalogue import load_station, load_timing, names
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError
from twin.sequence.timing import TIMING, timing_row

ZEROS = np.zeros(len(CHANGES), np.float32)


def played(env: TunedTimingEnv, seed: int, action: np.ndarray, options: dict[str, Any] | None = None) -> dict[str, Any]:
    info = env.reset(seed=seed, options=options)[1]
    while info["outcome"] == "running":
        info = env.step(action)[4]
    return info


@pytest.mark.parametrize(("station", "base"), [("top_lift", "tuned"), ("chassis", "careful")])
def test_zeros_play_the_set_itself(station: str, base: str) -> None:
    env = TunedTimingEnv(station, base, plant="rom")
    own = played(env, 3, ZEROS)
    whole = played(env, 3, ZEROS, {"timing": base})
    assert own["outcome"] == "completed"
    assert own["kpis"] == whole["kpis"]
    env.close()


def test_an_action_changes_the_swap() -> None:
    env = TunedTimingEnv(plant="rom", conditions="clear", parking="guided")
    slower = ZEROS.copy()
    slower[[q.name for q in CHANGES].index("creep_speed")] = -1.0
    assert played(env, 3, slower)["kpis"]["time_s"] > played(env, 3, ZEROS)["kpis"]["time_s"] + 2.0
    env.close()


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_zeros_keep_every_number_of_every_set(station: str) -> None:
    at = load_station(station)
    for name in names("timing", at):
        timing = load_timing(name, at)
        for phase in MECHANICAL[at.kind]:
            row, limited = Residual(at, timing).row(ZEROS.tolist(), phase, math.nan)
            of = timing_row(timing.of(phase))
            for field in TIMING.names or ():
                if not limited.get(field.removesuffix("_m").removesuffix("_mps"), False):
                    np.testing.assert_array_equal(row[field], of[field])


@given(element=st.floats(-1.0, 1.0), other=st.floats(-1.0, 1.0), which=st.integers(0, len(CHANGES) - 1))
def test_changes_are_monotonic_and_within_the_range(element: float, other: float, which: int) -> None:
    at = load_station("top_lift")
    residual, name = Residual(at, load_timing("tuned", at)), FIELDS[which]
    found = []
    for value in sorted((element, other)):
        action = ZEROS.tolist()
        action[which] = value
        row = residual.row(action, "traverse_to_slot", math.nan)[0]
        found.append(float(row[name]) or (0.15 if name == "weight_share" else 0.0))
        if name == "weight_share" and value == 0.0:
            assert row[name] == 0.0, "the station's own"
            continue
        assert 0.99 * RANGES[name].low <= row[name] <= RANGES[name].high
        own = row[f"axis_{name}"] if f"axis_{name}" in (TIMING.names or ()) else np.zeros(4)
        assert (own <= RANGES[name].high).all()
    assert found[0] <= found[1]


def test_the_machine_limits_creep() -> None:
    at = load_station("top_lift")
    fastest = [0.0] * len(CHANGES)
    fastest[FIELDS.index("creep_speed_mps")], fastest[FIELDS.index("creep_height_m")] = 1.0, -1.0
    row, limited = Residual(at, load_timing("tuned", at)).row(fastest, "insert", math.nan)
    assert row["creep_speed_mps"] <= at.limits.contact_speed_mps
    assert row["creep_height_m"] >= at.limits.contact_zone_m
    assert limited == {"creep_height": True, "creep_speed": False}


def test_weight_is_taken_as_the_action_says() -> None:
    """Before the truck's locks open; a table takes all whatever it says."""
    hanging = []
    for element in (-1.0, 0.0, 0.5):
        env = TunedTimingEnv(plant="rom", truck="tractor_6x4", pack="cab_282", conditions="clear", parking="guided")
        env.reset(seed=3, options={"last_phase": "unlock"})
        ended = False
        while not ended:
            action = ZEROS.copy()
            action[-1] = element
            _, _, ended, _, info = env.step(action)
        assert info["outcome"] == "part_completed"
        twin = env._episode_now().swap.twin
        [event] = [e for e in twin.program.events[0] if e.get("phase") == "unlock"]
        hanging.append((event["timing"].get("weight_share"), float(twin.runner.worlds["truth"]["load_n"][0, 0])))
        env.close()
    shares = [share for share, _ in hanging]
    assert shares == [pytest.approx(0.01), None, pytest.approx(0.15 + 0.5 * 0.345)]
    loads_n = [load_n for _, load_n in hanging]
    assert loads_n == sorted(loads_n)
    assert loads_n[2] - loads_n[0] == pytest.approx(0.31 * 3000.0 * 9.81, rel=0.2)
    table = Residual(load_station("chassis"), load_timing("tuned", load_station("chassis")))
    assert table.row([0.0] * len(CHANGES), "unlock", math.nan)[0]["weight_share"] == 0.0


def test_errors_are_drawn_where_asked_for() -> None:
    env = TunedTimingEnv(plant="rom", errors=True)
    drawn = [env.reset(seed=seed)[1]["case"] for seed in range(24)]
    found = {case["error"] for case in drawn}
    assert "nominal" in found
    assert len(found) > 3
    env.close()
    env = TunedTimingEnv(plant="rom")
    plain = env.reset(seed=0)[1]["case"]
    assert "error" not in plain
    kept = ("truck", "pack", "parking", "conditions", "truck_x_m", "truck_y_m", "truck_yaw_rad")
    assert [plain[name] for name in kept] == [drawn[0][name] for name in kept]
    env.close()


def test_a_batch_plays_a_set_as_it_is() -> None:
    """As the single environment does, in worlds whose actions change another set."""
    batch = TunedTimingVectorEnv(2, conditions="clear", parking="guided")
    batch.reset(seed=[3, 4], options={"timing": "careful"})
    while not batch._over.all():
        batch.halt(batch._over)
        infos = batch.step(np.ones((2, len(CHANGES)), np.float32))[4]
    env = TunedTimingEnv(plant="rom", conditions="clear", parking="guided")
    for i, seed in enumerate((3, 4)):
        alone = played(env, seed, ZEROS, {"timing": "careful"})
        assert infos["kpis"]["time_s"][i] == alone["kpis"]["time_s"]
        assert infos["kpis"]["peak_lateral_force_n"][i] == alone["kpis"]["peak_lateral_force_n"]
    env.close()


def test_a_base_set_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="no_such_set"):
        TunedTimingEnv(base="no_such_set")
