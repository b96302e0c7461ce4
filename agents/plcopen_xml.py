"""The frame of a PLCopen XML file (TC6, version 2.01), the same for all exports."""

from __future__ import annotations

from xml.etree import ElementTree

NAMESPACE = "http://www.plcopen.org/xml/tc6_0201"
XHTML = "http://www.w3.org/1999/xhtml"
"""Namespace of formatted text: bodies and documentation."""


def begin_project(name: str, version: str, date: str) -> ElementTree.Element:
    """Make a project with its headers; `date` as in ISO 8601 with a time."""
    ElementTree.register_namespace("xhtml", XHTML)
    project = ElementTree.Element("project", xmlns=NAMESPACE)
    ElementTree.SubElement(
        project, "fileHeader", companyName="", productName="SwapTwin", productVersion=version, creationDateTime=date
    )
    header = ElementTree.SubElement(project, "contentHeader", name=name)
    scales = ElementTree.SubElement(header, "coordinateInfo")
    for language in ("fbd", "ld", "sfc"):
        ElementTree.SubElement(ElementTree.SubElement(scales, language), "scaling", x="1", y="1")
    return project


def finished(project: ElementTree.Element) -> str:
    """Write a project as text."""
    ElementTree.indent(project, "  ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(project, encoding="unicode") + "\n"
