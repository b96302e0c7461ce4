"""The reference plant on PyBullet: the only place that imports pybullet."""

from twin.plants.bullet.plant import BulletPlant

__all__ = ["BulletPlant"]
