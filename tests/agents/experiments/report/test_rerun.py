"""The worst trials, and the commands that play them again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from agents.experiments.report.metrics import TIME
from agents.experiments.report.rerun import command, options, worst
from agents.experiments.resolving import plan
from agents.experiments.spec import Spec
from agents.experiments.trial import Figures
from tests.agents.experiments.report.synthetic import swap, trials
from twin.commands.swap import resolve
from twin.errors import InputError


def test_the_worst_are_violations_failures_of_every_kind_and_the_slowest(tmp_path: Path) -> None:
    def play(x: dict[str, Any], seed: int) -> Figures:
        if seed == 3:
            return swap(90.0, violations=(6,))
        if seed in (4, 5, 6, 7, 8, 9, 10, 11):
            return Figures("jam")
        return Figures("error", error="ValueError: x") if seed == 12 else swap(100.0 + seed)

    of = trials(tmp_path, {"seeds": 20}, play)
    found = worst(of, TIME)
    assert [(int(of.seed[index]), why) for index, why in found] == [
        (3, "violates invariant 6"),
        (12, "error"),
        *((seed, "jam") for seed in range(4, 9)),
        (19, "mechanical time 119.00 s"),
        (18, "mechanical time 118.00 s"),
        (17, "mechanical time 117.00 s"),
    ]


def test_the_command_has_all_of_the_setting(tmp_path: Path) -> None:
    spec = {
        "constants": {"parking": "unguided", "friction_factor": 2.0, "truck": "tractor 6x4.yaml"},
        "factors": {"axes.z.velocity_mps": [0.25], "conditions": ["night+rain"]},
        "seeds": 1,
        "first_seed": 17,
    }
    of = trials(tmp_path, spec, lambda x, seed: swap(100.0))
    line = command(of, 0)
    assert line is not None
    assert line == (
        "swaptwin swap --station top_lift --truck 'tractor 6x4.yaml' --parking unguided --conditions night+rain "
        "--plant rom --set variation.friction_factor=2.0 --set axes.z.velocity_mps=0.25 --seed 17 "
        "--record setting_0_seed_17.mcap"
    )
    assert shlex.split(line)[5] == "tractor 6x4.yaml"


@pytest.mark.parametrize(
    "values",
    [
        {"station": "top_lift", "timing": "tuned", "axes.z.velocity_mps": 0.25, "friction_factor": 2.0},
        {"station": "chassis", "parking": "unguided", "conditions": "night+rain", "servo_gain_spread": 0.1},
        {"station": "top_lift", "timing.phases.insert.settle_dwell_s": 1.5, "rope_error": 0.02, "pack_mass_kg": 3000},
    ],
)
def test_the_command_means_the_trial(values: dict[str, Any]) -> None:
    """What `swap` resolves its options to is what the experiment played."""
    spec = Spec.model_validate({"station": values["station"], "design": {"kind": "list", "rows": [values]}, "seeds": 1})
    trial = plan(spec).settings[0].trial(5)
    words = options({"plant": "rom", **values})
    given = dict(zip(words[::2], words[1::2], strict=True))
    changes = [text for option, text in zip(words[::2], words[1::2], strict=True) if option == "--set"]
    setup, timing = resolve(
        given["--station"],
        given.get("--truck"),
        given.get("--pack"),
        given.get("--timing", "factory"),
        seed=5,
        parking=given.get("--parking", "guided"),
        conditions=given.get("--conditions", "clear"),
        changes=changes,
    )
    assert (setup.station, setup.truck, setup.pack) == (trial.station, trial.truck, trial.pack)
    assert timing == trial.timing
    assert setup.variation == trial.variation
    assert setup.parking == trial.parking


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("variation.frict=2", "no such field"),
        ("variation.conditions=rain", "no such field"),
        ("variation.friction_factor=9", "friction_factor"),
        ("variation.truck_x_m=50", "clip"),
    ],
)
def test_a_variation_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        resolve("top_lift", None, None, "factory", seed=0, parking="guided", changes=[text])
