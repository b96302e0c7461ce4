"""A bundle's `card.md`: how the policy was made, what it was judged on, what it is valid for and how to use it.

Everything on it stands in the contract; the results come from `swaptwin evaluate --json`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.bundle import (
    CARD,
    CONTRACT,
    MAX_BYTES,
    ONNX,
    Contract,
    MeasuredResult,
    open_graph,
    read_contract,
    read_folder,
)
from twin.console import atomic_write, write_target
from twin.errors import InputError

SCENE = ("station", "plant", "truck", "pack", "parking", "conditions")
"""Entries of an evaluation that say what was played; null: drawn in each episode."""
SUMMARY = (
    ("first attempt", lambda row: _percent(row.rates.get("first_attempt"))),
    ("time, s: median, 95 %", lambda row: _pair(row.time_median_s, row.time_p95_s, 1.0, 1)),
    ("force, kN: median, 99 %", lambda row: _pair(row.force_median_n, row.force_p99_n, 1e-3, 1)),
    ("violations", lambda row: "-" if row.violations is None else str(row.violations)),
)
"""Columns beside success, left out where no row has them."""


def card_text(title: str, contract: Contract) -> str:
    """Write `card.md`."""
    return "\n".join(_lines(title, contract)) + "\n"


def _lines(title: str, contract: Contract) -> Iterator[str]:
    made, name = contract.made, f"{contract.environment}-v{contract.environment_version}"
    task = contract.environment.rpartition("/")[2].lower()
    yield f"# {title}\n"
    sizes = f"{len(contract.observation)} quantities to {len(contract.action)} actions"
    often = "one decision a phase" if task == "timing" else f"{contract.rate_hz:g} decisions a second"
    yield f"A policy for `{name}`, {often}: {sizes}.\n"
    yield "## Made\n"
    if made.command:
        yield f"    {made.command}\n"
    yield f"Trained with {made.algorithm} for {made.steps} steps, seed {made.seed}."
    if made.options:
        yield f"Options: {', '.join(f'{key} {value}' for key, value in made.options.items())}."
    if made.versions:
        yield f"Versions: {', '.join(f'{key} {value}' for key, value in made.versions.items())}."
    if contract.measured:
        yield "\n## Judged\n"
        yield from _judged(contract.measured)
    yield "\n## Valid for\n"
    for option, values in contract.validity.options.items():
        yield f"- {option}: {', '.join(values)}"
    if contract.validity.observation_low:
        yield f"- observations within the range that training saw, in `{CONTRACT}`"
    if contract.validity.note:
        yield f"\n{contract.validity.note}"
    yield "\n## Use\n"
    yield f"`{ONNX}` takes the observations of `{CONTRACT}` in its order and gives the actions in its order."
    yield f"`swaptwin evaluate {task} --policy FOLDER` plays it behind the guard. `swaptwin export policy FOLDER`"
    yield "writes it for a controller outside: a function block of IEC 61131-3 or an ONNX model in SI units."


def _judged(rows: Sequence[MeasuredResult]) -> Iterator[str]:
    texts = [[text(row) for row in rows] for _, text in SUMMARY]
    shown = [i for i, column in enumerate(texts) if any(set(text) - set("-, ") for text in column)]
    scenes = [", ".join(row.scene.values()) for row in rows]
    head = ["policy", "episodes, from seed", "success (95 % interval)", *(SUMMARY[i][0] for i in shown)]
    head = [*(["played on"] if any(scenes) else []), *head]
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for k, row in enumerate(rows):
        low, high = (100 * value for value in row.success_ci95)
        success = f"{_percent(row.success_rate)} ({low:.1f} to {high:.1f})"
        cells = [row.policy, f"{row.episodes}, {row.first_seed}", success, *(texts[i][k] for i in shown)]
        cells = [*([scenes[k]] if any(scenes) else []), *cells]
        yield f"| {' | '.join(cells)} |"
    for command in dict.fromkeys(row.command for row in rows if row.command):
        yield f"\n    {command}"


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"


def _pair(first: float | None, second: float | None, factor: float, digits: int) -> str:
    if second is None:
        return "-" if first is None else f"{factor * first:.{digits}f}"
    return ", ".join("-" if value is None else f"{factor * value:.{digits}f}" for value in (first, second))


def measured_of(evaluation: Mapping[str, Any], command: str = "") -> list[dict[str, Any]]:
    """Make the contract's rows of the JSON of `swaptwin evaluate`.

    Raises:
        InputError: it is none.
    """
    try:
        scene = {key: str(evaluation[key] or "any") for key in SCENE if key in evaluation}
        return [
            {
                "policy": Path(row["name"]).name,
                "episodes": evaluation["episodes"],
                "first_seed": evaluation["seed"],
                "success_rate": row["success_rate"],
                "success_ci95": row["success_ci95"],
                "time_median_s": row["time_s"]["median"],
                "time_p95_s": row["time_s"]["p95"],
                "force_median_n": row["peak_lateral_force_n"]["median"],
                "force_p99_n": row["peak_lateral_force_n"]["p99"],
                "rates": {name: rate["rate"] for name, rate in row["rates"].items() if rate["rate"] is not None},
                "violations": row["violations"],
                "scene": scene,
                "command": command,
            }
            for row in evaluation["policies"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("is not the JSON of swaptwin evaluate", key="--evaluation", value=str(error)) from None


def rewrite_card(
    folder: Path,
    *,
    evaluations: Sequence[Path] = (),
    judged_by: Sequence[str] = (),
    command: str | None = None,
    title: str | None = None,
) -> Contract:
    """Write a bundle's contract and card anew; its network stays.

    Args:
        evaluations: files of `swaptwin evaluate --json`, which replace the results; none: they stay.
        judged_by: the command of each of them.
        command: that makes the policy; None: as it was.
        title: of the card; None: the folder's name.

    Raises:
        InputError: not a bundle, or not an evaluation.
    """
    data = read_folder(folder)
    before = read_contract(data[CONTRACT], folder / CONTRACT)
    open_graph(data[ONNX], before, folder / ONNX)
    plain = before.model_dump(mode="json")
    if evaluations:
        commands = [*judged_by, *[""] * len(evaluations)]
        plain["measured"] = [
            row for file, by in zip(evaluations, commands, strict=False) for row in measured_of(_read(file), by)
        ]
    if command is not None:
        plain["made"]["command"] = command
    contract = read_contract(json.dumps(plain).encode(), folder / CONTRACT)
    contents = {
        CONTRACT: contract.model_dump_json(indent=2) + "\n",
        CARD: card_text(title or folder.resolve().name, contract),
    }
    for name, text in contents.items():
        with atomic_write(write_target(os.fspath(folder / name), key="FOLDER")) as file:
            file.write(text.encode())
    return contract


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            found = json.loads(stream.read(MAX_BYTES[ONNX]))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from None
    if not isinstance(found, dict):
        raise InputError("is not the JSON of swaptwin evaluate", file=file)
    return found
