"""The files of a ramp-in list: each step as a timing set of the catalogue, and in the format of the station's tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agents.timing_export.formats import FORMATS
from agents.timing_export.ramp_in import Step
from agents.tune.files import as_yaml
from twin.catalogue import TimingSet
from twin.catalogue.load import as_name
from twin.console import atomic_write


def write_steps(
    folder: Path, steps: Sequence[Step], timing: TimingSet, text_of: Callable[[TimingSet], str], format: str
) -> list[tuple[Path, Path]]:
    """Write `NUMBER_WHAT.yaml` and the same in `format` for each step; return the two paths of each."""
    made = []
    for i, step in enumerate(steps):
        stem = as_name(f"{i:02d}_{step.what}")
        title = f"Step {i} of {len(steps) - 1} from factory to {timing.name}: {step.what}"
        one = step.timing.model_copy(update={"name": f"step_{stem}", "title": title, "station": timing.station})
        of = step.prediction
        predicted = (
            f"reduced-order plant: {of.completed} of {of.swaps} swaps completed, median {of.time_median_s:.1f} s"
        )
        texts = {".yaml": as_yaml(one, [title, predicted], title, "derived"), FORMATS[format]: text_of(one)}
        paths = [folder / f"{stem}{ending}" for ending in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            with atomic_write(path) as file:
                file.write(text.encode())
        made.append((paths[0], paths[1]))
    return made
