"""Packages of each extra of the installation, and the message for a missing one."""

from __future__ import annotations

import importlib.util
import re

EXTRAS: dict[str, tuple[str, ...]] = {
    # as in pyproject.toml (a test compares); a package of several extras belongs to the first
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
    "dataset": ("gymnasium", "h5py", "minari"),
    "report": ("salib",),
    "cluster": ("ray",),
    "tune": ("cma", "gymnasium", "optuna"),
    "dev": (
        "axe-playwright-python",
        "hypothesis",
        "mypy",
        "panda-gym",
        "playwright",
        "pytest",
        "pytest-xdist",
        "rerun-sdk",
        "rl-zoo3",
        "ruckig",
        "ruff",
        "tree-sitter",
        "tree-sitter-iec61131-3-st",
    ),
}
IMPORTED_AS = {"direct": "panda3d", "foxglove": "foxglove-sdk", "google": "protobuf", "rerun": "rerun-sdk"}
"""Modules with another name than their package, beyond dashes."""
OWN = ("agents", "envs", "models", "swaptwin", "twin")


def canonical(package: str) -> str:
    """A package's name in the normal form of package indexes."""
    return re.sub(r"[-_.]+", "-", package).lower()


def extra_of(package: str) -> str | None:
    """The first extra that brings a package, or None."""
    return next((extra for extra, packages in EXTRAS.items() if canonical(package) in packages), None)


def install_command(extra: str) -> str:
    """Command that installs the packages of an extra."""
    return f"pip install 'swaptwin[{extra}]'"


def missing_module(error: BaseException) -> str | None:
    """The third-party module whose import failed, from any exception that followed; None if there is none."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            module = seen.name.split(".")[0]
            return None if module in OWN else module
        seen = seen.__cause__ or seen.__context__
    return None


def needs(module: str) -> str:
    """Message for a missing module."""
    package = IMPORTED_AS.get(module, canonical(module))
    extra = extra_of(package)
    if extra is None:
        return f"needs the Python package {module!r}, which is not installed"
    return f"needs the package {package}, of the extra {extra!r} ({install_command(extra)})"


def require(*modules: str) -> None:
    """Raise ModuleNotFoundError, as an import would, for the first missing module; imports none.

    For modules that are needed only at the end of a long run.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
