"""Gymnasium environments, registered on import: one file per task.

>>> gymnasium.make("envs:swaptwin/Docking-v3", station="top_lift")
"""

from __future__ import annotations

import gymnasium

ENTRY_POINTS = {
    "swaptwin/Docking-v3": "envs.docking:DockingEnv",
    "swaptwin/Alignment-v1": "envs.alignment:AlignmentEnv",
    "swaptwin/Timing-v0": "envs.timing:TimingEnv",
    "swaptwin/Timing-v1": "envs.timing_v1:TunedTimingEnv",
}
"""Environment ids and their classes; a class's file is imported when one is made. Each has its own time limit."""

VECTOR_ENTRY_POINTS = {
    "swaptwin/Docking-v3": "envs.vector.docking:DockingVectorEnv",
    "swaptwin/Alignment-v1": "envs.vector.alignment:AlignmentVectorEnv",
    "swaptwin/Timing-v0": "envs.vector.timing:TimingVectorEnv",
    "swaptwin/Timing-v1": "envs.vector.timing:TunedTimingVectorEnv",
}
"""Vector classes that `gymnasium.make_vec` uses without a `vectorization_mode`: many worlds on one plant."""

for _id, _entry_point in ENTRY_POINTS.items():
    if _id not in gymnasium.registry:
        gymnasium.register(id=_id, entry_point=_entry_point, vector_entry_point=VECTOR_ENTRY_POINTS.get(_id))
