"""Versions that a training depends on besides its configuration: interpreter, machine, packages."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("swaptwin", "gymnasium", "stable-baselines3", "torch", "numpy", "onnx", "onnxruntime")


def versions() -> dict[str, str]:
    """Return the versions of interpreter, machine and packages."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    return found | {name: version_of(name) for name in PACKAGES}


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
