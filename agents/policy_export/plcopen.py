"""A policy's function block and its test program as PLCopen XML (TC6, version 2.01)."""

from __future__ import annotations

from xml.etree import ElementTree

from agents.plcopen_xml import XHTML, begin_project, finished
from agents.policy_export.interface import ExportedPolicy
from agents.policy_export.structured_text import Pou, Variable, body_text, pous_of
from agents.policy_export.vectors import Vectors

LISTS = {
    "inputs": ("inputVars", False),
    "outputs": ("outputVars", False),
    "constants": ("localVars", True),
    "variables": ("localVars", False),
}
KINDS = {"FUNCTION_BLOCK": "functionBlock", "PROGRAM": "program"}
ELEMENTARY = ("LREAL", "DINT", "BOOL")


def as_plcopen(policy: ExportedPolicy, vectors: Vectors, stamp: str, version: str, date: str) -> str:
    """PLCopen XML of the block and its test program; `date` as in ISO 8601 with a time."""
    project = begin_project(policy.name, version, date)
    types = ElementTree.SubElement(project, "types")
    ElementTree.SubElement(types, "dataTypes")
    pous = ElementTree.SubElement(types, "pous")
    for pou in pous_of(policy, vectors, stamp):
        _pou(pous, pou)
    ElementTree.SubElement(ElementTree.SubElement(project, "instances"), "configurations")
    return finished(project)


def _pou(parent: ElementTree.Element, pou: Pou) -> None:
    one = ElementTree.SubElement(parent, "pou", name=pou.name, pouType=KINDS[pou.kind])
    interface = ElementTree.SubElement(one, "interface")
    for name, (tag, constant) in LISTS.items():
        declared = getattr(pou, name)
        if declared:
            attributes = {"constant": "true"} if constant else {}
            variables = ElementTree.SubElement(interface, tag, attributes)
            for variable in declared:
                _variable(variables, variable)
    _words(ElementTree.SubElement(interface, "documentation"), "\n".join(pou.comment))
    body = ElementTree.SubElement(ElementTree.SubElement(one, "body"), "ST")
    _words(body, body_text(pou))


def _variable(parent: ElementTree.Element, of: Variable) -> None:
    variable = ElementTree.SubElement(parent, "variable", name=of.name)
    kind = ElementTree.SubElement(variable, "type")
    if of.size:
        array = ElementTree.SubElement(kind, "array")
        ElementTree.SubElement(array, "dimension", lower="0", upper=str(of.size - 1))
        kind = ElementTree.SubElement(array, "baseType")
    if of.kind in ELEMENTARY:
        ElementTree.SubElement(kind, of.kind)
    else:
        ElementTree.SubElement(kind, "derived", name=of.kind)
    if of.value:
        initial = ElementTree.SubElement(variable, "initialValue")
        if of.size:
            whole = ElementTree.SubElement(initial, "arrayValue")
            for value in of.value:
                ElementTree.SubElement(ElementTree.SubElement(whole, "value"), "simpleValue", value=value)
        else:
            ElementTree.SubElement(initial, "simpleValue", value=of.value[0])
    if of.comment:
        _words(ElementTree.SubElement(variable, "documentation"), of.comment)


def _words(parent: ElementTree.Element, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{XHTML}}}p").text = text
