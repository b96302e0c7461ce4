"""`--set`: any value by its path, checked as in a file, and one clear line for everything else."""

from __future__ import annotations

from typing import Any

import pytest

from twin.catalogue import load_pack, load_station, load_timing, load_truck
from twin.catalogue.settings import parse_setting, with_settings
from twin.errors import InputError

STATION = load_station("top_lift")
MODELS: dict[str, Any] = {
    "station": STATION,
    "truck": load_truck("tractor_6x4"),
    "pack": load_pack("cab_282"),
    "timing": load_timing("factory", STATION),
}


def test_values_are_set_with_and_without_the_models_name() -> None:
    found = with_settings(
        MODELS,
        [
            "station.axes.z.velocity_mps=0.3",
            "axes.x.acceleration_mps2 = 0.25",
            "slots[2].filled=false",
            "pack.mass_kg=3100",
            "phases.insert.shaper=none",
            "timing.phases.insert.creep_speed_mps=0.03",
            "truck.tyre_friction=0.6",
        ],
    )
    assert found["station"].axes.z.velocity_mps == 0.3
    assert found["station"].axes.x.acceleration_mps2 == 0.25
    assert found["station"].slots[2].filled is False
    assert found["pack"].mass_kg == 3100
    assert found["truck"].tyre_friction == 0.6
    insert, factory = found["timing"].of("insert"), MODELS["timing"].of("insert")
    assert (insert.shaper, insert.creep_speed_mps) == ("none", 0.03)
    assert insert.settle_dwell_s == factory.settle_dwell_s
    assert MODELS["station"].axes.z.velocity_mps == STATION.axes.z.velocity_mps


def test_a_percentage_is_of_the_models_own_value() -> None:
    texts = ["axes.z.velocity_mps=130 %", "slots[2].x_m= 50%", "timing.phases.insert.settle_dwell_s=200%"]
    found = with_settings(MODELS, texts)
    assert found["station"].axes.z.velocity_mps == pytest.approx(1.3 * STATION.axes.z.velocity_mps)
    assert found["station"].slots[2].x_m == 0.5 * STATION.slots[2].x_m
    dwell_s = MODELS["timing"].of("insert").settle_dwell_s
    assert found["timing"].of("insert").settle_dwell_s == 2.0 * dwell_s
    for text in ("axes.z.velocity_mps=-5 %", "slots[2].filled=50 %", "timing.phases.insert.shaper=50 %", "axes=50 %"):
        with pytest.raises(InputError, match="--set"):
            with_settings(MODELS, [text])


@pytest.mark.parametrize("text", ["axes.z.velocity_mps", "=3", "a=", "", "a=1\nb: 2", "a=[1"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--set"):
        parse_setting(text, tuple(MODELS))


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["station.axes.z.velocity=1"], ("--set station.axes.z.velocity", "unknown key", "velocity_mps")),
        (
            ["axis.z.velocity_mps=1"],
            ("axis.z.velocity_mps", "no model has such a value (did you mean axes?)", "station.:"),
        ),
        (["name=mine"], ("in more than one model", "station.name, truck.name, pack.name, timing.name")),
        (["axes.z.velocity_mps=fast"], ("--set station.axes.z.velocity_mps", "must be a number", "'fast'")),
        (["axes.z.velocity_mps=-1"], ("out of range", "above 0")),
        (["timing.default.jerk_fraction=1.2"], ("--set timing.default.jerk_fraction", "at most 1")),
        (["phases.insert.shaper=zvddd"], ("phases.insert.shaper", "none, zv, zvd, ei")),
        (["phases.inserting.shaper=zv"], ("phases.inserting", "unknown phase")),
        (["slots[88].filled=true"], ("no such item", "0 to 7")),
        (["end_effector.mass_kg.x=1"], ("its owner is a plain value",)),
        (["axes.z.velocity_mps=0.3", "station.axes.z.velocity_mps=0.3"], ("given twice",)),
        (["slots[3].filled=false", "slots.3.filled=true"], ("given twice",)),
        (["axes.z.velocity_bandwidth_rad_per_s=5000"], ("--set station.axes.z.velocity_bandwidth_rad_per_s",)),
    ],
)
def test_one_line_says_what_is_wrong_and_what_is_allowed(texts: list[str], words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        with_settings(MODELS, texts)
    said = str(caught.value)
    assert "\n" not in said
    for word in words:
        assert word in said, said
