"""Specifications and designs: every combination once, hypercubes stratified, wrong names and levels refused."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.experiments.design import count, settings
from agents.experiments.resolving import plan
from agents.experiments.shipped import shipped
from agents.experiments.spec import Spec, load_spec, spec_from_plain
from twin.errors import InputError


def spec(**values: Any) -> Spec:
    return Spec.model_validate({"seeds": 2, **values})


@given(sizes=st.lists(st.integers(1, 4), max_size=4))
def test_a_full_design_has_every_combination_once(sizes: list[int]) -> None:
    of = spec(factors={f"f{k}": list(range(n)) for k, n in enumerate(sizes)})
    found = [tuple(one.values()) for one in settings(of)]
    assert found == list(itertools.product(*(range(n) for n in sizes)))
    assert count(of) == len(found)


@given(n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_a_hypercube_has_one_point_in_each_layer(n: int, seed: int) -> None:
    ranges = {"a": {"low": -1.0, "high": 3.0}, "b": {"low": 0.1, "high": 10.0, "logarithmic": True}}
    of = spec(factors=ranges, design={"kind": "lhs", "points": n}, first_seed=seed)
    found = list(settings(of))
    a = (np.array([one["a"] for one in found]) + 1.0) / 4.0
    b = np.log(np.array([one["b"] for one in found]) / 0.1) / np.log(100.0)
    for shares in (a, b):
        assert sorted(np.minimum((shares * n).astype(int), n - 1).tolist()) == list(range(n))
    assert found == list(settings(of)), "the same seed, the same design"


def test_a_sobol_sequence_fills_evenly() -> None:
    of = spec(factors={"a": {"low": 0.0, "high": 1.0}, "b": ["x", "y"]}, design={"kind": "sobol", "points": 64})
    found = list(settings(of))
    counts = np.histogram([one["a"] for one in found], bins=8, range=(0.0, 1.0))[0]
    assert counts.tolist() == [8] * 8
    assert [one["b"] for one in found].count("x") == 32


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"factors": {"axes.z.velocty_mps": [0.2]}}, "velocty_mps"),
        ({"factors": {"tuck": ["tractor_6x4"]}}, "factors.tuck"),
        ({"factors": {"conditions": ["fog"]}}, "conditions"),
        ({"factors": {"parking": ["sideways"]}}, "parking"),
        ({"factors": {"friction_factor": [99.0]}}, "friction_factor"),
        ({"factors": {"timing": ["no_such"]}}, "no_such"),
        ({"constants": {"axes.z.velocity_mps": -1.0}}, "velocity_mps"),
        ({"factors": {"station": ["all"]}}, "factors.station"),
        ({"factors": {"fault": ["none", "lock_opens"]}}, "fault"),
        ({"factors": {"fault": ["lock_wont_open:seat=truck9"]}}, "truck9"),
        ({"factors": {"align_policy": ["none", "no_such"]}}, "align_policy"),
    ],
)
def test_what_nothing_has_is_refused(given: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError, match=key):
        plan(spec(**given))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("factors: {timing: [factory]}\n", "seeds"),
        ("seeds: 0\n", "seeds"),
        ("seeds: 1\nfactors: {a: {low: 1, high: 0}}\n", "low 1 is not below high 0"),
        ("seeds: 1\nfactors: {a: {low: 0, high: 1}}\n", "a has a range"),
        ("seeds: 1\ndesign: {kind: lhs}\n", "points"),
        ("seeds: 1\ndesign: {kind: saltelli, points: 4}\n", "saltelli has factors"),
        ("seeds: 1\nconstants: {truck: a}\nfactors: {truck: [b]}\n", "truck is a constant and a factor"),
        ("seeds: 1\nfactor: {truck: [b]}\n", "did you mean factors"),
        ("seeds: true\n", "seeds: .*a whole number is wanted"),
        ('seeds: "3"\n', "seeds: .*a whole number is wanted"),
        ("seeds: 1\nfactors: {timing: [tuned, factory, tuned]}\n", "timing has the level tuned more than once"),
        ("seeds: 1\nfactors: {v: {paths: [axes.z.velocity_mps], levels: [1, 1.0]}}\n", "v has the level 1 more than"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=says) as error:
        load_spec(file)
    assert "e.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_full_design_leaves_out_what_does_not_fit() -> None:
    found = plan(spec(factors={"truck": ["all"], "pack": ["cab_282", "chassis_171"]}))
    assert {one.truck.name for one in found.settings} >= {"tractor_6x4", "mixer_8x4"}
    assert {one.pack.name for one in found.settings} == {"cab_282"}
    assert any(setting["pack"] == "chassis_171" for setting, _ in found.left_out)
    rows = [{"truck": "tractor_6x4", "pack": "chassis_171"}]
    with pytest.raises(InputError, match="chassis_171"):
        plan(spec(design={"kind": "list", "rows": rows}))


def test_settings_are_resolved_as_swap_does() -> None:
    factors = {"axes.z.velocity_mps": [0.2, 0.3], "timing.phases.insert.creep_speed_mps": [0.02], "rope_error": [0.01]}
    found = plan(spec(factors=factors, constants={"parking": "unguided", "pack": "cab_350"}))
    assert [one.station.axes.z.velocity_mps for one in found.settings] == [0.2, 0.3]
    assert {one.timing.of("insert").creep_speed_mps for one in found.settings} == {0.02}
    assert {(one.parking, one.pack.name, one.variation.rope_error) for one in found.settings} == {
        ("unguided", "cab_350", 0.01)
    }
    keys = {one.trial(seed).key for one in found.settings for seed in found.seeds}
    assert len(keys) == found.trials == 4


def test_linked_values_change_together() -> None:
    paths = ["axes.z.velocity_mps", "axes.z.velocity_empty_mps", "axes.z.stopping_distance_m"]
    linked = {"paths": paths, "levels": ["100 %", "120 %"]}
    of = spec(factors={"hoist speed": linked, "timing": ["factory"]})
    assert spec_from_plain(of.as_plain()) == of
    assert count(of) == 2
    plain, fast = plan(of).settings
    assert [one.setting for one in (plain, fast)] == [{"hoist speed": level, "timing": "factory"} for level in
                                                      ("100 %", "120 %")]  # fmt: skip
    for name in ("velocity_mps", "velocity_empty_mps", "stopping_distance_m"):
        assert getattr(fast.station.axes.z, name) == pytest.approx(1.2 * getattr(plain.station.axes.z, name))
    with pytest.raises(InputError, match="velocty_mps"):
        plan(spec(factors={"hoist speed": {**linked, "paths": ["axes.z.velocty_mps"]}}))


def test_faults_and_policies_are_resolved() -> None:
    faults = "lock_wont_open:tries=1; scanner_noise:factor=3"
    found = plan(spec(factors={"fault": ["none", faults], "align_policy": ["none", "align_careful"]})).settings
    assert [one.faults for one in found] == [(), (), *[("lock_wont_open:tries=1", "scanner_noise:factor=3")] * 2]
    assert [one.policies for one in found] == [(), (("align", "align_careful"),)] * 2
    assert [one.trial(0).alone for one in found] == [False, True, True, True]


def test_a_specification_survives_the_ledger() -> None:
    of = spec(factors={"a": {"low": 0.0, "high": 1.0}, "b": [1, "x", True]}, design={"kind": "sobol", "points": 3})
    assert spec_from_plain(of.as_plain()) == of


def test_the_page_shows_specifications_that_load(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    texts = [block for block in blocks if block.startswith("question")]
    assert texts
    for text in texts:
        (tmp_path / "e.yaml").write_text(text)
        assert plan(load_spec(tmp_path / "e.yaml")).settings


@pytest.mark.parametrize("name", shipped())
def test_what_ships_can_be_planned(name: str) -> None:
    found = plan(load_spec(name))
    assert found.trials <= 600
    assert found.spec.question.endswith("?")


def test_a_specification_that_does_not_ship_is_named_with_those_that_do() -> None:
    with pytest.raises(InputError, match="did you mean faster_axes"):
        load_spec("faster_axis")
