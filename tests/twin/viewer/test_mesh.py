"""Meshes: closed forms of volume and area, and that every shape is seen from outside."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.viewer.scene.mesh import Material, Mesh

RED, BLUE = Material((0.9, 0.1, 0.1)), Material((0.1, 0.1, 0.9), gloss=0.5, glow=0.2)


def corners(mesh: Mesh) -> np.ndarray:
    """Rows of the triangles' corners (T, 3, floats)."""
    return np.concatenate(mesh._rows)[np.concatenate(mesh._triangles)]


def volume_m3(mesh: Mesh) -> float:
    at = corners(mesh)[:, :, 0:3]
    return float(np.sum(np.cross(at[:, 0], at[:, 1]) * at[:, 2]) / 6.0)


def seen_from_outside(mesh: Mesh) -> bool:
    rows = corners(mesh)
    across = np.cross(rows[:, 1, 0:3] - rows[:, 0, 0:3], rows[:, 2, 0:3] - rows[:, 0, 0:3])
    return bool((np.einsum("ij,ij->i", across, rows[:, :, 3:6].mean(axis=1)) > 0.0).all())


def test_plain_box() -> None:
    box = Mesh().box((1.0, 2.0, 3.0), (5.0, 6.0, 7.0), RED)
    assert box.triangles == 12
    assert volume_m3(box) == pytest.approx(6.0)
    low, high = box.bounds()
    assert low == pytest.approx([4.5, 5.0, 5.5])
    assert high == pytest.approx([5.5, 7.0, 8.5])


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (0.3, -0.5, 1.1)])
def test_bevelled_box_loses_its_edges(turn: tuple[float, float, float]) -> None:
    a, b = 1.0, 0.1
    box = Mesh().box((a, a, a), (0.2, 0.1, 0.0), RED, b, *turn)
    cut = 12 * (a - 2 * b) * b * b / 2 + 8 * 5 * b**3 / 6  # prisms along the edges, five sixths of a cube at a corner
    assert volume_m3(box) == pytest.approx(a**3 - cut)
    assert box.triangles == 12 + 24 + 8
    assert seen_from_outside(box)


def test_bevel_is_no_more_than_half_the_box() -> None:
    flat = Mesh().box((1.0, 1.0, 0.02), (0.0, 0.0, 0.0), RED, 0.5)
    assert seen_from_outside(flat)
    assert flat.bounds()[1] == pytest.approx([0.5, 0.5, 0.01])


def test_lathe_is_a_cylinder() -> None:
    sides = 64
    turned = Mesh().lathe([(0.0, 0.0), (0.0, 0.5), (2.0, 0.5), (2.0, 0.0)], RED, (1.0, 0.0, 0.0), "x", sides)
    ring = sides / 2 * 0.5**2 * math.sin(2 * math.pi / sides)
    assert volume_m3(turned) == pytest.approx(2.0 * ring)
    assert turned.bounds()[0][0] == pytest.approx(1.0)
    assert seen_from_outside(turned)
    assert turned.triangles == 4 * sides  # ends have one triangle a side


def test_loft_paints_and_leaves_holes() -> None:
    square = np.array([(1, -1), (1, 1), (-1, 1), (-1, -1)], float)
    rings = [[(x, y, z) for x, y in square] for z in (0.0, 1.0, 2.0)]
    tube = Mesh().loft(rings, lambda band, side: None if side == 3 else (RED, BLUE)[band], smooth_deg=0.0)
    assert tube.triangles == 2 * 2 * 3
    rows = np.concatenate(tube._rows)
    assert {tuple(row) for row in rows[rows[:, 2] > 1.0][:, 6:9]} == {BLUE.rgb}
    assert np.max(rows[:, 11]) == BLUE.glow
    assert seen_from_outside(tube)


def test_soft_edges_share_normals_and_hard_ones_do_not() -> None:
    angle = np.arange(12) * math.pi / 6
    rings = [[(math.cos(a), math.sin(a), z) for a in angle] for z in (0.0, 1.0)]
    for smooth_deg, steps in ((40.0, 12), (10.0, 12)):
        normals = corners(Mesh().loft(rings, RED, smooth_deg))[:, :, 3:6]
        at = corners(Mesh().loft(rings, RED, smooth_deg))[:, :, 0:3]
        radial = np.einsum("ijk,ijk->ij", normals[:, :, :2], at[:, :, :2])
        assert radial == pytest.approx(1.0 if smooth_deg > 30.0 else math.cos(math.pi / steps))


def test_mirrored_and_scaled_stay_outside_out() -> None:
    wedge = Mesh().prism([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)], 0.5, RED, "y", 2.0)
    other = wedge.mirrored()
    assert volume_m3(other) == pytest.approx(volume_m3(wedge)) == pytest.approx(0.25)
    assert other.bounds()[1][1] == pytest.approx(-1.75)
    assert seen_from_outside(other)
    narrow = wedge.scaled(1, 0.5, 2.0)
    assert volume_m3(narrow) == pytest.approx(0.125)
    assert narrow.bounds()[0][1] == pytest.approx(1.875)
    assert seen_from_outside(narrow)
    assert wedge.bounds()[0][1] == pytest.approx(1.75)  # left as it was


def test_a_face_may_begin_with_corners_on_one_line() -> None:
    face = Mesh().face([(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 1, 0), (0, 1, 0)], RED)
    assert np.concatenate(face._rows)[:, 5] == pytest.approx(1.0)
