"""A few of the stored drives and docking episodes come out as stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.evidence import docking, docking_laws
from tests.evidence.replay import assert_as_stored, near


@pytest.mark.parametrize("case", [docking.CASES[0], docking.CASES[4]], ids=lambda c: f"{c[1]} {c[3]}")
def test_drives_come_out_as_stored(case: tuple[Any, ...]) -> None:
    stored = next(r for r in docking.read() if (r["truck"], r["weather"], r["guided"]) == (case[1], case[3], case[4]))
    poses = docking.drives(case, range(docking.SAMPLE)).pose
    off = np.abs(poses - np.array(stored["first_poses"])).max()
    differences = [f"parked up to {off:.3g} m or rad off"] if off > 1e-6 else []
    assert_as_stored(docking.TABLE, f"{case[1]}, {case[3]}, {docking.SAMPLE} seeds", differences)


@pytest.mark.parametrize("key", [docking_laws.keys(0)[3], docking_laws.keys(0)[13]], ids="-".join)
def test_drives_by_wire_come_out_as_stored(key: tuple[str, ...]) -> None:
    stored = next(row for row in docking_laws.read() if docking_laws.key_of(row) == key)
    again = docking_laws.play(*key, episodes=docking_laws.SAMPLE)
    differences = [
        f"seed {seed}: {was}, now {now}"
        for seed, (was, now) in enumerate(zip(stored["sample"], again["sample"], strict=True))
        if was["outcome"] != now["outcome"]
        or not all(near(was["kpis"][name], value, 0.0, 1e-3) for name, value in now["kpis"].items())
    ]
    assert_as_stored(docking_laws.TABLE, ", ".join(key), differences)
