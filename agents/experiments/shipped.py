"""Specifications that ship, by name."""

from __future__ import annotations

from pathlib import Path

from twin.catalogue.explain import hint
from twin.catalogue.load import is_path, models_folder
from twin.errors import InputError


def folder() -> Path:
    """Where they are."""
    return models_folder() / "experiments"


def shipped() -> list[str]:
    """Names of the specifications that ship."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def find(name_or_path: str) -> Path:
    """Return the file of a specification that is told by path, or by the name of one that ships.

    Raises:
        InputError: no such name.
    """
    if is_path(name_or_path) or Path(name_or_path).is_file():
        return Path(name_or_path)
    known = shipped()
    if name_or_path not in known:
        allowed = f"{', '.join(known)}, or the path of a .yaml file"
        raise InputError(f"unknown specification{hint(name_or_path, known)}", key="SPEC", value=name_or_path,
                         allowed=allowed)  # fmt: skip
    return folder() / f"{name_or_path}.yaml"
