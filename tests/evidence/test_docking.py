"""A few of the stored drives and docking episodes come out as stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.evidence import docking, docking_policies
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
