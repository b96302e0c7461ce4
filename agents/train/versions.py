"""Versions that a training depends on besides its configuration: interpreter, machine, packages."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("swaptwin", "gymnasium", "stable-baselines3", "torch", "numpy", "onnx", "onnxruntime")


def versions() -> dict[str, str]:
    """Return the versions of interpreter, machine and packages."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
