"""What a training depends on besides its configuration: interpreter, machine, packages."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("swaptwin", "gymnasium", "stable-baselines3", "torch", "numpy", "onnx", "onnxruntime")


def versions() -> dict[str, str]:
    """What a result depends on besides its configuration."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
