"""The files of a ramp-in list: each step as a timing set of the catalogue, and in the format of the station's tools."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agents.timing_export.formats import FORMATS
from agents.timing_export.ramp_in import Step
from agents.tune.files import as_yaml
from twin.catalogue import TimingSet
from twin.catalogue.load import as_name
from twin.errors import naming


def write_steps(
    folder: Path, steps: Sequence[Step], timing: TimingSet, text_of: Callable[[TimingSet], str], format: str
) -> list[tuple[Path, Path]]:
    """Write `NUMBER_WHAT.yaml` and the same in `format` for each step; return the two paths of each."""
    texts: dict[str, str] = {}
    for i, step in enumerate(steps):
        stem = as_name(f"{i:02d}_{step.what}")
        title = f"Step {i} of {len(steps) - 1} from factory to {timing.name}: {step.what}"
        one = step.timing.model_copy(update={"name": f"step_{stem}", "title": title, "station": timing.station})
        of = step.prediction
        predicted = f"Predicted: {of.completed} of {of.swaps} swaps completed, median {of.time_median_s:.1f} s"
        texts[f"{stem}.yaml"] = as_yaml(one, [title, predicted], title, "derived")
        texts[f"{stem}{FORMATS[format]}"] = text_of(one)
    _write_all(folder, texts)
    paths = [folder / name for name in texts]
    return list(zip(paths[::2], paths[1::2], strict=True))


def _write_all(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files, or none: beside each other under other names first."""
    part = folder / f".{secrets.token_hex(4)}.part"
    try:
        for name, text in texts.items():
            with naming(folder / name):
                part.mkdir(exist_ok=True)
                (part / name).write_text(text, encoding="utf-8")
        for name in texts:
            os.replace(part / name, folder / name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
