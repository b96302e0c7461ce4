"""What a command line gives: files that its results must not replace, models that `--set` may change."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from twin.catalogue.load import is_path
from twin.errors import InputError

ABSENT = {
    "truck": "--truck beside it",
    "pack": "--pack beside it",
    "timing": "a file of --policy with the value in it",
}
"""What to give for a change of a model that a command line does not name."""


def refuse_absent(changes: Sequence[str], kinds: Sequence[str]) -> None:
    """Refuse `--set KIND.PATH=VALUE` of a model that is not among `kinds`.

    Raises:
        InputError: a change names such a model.
    """
    for text in changes:
        kind = text.strip().split(".")[0]
        if kind in ABSENT and kind not in kinds:
            raise InputError(
                f"no {kind} is given that this could change", key="--set", value=text, allowed=ABSENT[kind]
            )


def refuse_given(key: str, targets: Sequence[Path], given: Mapping[str, str | None]) -> None:
    """Refuse to write over a model that was given by its path.

    Args:
        key: the option of the results, for the message.
        targets: checked paths of the results (`twin.console.write_target`).
        given: option and value of each model: a name, a path, or None.

    Raises:
        InputError: a result is the file of a given model.
    """
    for option, value in given.items():
        if value is not None and is_path(value) and Path(os.path.realpath(value)) in targets:
            raise InputError(f"is the file of {option}, which would be lost", key=key, value=value)
