"""The parameter table in the formats that a station's tools read: CSV, Structured Text, PLCopen XML."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

from agents.plcopen_xml import begin_project, finished
from agents.timing_export.parameters import Row, rows_of
from twin.catalogue import Station, TimingSet

SHAPERS = ("none", "zv", "zvd", "ei", "matched")
"""Shapers by their number in the PLC."""
FROM_ROPE = 0.0
"""Shaper frequency that stands for the rope length's, Hz."""


def as_csv(timing: TimingSet, station: Station, factory: TimingSet) -> str:
    """One row per parameter, with factory's value beside it (RFC 4180)."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("phase", "axis", "load", "parameter", "unit", "value", "factory", "changed"))
    for row, before in zip(rows_of(timing, station), rows_of(factory, station), strict=True):
        values = _number(row.value), _number(before.value)
        changed = "yes" if values[0] != values[1] else "no"
        table.writerow((row.phase, row.axis, row.load, row.name, row.unit, *values, changed))
    return out.getvalue()


def as_structured_text(timing: TimingSet, station: Station, stamp: str) -> str:
    """IEC 61131-3: one structure per phase and a constant with the values; `stamp` says where they come from."""
    phases = _by_phase(timing, station)
    lines = [f"(* {_comment(timing.title)} *)", f"(* {_comment(stamp)} *)", *_shaper_comment(), ""]
    for phase, members in phases.items():
        lines += [f"TYPE {_type_of(phase)} :", "STRUCT"]
        lines += [f"    {name} : {kind};{f' (* {unit} *)' if unit else ''}" for name, kind, unit, _ in members]
        lines += ["END_STRUCT", "END_TYPE", ""]
    lines += ["TYPE ST_Timing :", "STRUCT", *(f"    {_camel(phase)} : {_type_of(phase)};" for phase in phases)]
    lines += ["END_STRUCT", "END_TYPE", "", "VAR_GLOBAL CONSTANT", "    Timing : ST_Timing := ("]
    blocks = [
        f"        {_camel(phase)} := (" + ", ".join(f"{name} := {value}" for name, _, _, value in members) + ")"
        for phase, members in phases.items()
    ]
    return "\n".join([*lines, ",\n".join(blocks), "    );", "END_VAR", ""])


def as_plcopen(timing: TimingSet, station: Station, stamp: str, date: str) -> str:
    """PLCopen XML (TC6, version 2.01): the same structures and values; `date` as in ISO 8601 with a time."""
    phases = _by_phase(timing, station)
    project = begin_project(timing.name, stamp, date)
    types = ElementTree.SubElement(project, "types")
    kinds = ElementTree.SubElement(types, "dataTypes")
    for phase, members in phases.items():
        _struct(kinds, _type_of(phase), [(name, kind) for name, kind, _, _ in members])
    _struct(kinds, "ST_Timing", [(_camel(phase), _type_of(phase)) for phase in phases])
    ElementTree.SubElement(types, "pous")
    configurations = ElementTree.SubElement(ElementTree.SubElement(project, "instances"), "configurations")
    configuration = ElementTree.SubElement(configurations, "configuration", name="Station")
    variables = ElementTree.SubElement(configuration, "globalVars", name="TimingSet", constant="true")
    variable = ElementTree.SubElement(variables, "variable", name="Timing")
    ElementTree.SubElement(ElementTree.SubElement(variable, "type"), "derived", name="ST_Timing")
    whole = ElementTree.SubElement(ElementTree.SubElement(variable, "initialValue"), "structValue")
    for phase, members in phases.items():
        of_phase = ElementTree.SubElement(whole, "value", member=_camel(phase))
        values = ElementTree.SubElement(of_phase, "structValue")
        for name, _, _, value in members:
            one = ElementTree.SubElement(values, "value", member=name)
            ElementTree.SubElement(one, "simpleValue", value=value)
    return finished(project)


Member = tuple[str, str, str, str]
"""Name, IEC type, unit and value of a structure's member."""


def _by_phase(timing: TimingSet, station: Station) -> dict[str, list[Member]]:
    phases: dict[str, list[Member]] = {}
    for row in rows_of(timing, station):
        phases.setdefault(row.phase, []).append(_member(row))
    return phases


def _member(row: Row) -> Member:
    name = _camel("_".join(filter(None, (row.axis, row.load, row.name))))
    if row.name == "shaper":
        return name, "INT", "", str(SHAPERS.index(str(row.value)))
    if row.name == "shaper_frequency":
        value = FROM_ROPE if isinstance(row.value, str) else float(row.value)
        return name, "REAL", "Hz, 0: of the rope length", _real(value)
    if isinstance(row.value, bool):
        return name, "BOOL", "", "TRUE" if row.value else "FALSE"
    return name, "REAL", row.unit, _real(float(row.value))


def _struct(parent: ElementTree.Element, name: str, members: Sequence[tuple[str, str]]) -> None:
    kind = ElementTree.SubElement(parent, "dataType", name=name)
    struct = ElementTree.SubElement(ElementTree.SubElement(kind, "baseType"), "struct")
    for member, of in members:
        variable = ElementTree.SubElement(struct, "variable", name=member)
        holder = ElementTree.SubElement(variable, "type")
        if of in ("REAL", "INT", "BOOL"):
            ElementTree.SubElement(holder, of)
        else:
            ElementTree.SubElement(holder, "derived", name=of)


def _shaper_comment() -> list[str]:
    numbered = ", ".join(f"{i} {name}" for i, name in enumerate(SHAPERS))
    return [f"(* shapers: {numbered}; matched: the acceleration time is a period of the sway *)"]


def _real(value: float) -> str:
    """An IEC 61131-3 real literal: it needs a decimal point."""
    text = f"{value:.6g}"
    return text if "." in text and "e" not in text else f"{value:.9f}".rstrip("0").ljust(len(f"{value:.0f}") + 2, "0")


def _number(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.6g}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _type_of(phase: str) -> str:
    return f"ST_{_camel(phase)}"


def _comment(text: str) -> str:
    """Text that ends no comment."""
    return text.replace("(*", "( *").replace("*)", "* )")


FORMATS: dict[str, Callable[..., str]] = {"csv": as_csv, "st": as_structured_text, "plcopen": as_plcopen}
