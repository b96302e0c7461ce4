"""What a bundle was made for beside what it is played on: outside, nothing is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.bundle import CONTRACT, read_contract
from agents.policies import bundles_folder

OF_THE_SCENE = (
    *("station", "truck", "pack", "parking", "conditions", "scenario", "direction", "operator"),
    "base",
)
"""Options that say what is played; a plant, or harder starts, are another way to the same."""
ANY = "any"


def outside_validity(policy: str, about: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options in which a scene is not what the policy's bundle was made for; empty for other policies.

    By option: `valid`, the values that it was made for, and `played`, the scene's, None where each episode draws.

    Args:
        policy: as typed by the user.
        about: the scene's options, as `agents.evaluate.about_environment` returns them.
    """
    file = (Path(policy) if "/" in policy or policy in (".", "..") else bundles_folder() / policy) / CONTRACT
    if not file.is_file():
        return {}
    validity = read_contract(file.read_bytes(), file).validity
    return {
        name: {"valid": valid, "played": about[name]}
        for name, valid in validity.options.items()
        if name in OF_THE_SCENE and name in about and ANY not in valid and about[name] not in valid
    }


def in_words(outside: Mapping[str, Mapping[str, Any]]) -> str:
    """Say it for people: `made for station top_lift, played at chassis`."""
    return "; ".join(
        f"made for {name} {' or '.join(one['valid'])}, played with {one['played'] or 'any'}"
        for name, one in outside.items()
    )
