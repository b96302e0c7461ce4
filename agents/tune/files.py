"""The files of a study: the timing set with its evidence, and the picture of its front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalogue import TimingSet


def as_yaml(timing: TimingSet, comments: list[str], evidence: str, tag: str = "measured") -> str:
    """Return a timing set as the text of a file of the catalogue.

    Args:
        comments: lines for people, at the top.
        evidence: what was measured, the provenance of all numbers.
        tag: kind of provenance (`twin.catalogue.load.TAGS`).
    """
    lines = [f"# {line}" for line in comments]
    lines += [
        f"provenance: {{{tag}: {_quoted(evidence)}}}",
        f"name: {timing.name}",
        f"title: {_quoted(timing.title)}",
    ]
    described = ("name", "title", "station", "default", "phases")
    lines.append(f"station: {timing.station}")
    lines += [f"{name}: {value}" for name, value in timing.model_dump().items() if name not in described]
    lines.append(f"default: {_flow(timing.default.model_dump())}")
    others = {phase: of for phase, of in timing.phases.items() if of != timing.default}
    if others:
        lines += ["phases:", *(f"  {phase}: {_flow(of.model_dump())}" for phase, of in others.items())]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flow(values: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in values.items() if value is not None}
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in shown.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _flow(value)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else str(value)
