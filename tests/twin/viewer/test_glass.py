"""From above, a truck under which the work is done is translucent; and can be made solid again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.twin.viewer.pinhole import pixel
from twin.viewer.graphics.camera import View
from twin.viewer.source import Source
from twin.viewer.studio import Studio

SIZE_PX = (640, 480)


def test_a_pack_under_the_truck_is_seen_through_it(chassis_swap: Path) -> None:
    with Source(chassis_swap) as source, Studio(source.layout, source.names, SIZE_PX, "low") as studio:
        now = source.snapshot(3.0)
        front_pack = source.layout.jobs[0].old_pack
        x, y, z = now.world_pose(f"pack{front_pack}")[:3].tolist()
        studio.view = View((x + 0.4, y - 0.2, 9.0), (x, y, z), 30.0)  # through the cab's roof
        u, v = (int(c) for c in pixel(studio.view, SIZE_PX, np.array([x, y, z])))
        spot = (slice(v - 12, v + 12), slice(u - 12, u + 12))
        solid = studio.picture(now)[spot].astype(int)
        studio.scene.see_through_truck(True)
        studio.stage.look(studio.view)
        through = studio.offscreen.picture()[spot].astype(int)
        studio.scene.see_through_truck(False)
        again = studio.offscreen.picture()[spot].astype(int)
    assert np.abs(solid - through).mean() > 10.0
    assert (solid == again).all()


def test_only_a_truck_that_hides_the_work_is_glass(top_lift_swap: Path, chassis_swap: Path) -> None:
    from twin.viewer.scene.views import truck_hides_work

    with Source(top_lift_swap) as gantry, Source(chassis_swap) as pit:
        assert truck_hides_work("top", pit.layout)
        assert not truck_hides_work("overview", pit.layout)
        assert not truck_hides_work("top", gantry.layout)
