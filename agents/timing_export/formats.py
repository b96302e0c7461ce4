"""The parameter table in the formats that a station's tools read: CSV, Structured Text, PLCopen XML."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from xml.etree import ElementTree

from agents.plcopen_xml import begin_project, finished
from agents.policy_export.identifiers import identifier
from agents.timing_export.parameters import OWN_SHARE, Row, rows_of
from twin.catalogue import Station, TimingSet

SHAPERS = ("none", "zv", "zvd", "ei", "matched")
"""Shapers by their number in the PLC."""
PLANNINGS = ("nearest", "shortest")
"""Choices of slots and order by their number in the PLC."""
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
    planning, number = _planning(timing)
    lines = [f"(* {_comment(timing.title)} *)", f"(* {_comment(stamp)} *)", *_number_comments(), ""]
    for phase, members in phases.items():
        lines += [f"TYPE {_type_of(phase)} :", "STRUCT"]
        lines += [f"    {name} : {kind};{f' (* {unit} *)' if unit else ''}" for name, kind, unit, _ in members]
        lines += ["END_STRUCT", "END_TYPE", ""]
    lines += ["TYPE ST_Timing :", "STRUCT"]
    lines += [*(f"    {_name(phase)} : {_type_of(phase)};" for phase in phases), f"    {planning} : INT;"]
    lines += ["END_STRUCT", "END_TYPE", "", "VAR_GLOBAL CONSTANT", "    Timing : ST_Timing := ("]
    blocks = [
        f"        {_name(phase)} := (" + ", ".join(f"{name} := {value}" for name, _, _, value in members) + ")"
        for phase, members in phases.items()
    ]
    blocks.append(f"        {planning} := {number}")
    return "\n".join([*lines, ",\n".join(blocks), "    );", "END_VAR", ""])


def as_plcopen(timing: TimingSet, station: Station, stamp: str, date: str) -> str:
    """PLCopen XML (TC6, version 2.01): the same structures and values; `date` as in ISO 8601 with a time."""
    phases = _by_phase(timing, station)
    project = begin_project(timing.name, stamp, date)
    types = ElementTree.SubElement(project, "types")
    kinds = ElementTree.SubElement(types, "dataTypes")
    for phase, members in phases.items():
        _struct(kinds, _type_of(phase), [(name, kind) for name, kind, _, _ in members])
    planning, number = _planning(timing)
    _struct(kinds, "ST_Timing", [*((_name(phase), _type_of(phase)) for phase in phases), (planning, "INT")])
    ElementTree.SubElement(types, "pous")
    configurations = ElementTree.SubElement(ElementTree.SubElement(project, "instances"), "configurations")
    configuration = ElementTree.SubElement(configurations, "configuration", name="Station")
    variables = ElementTree.SubElement(configuration, "globalVars", name="TimingSet", constant="true")
    variable = ElementTree.SubElement(variables, "variable", name="Timing")
    ElementTree.SubElement(ElementTree.SubElement(variable, "type"), "derived", name="ST_Timing")
    whole = ElementTree.SubElement(ElementTree.SubElement(variable, "initialValue"), "structValue")
    for phase, members in phases.items():
        of_phase = ElementTree.SubElement(whole, "value", member=_name(phase))
        values = ElementTree.SubElement(of_phase, "structValue")
        for name, _, _, value in members:
            one = ElementTree.SubElement(values, "value", member=name)
            ElementTree.SubElement(one, "simpleValue", value=value)
    ElementTree.SubElement(ElementTree.SubElement(whole, "value", member=planning), "simpleValue", value=number)
    return finished(project)


Member = tuple[str, str, str, str]
"""Name, IEC type, unit and value of a structure's member."""


def _by_phase(timing: TimingSet, station: Station) -> dict[str, list[Member]]:
    phases: dict[str, list[Member]] = {}
    for row in rows_of(timing, station):
        if row.phase:
            phases.setdefault(row.phase, []).append(_member(row))
    return phases


def _planning(timing: TimingSet) -> tuple[str, str]:
    """Name and value of the set's own member."""
    return _name("planning"), str(PLANNINGS.index(timing.planning))


def _member(row: Row) -> Member:
    name = _name("_".join(filter(None, (row.axis, row.load, row.name))))
    if row.name == "shaper":
        return name, "INT", "", str(SHAPERS.index(str(row.value)))
    if row.name == "shaper_frequency":
        value = FROM_ROPE if isinstance(row.value, str) else float(row.value)
        return name, "REAL", "Hz, 0: of the rope length", _real(value)
    if row.name == "weight_share":
        return name, "REAL", "0: the station's own", _real(0.0 if row.value == OWN_SHARE else float(row.value))
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


def _number_comments() -> list[str]:
    shapers, plannings = (", ".join(f"{i} {one}" for i, one in enumerate(words)) for words in (SHAPERS, PLANNINGS))
    return [
        f"(* shapers: {shapers}; matched: the acceleration time is a period of the sway *)",
        f"(* planning of slots and order: {plannings} *)",
    ]


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


def _name(name: str) -> str:
    """Name of a member, as capitalised words; a reserved word such as OVERLAP or INSERT gets `_value` appended."""
    return identifier(_camel(name))


def _type_of(phase: str) -> str:
    return f"ST_{_camel(phase)}"


def _comment(text: str) -> str:
    """Text that ends no comment, on one line, without signs that an editor would obey."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain.replace("(*", "( *").replace("*)", "* )")


def text_of(
    format: str, timing: TimingSet, station: Station, factory: TimingSet, version: str, now: datetime.datetime
) -> str:
    """The text of a timing set in one of `FORMATS`."""
    if format == "csv":
        return as_csv(timing, station, factory)
    if format == "st":
        stamp = f"timing set {timing.name} of station {station.name}, SwapTwin {version}, {now.date()}"
        return as_structured_text(timing, station, stamp)
    return as_plcopen(timing, station, version, now.strftime("%Y-%m-%dT%H:%M:%S"))


FORMATS = {"csv": ".csv", "st": ".st", "plcopen": ".xml"}
"""Formats, and the ending of their files."""
ENDINGS = {ending: format for format, ending in FORMATS.items()}
