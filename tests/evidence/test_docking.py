"""A few of the stored drives and docking episodes come out as stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.evidence import docking, docking_policies, docking_v1
from tests.evidence.replay import assert_as_stored, near


@pytest.mark.parametrize("case", [docking.CASES[0], docking.CASES[4]], ids=lambda c: f"{c[1]} {c[3]}")
def test_drives_come_out_as_stored(case: tuple[Any, ...]) -> None:
    stored = next(r for r in docking.read() if (r["truck"], r["weather"], r["guided"]) == (case[1], case[3], case[4]))
    poses = docking.drives(case, range(docking.SAMPLE)).pose
    off = np.abs(poses - np.array(stored["first_poses"])).max()
    differences = [f"parked up to {off:.3g} m or rad off"] if off > 1e-6 else []
    assert_as_stored(docking.TABLE, f"{case[1]}, {case[3]}, {docking.SAMPLE} seeds", differences)


@pytest.mark.parametrize("case", [docking_policies.CASES[0], docking_policies.CASES[5]], ids="-".join)
def test_episodes_come_out_as_stored(case: tuple[str, str]) -> None:
    by_key = {docking_policies.key_of(row["evaluation"]): row for row in docking_policies.read()}
    stored = by_key[(*case, ("baseline",))]["sample"]["baseline"]
    again = docking_policies.play(*case, docking_policies.SAMPLE, "baseline")["sample"]["baseline"]
    differences = []
    for seed, (was, now) in enumerate(zip(stored, again, strict=True)):
        if (was["outcome"], was["steps"]) != (now["outcome"], now["steps"]):
            differences.append(f"seed {seed}: {was['outcome']} {was['steps']}, now {now['outcome']} {now['steps']}")
        elif not all(near(was["kpis"][name], value, 0.0, 1e-3) for name, value in now["kpis"].items()):
            differences.append(f"seed {seed}: {was['kpis']}, now {now['kpis']}")
    assert_as_stored(docking_policies.TABLE, ", ".join(case), differences)


@pytest.mark.parametrize("key", [docking_v1.keys(0)[3], docking_v1.keys(0)[14]], ids="-".join)
def test_drives_by_wire_come_out_as_stored(key: tuple[str, ...]) -> None:
    stored = next(row for row in docking_v1.read() if docking_v1.key_of(row) == key)
    again = docking_v1.play(*key, episodes=docking_v1.SAMPLE)
    differences = [
        f"seed {seed}: {was}, now {now}"
        for seed, (was, now) in enumerate(zip(stored["sample"], again["sample"], strict=True))
        if was["outcome"] != now["outcome"]
        or not all(near(was["kpis"][name], value, 0.0, 1e-3) for name, value in now["kpis"].items())
    ]
    assert_as_stored(docking_v1.TABLE, ", ".join(key), differences)
