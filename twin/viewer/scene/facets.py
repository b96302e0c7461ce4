"""Tables and normals for the shapes of meshes."""

from __future__ import annotations

from functools import cache

import numpy as np


def smoothed(across: np.ndarray, flat: np.ndarray, least_cosine: float, closed: bool) -> np.ndarray:
    """Normals (K, N, 4, 3) of each quad's corners: area-weighted over neighbours across soft edges."""
    border = np.pad(across, ((1, 1), (0, 0), (0, 0)))
    border = np.pad(border, ((0, 0), (1, 1), (0, 0)), mode="wrap" if closed else "constant")
    unit = border / np.maximum(np.linalg.norm(border, axis=-1, keepdims=True), 1e-12)
    high, wide = flat.shape[:2]
    out = np.empty((high, wide, 4, 3))
    for corner, (p, q) in enumerate(((0, 0), (0, 1), (1, 1), (1, 0))):
        total = np.zeros_like(flat)
        for dk in (p, p + 1):
            for di in (q, q + 1):
                near = slice(dk, dk + high), slice(di, di + wide)
                soft = np.sum(unit[near] * flat, axis=-1, keepdims=True) >= least_cosine
                total += np.where(soft, border[near], 0.0)
        length = np.linalg.norm(total, axis=-1, keepdims=True)
        out[:, :, corner] = np.where(length > 1e-12, total / np.maximum(length, 1e-12), flat)
    return out


@cache
def box_tables() -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray, int]:
    """A bevelled box as ((signs (V, 3), True at full size (V, 3)), normals, triangles, V of its faces).

    Faces come first, then edges, then corners, so that a plain box is a prefix.
    """
    signs: list[np.ndarray] = []
    stretched: list[np.ndarray] = []
    normals: list[np.ndarray] = []
    triangles: list[tuple[int, int, int]] = []
    eye = np.eye(3)

    def polygon(corners: list[tuple[np.ndarray, int]], normal: np.ndarray) -> None:
        at = [s * (1.0 + eye[axis]) for s, axis in corners]  # any bevelled box gives the orientation
        if np.cross(at[1] - at[0], at[2] - at[0]) @ normal < 0.0:
            corners = corners[::-1]
        first = len(signs)
        for s, axis in corners:
            signs.append(s)
            stretched.append(eye[axis] > 0.0)
            normals.append(normal / np.linalg.norm(normal))
        triangles.extend((first, first + k, first + k + 1) for k in range(1, len(corners) - 1))

    around = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1.0, 1.0):
            polygon([(sign * eye[axis] + a * eye[u] + c * eye[v], axis) for a, c in around], sign * eye[axis])
    flat = len(signs)
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for a, c in around:
            low, high = (end * eye[axis] + a * eye[u] + c * eye[v] for end in (-1.0, 1.0))
            polygon([(low, u), (low, v), (high, v), (high, u)], a * eye[u] + c * eye[v])
    for a, c in around:
        for e in (-1.0, 1.0):
            corner = np.array([a, c, e])
            polygon([(corner, axis) for axis in range(3)], corner)
    return (np.asarray(signs), np.asarray(stretched)), np.asarray(normals), np.asarray(triangles), flat
