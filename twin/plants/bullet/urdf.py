"""A small URDF writer: links, joints and primitive shapes in Bullet's form."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

TINY_KG, TINY_KGM2 = 0.01, 1e-3
"""Mass of the massless links between the joints of one body (a zero mass would make the link static)."""
FAR_M, NONE_M = 1000.0, -1.0
"""Limits of sliding joints: never reached, or none (lower above upper), which saves the engine work in every tick."""


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{v:.12g}" for v in values)


@dataclass(frozen=True)
class Shape:
    """A collision primitive: box (x, y, z), capsule (radius, length between centres) or sphere (radius)."""

    kind: str
    size: tuple[float, ...]
    xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rpy: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def xml(self) -> str:
        if self.kind == "box":
            geometry = f'<box size="{_numbers(self.size)}"/>'
        elif self.kind == "capsule":
            geometry = f'<capsule radius="{self.size[0]:.12g}" length="{self.size[1]:.12g}"/>'
        else:
            geometry = f'<sphere radius="{self.size[0]:.12g}"/>'
        origin = f'<origin xyz="{_numbers(self.xyz)}" rpy="{_numbers(self.rpy)}"/>'
        return f"<collision>{origin}<geometry>{geometry}</geometry></collision>"


@dataclass
class Body:
    """A robot description under construction; sliding joints reach `limit_m` either way."""

    name: str
    limit_m: float = FAR_M
    parts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    joints: list[str] = field(default_factory=list)

    def link(
        self,
        name: str,
        mass_kg: float = TINY_KG,
        inertia_kgm2: Sequence[float] = (TINY_KGM2,) * 3,
        com: Sequence[float] = (0.0, 0.0, 0.0),
        shapes: Sequence[Shape] = (),
    ) -> None:
        ixx, iyy, izz = inertia_kgm2
        self.links.append(name)
        self.parts.append(
            f'<link name="{name}"><inertial><origin xyz="{_numbers(com)}"/><mass value="{mass_kg:.12g}"/>'
            f'<inertia ixx="{ixx:.12g}" iyy="{iyy:.12g}" izz="{izz:.12g}" ixy="0" ixz="0" iyz="0"/></inertial>'
            + "".join(s.xml() for s in shapes)
            + "</link>"
        )

    def joint(
        self,
        name: str,
        kind: str,
        parent: str,
        child: str,
        axis: Sequence[float] = (0.0, 0.0, 1.0),
        xyz: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> None:
        self.joints.append(name)
        self.parts.append(
            f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
            f'<origin xyz="{_numbers(xyz)}"/><axis xyz="{_numbers(axis)}"/>'
            f'<limit lower="{-self.limit_m:g}" upper="{self.limit_m:g}" effort="1e12" velocity="1e4"/>'
            '<dynamics damping="0" friction="0"/></joint>'
        )

    def xml(self) -> str:
        """URDF text with one part a line: Bullet's reader cuts lines of 8192 characters."""
        lines = "\n".join(self.parts)
        return f'<?xml version="1.0"?>\n<robot name="{self.name}">\n{lines}\n</robot>\n'


def box_inertia(mass_kg: float, size: Sequence[float]) -> tuple[float, float, float]:
    """Principal inertia of a solid box, in kg m2."""
    x, y, z = size
    return (mass_kg * (y * y + z * z) / 12, mass_kg * (x * x + z * z) / 12, mass_kg * (x * x + y * y) / 12)


def wall(
    axis: int, sign: float, near: tuple[float, float], far: tuple[float, float], width: float, thick: float
) -> Shape:
    """A thin box standing on the `sign` side of `axis` (0 x, 1 y) whose inner face runs from `near` to `far`.

    `near` and `far` are (distance from the middle, height z); the box lies outside of that face.
    """
    dr, dz = far[0] - near[0], far[1] - near[1]
    length = math.hypot(dr, dz)
    ur, uz = dr / length, dz / length
    nr, nz = abs(uz), -ur * (1.0 if uz > 0 else -1.0)  # outward normal in the (distance, z) plane
    r = (near[0] + far[0]) / 2 + nr * thick / 2
    z = (near[1] + far[1]) / 2 + nz * thick / 2
    if axis == 0:
        return Shape("box", (thick, width, length), (sign * r, 0.0, z), (0.0, math.atan2(sign * ur, uz), 0.0))
    return Shape("box", (width, thick, length), (0.0, sign * r, z), (-math.atan2(sign * ur, uz), 0.0, 0.0))


def moved(shapes: Iterable[Shape], x: float, y: float, z: float = 0.0) -> list[Shape]:
    """Shapes shifted by (x, y, z)."""
    return [Shape(s.kind, s.size, (s.xyz[0] + x, s.xyz[1] + y, s.xyz[2] + z), s.rpy) for s in shapes]
