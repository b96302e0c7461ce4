"""Which packages each extra of the installation brings, and the one line that says what is missing."""

from __future__ import annotations

import importlib.util
import re

EXTRAS: dict[str, tuple[str, ...]] = {
    # as pyproject.toml has them (a test compares); a package of several extras is told of the first
    "envs": ("gymnasium",),
    "viewer": ("imageio-ffmpeg", "moviepy", "panda3d"),
    "train": (
        "array-api-compat",
        "gymnasium",
        "onnx",
        "onnxruntime",
        "onnxscript",
        "stable-baselines3",
        "tensorboard",
        "torch",
    ),
    "dev": (
        "hypothesis",
        "mypy",
        "panda-gym",
        "pytest",
        "pytest-xdist",
        "rerun-sdk",
        "rl-zoo3",
        "ruckig",
        "ruff",
    ),
}
IMPORTED_AS = {"direct": "panda3d", "foxglove": "foxglove-sdk", "google": "protobuf", "rerun": "rerun-sdk"}
"""Modules that have another name than their package, beyond dashes."""
OWN = ("agents", "envs", "models", "swaptwin", "twin")


def canonical(package: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def extra_of(package: str) -> str | None:
    """The first extra that brings a package, or None."""
    return next((extra for extra, packages in EXTRAS.items() if canonical(package) in packages), None)


def install_command(extra: str) -> str:
    """How the packages of an extra are had."""
    return f"pip install 'swaptwin[{extra}]'"


def missing_module(error: BaseException) -> str | None:
    """The module of others that could not be imported, in whatever was raised in place of that; None where none was."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            module = seen.name.split(".")[0]
            return None if module in OWN else module
        seen = seen.__cause__ or seen.__context__
    return None


def needs(module: str) -> str:
    """What to say of a module that is not there."""
    package = IMPORTED_AS.get(module, canonical(module))
    extra = extra_of(package)
    if extra is None:
        return f"needs the Python package {module!r}, which is not installed"
    return f"needs the package {package}, of the extra {extra!r} ({install_command(extra)})"


def require(*modules: str) -> None:
    """Raise ModuleNotFoundError, as an import would, for the first module that is not there; imports none.

    For what is needed only at the end of a long run.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
