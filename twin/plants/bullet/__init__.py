"""The reference plant on PyBullet: the only place that imports pybullet."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def _without_banner() -> Iterator[None]:
    """Silence pybullet's build time, which its C code prints to the file descriptor of standard error on import."""
    try:
        saved = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


with _without_banner():
    from twin.plants.bullet.plant import BulletPlant

__all__ = ["BulletPlant"]
