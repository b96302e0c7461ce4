"""Simple shapes in named frames, as foxglove.SceneUpdate, for Foxglove's 3D panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Rgba = tuple[float, float, float, float]

_UPRIGHT: Quaternion = (0.0, 0.0, 0.0, 1.0)
_GREY: Rgba = (0.6, 0.6, 0.62, 1.0)


@dataclass(frozen=True)
class Cube:
    """A box with its pose at its centre and full edge lengths."""

    size_m: Vector
    position_m: Vector = (0.0, 0.0, 0.0)
    rotation_xyzw: Quaternion = _UPRIGHT
    rgba: Rgba = _GREY


@dataclass(frozen=True)
class Cylinder:
    """A cylinder or (with a scale under 1 at one end) a cone along its own z, with its pose at its centre."""

    radius_m: float
    height_m: float
    position_m: Vector = (0.0, 0.0, 0.0)
    rotation_xyzw: Quaternion = _UPRIGHT
    rgba: Rgba = _GREY
    bottom_scale: float = 1.0
    top_scale: float = 1.0


@dataclass(frozen=True)
class Sphere:
    """A sphere."""

    radius_m: float
    position_m: Vector = (0.0, 0.0, 0.0)
    rgba: Rgba = _GREY


@dataclass(frozen=True)
class Line:
    """A line through points, in metres of the entity's frame."""

    points_m: tuple[Vector, ...]
    thickness_m: float = 0.02
    rgba: Rgba = _GREY


@dataclass(frozen=True)
class SceneEntity:
    """Shapes that move with `frame` (name of a Header frame, or "world"). The same id again replaces the entity."""

    id: str
    frame: str
    cubes: tuple[Cube, ...] = ()
    cylinders: tuple[Cylinder, ...] = ()
    spheres: tuple[Sphere, ...] = ()
    lines: tuple[Line, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


def encode_scene(time_ns: int, entities: Sequence[SceneEntity]) -> bytes:
    """The entities as one encoded foxglove.SceneUpdate."""
    from foxglove import messages as fg

    def vector(v: Vector) -> fg.Vector3:
        return fg.Vector3(x=float(v[0]), y=float(v[1]), z=float(v[2]))

    def pose(position: Vector, rotation: Quaternion = _UPRIGHT) -> fg.Pose:
        x, y, z, w = (float(value) for value in rotation)
        return fg.Pose(position=vector(position), orientation=fg.Quaternion(x=x, y=y, z=z, w=w))

    def colour(rgba: Rgba) -> fg.Color:
        r, g, b, a = (float(value) for value in rgba)
        return fg.Color(r=r, g=g, b=b, a=a)

    stamp = fg.Timestamp(time_ns // 1_000_000_000, time_ns % 1_000_000_000)
    encoded = [
        fg.SceneEntity(
            timestamp=stamp,
            frame_id=entity.frame,
            id=entity.id,
            frame_locked=True,
            metadata=[fg.KeyValuePair(key=key, value=value) for key, value in entity.metadata.items()],
            cubes=[
                fg.CubePrimitive(
                    pose=pose(cube.position_m, cube.rotation_xyzw), size=vector(cube.size_m), color=colour(cube.rgba)
                )
                for cube in entity.cubes
            ],
            cylinders=[
                fg.CylinderPrimitive(
                    pose=pose(cylinder.position_m, cylinder.rotation_xyzw),
                    size=vector((2 * cylinder.radius_m, 2 * cylinder.radius_m, cylinder.height_m)),
                    bottom_scale=cylinder.bottom_scale,
                    top_scale=cylinder.top_scale,
                    color=colour(cylinder.rgba),
                )
                for cylinder in entity.cylinders
            ],
            spheres=[
                fg.SpherePrimitive(
                    pose=pose(sphere.position_m),
                    size=vector((2 * sphere.radius_m, 2 * sphere.radius_m, 2 * sphere.radius_m)),
                    color=colour(sphere.rgba),
                )
                for sphere in entity.spheres
            ],
            lines=[
                fg.LinePrimitive(
                    type=fg.LinePrimitiveLineType.LineStrip,
                    pose=pose((0.0, 0.0, 0.0)),
                    thickness=line.thickness_m,
                    points=[fg.Point3(x=float(p[0]), y=float(p[1]), z=float(p[2])) for p in line.points_m],
                    color=colour(line.rgba),
                )
                for line in entity.lines
            ],
        )
        for entity in entities
    ]
    return fg.SceneUpdate(entities=encoded).encode()


def encode_log(time_ns: int, level: str, message: str, name: str) -> bytes:
    """One encoded foxglove.Log; an unknown level counts as information."""
    from foxglove import messages as fg

    levels = {
        "debug": fg.LogLevel.Debug,
        "warning": fg.LogLevel.Warning,
        "error": fg.LogLevel.Error,
        "fatal": fg.LogLevel.Fatal,
    }
    stamp = fg.Timestamp(time_ns // 1_000_000_000, time_ns % 1_000_000_000)
    return fg.Log(timestamp=stamp, level=levels.get(level, fg.LogLevel.Info), message=message, name=name).encode()
