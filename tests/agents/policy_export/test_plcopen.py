"""PLCopen XML of a policy: the same declarations and statements as the Structured Text, in the order of the schema."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from agents.plcopen_xml import NAMESPACE, XHTML
from agents.policy_export.plcopen import as_plcopen
from agents.policy_export.structured_text import as_structured_text
from agents.policy_export.vectors import vectors_of
from tests.agents.policy_export.networks import alignment
from tests.agents.policy_export.structured_text_reader import translate

PLC = f"{{{NAMESPACE}}}"
ORDER = {
    "project": ["fileHeader", "contentHeader", "types", "instances"],
    "types": ["dataTypes", "pous"],
    "pou": ["interface", "body"],
    "interface": ["inputVars", "outputVars", "localVars", "documentation"],
    "variable": ["type", "initialValue", "documentation"],
    "array": ["dimension", "baseType"],
}
"""Order of the children in TC6's schema, for the elements used."""


def test_elements_stand_in_the_order_of_the_schema(tmp_path: Path) -> None:
    policy = alignment(tmp_path / "p", "residual")
    root = ElementTree.fromstring(as_plcopen(policy, vectors_of(policy, 4), "stamp", "1", "2026-01-01T00:00:00"))
    assert root.tag == f"{PLC}project"
    seen = set()
    for element in root.iter():
        name = element.tag.removeprefix(PLC)
        if name in ORDER:
            children = [child.tag.removeprefix(PLC) for child in element]
            places = [ORDER[name].index(child) for child in children]
            assert places == sorted(places), (name, children)
            seen.add(name)
    assert seen == set(ORDER)
    assert {pou.get("pouType") for pou in root.iter(f"{PLC}pou")} == {"functionBlock", "program"}


def test_it_holds_the_declarations_values_and_statements_of_the_text(tmp_path: Path) -> None:
    policy = alignment(tmp_path / "p", "direct")
    vectors = vectors_of(policy, 4)
    text = as_structured_text(policy, vectors, "stamp")
    root = ElementTree.fromstring(as_plcopen(policy, vectors, "stamp", "1", "2026-01-01T00:00:00"))
    values = [one.get("value") for one in root.iter(f"{PLC}simpleValue")]
    declared = re.sub(r"\(\*.*?\*\)", "", " ".join(re.findall(r"VAR CONSTANT(.*?)END_VAR", text, re.DOTALL)))
    assert values == re.findall(r"(?:-?\d+\.\d+(?:E-?\d+)?|TRUE|FALSE)", re.sub(r"ARRAY\[.*?\]", "", declared))
    variables = [one.get("name") for one in root.iter(f"{PLC}variable")]
    assert variables == re.findall(r"^    (\w+) : (?:ARRAY|LREAL|DINT|BOOL|FB_)", text, re.MULTILINE)
    for pou in root.iter(f"{PLC}pou"):
        body = pou.find(f"{PLC}body/{PLC}ST/{{{XHTML}}}p")
        assert body is not None
        assert body.text is not None
        assert body.text.strip() in text
    assert set(translate(text)) == {str(pou.get("name")).lower() for pou in root.iter(f"{PLC}pou")}
