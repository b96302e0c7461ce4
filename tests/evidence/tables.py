"""Every table in the documents that is made of stored evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.evidence import (
    agreement,
    alignment_checks,
    docking,
    docking_laws,
    phases,
    readme,
)
from tests.evidence.markers import replace
from tests.evidence.part import HERE, ROOT

README = ROOT / "README.md"

TABLES: tuple[tuple[str, Path, str, Callable[[Path], str]], ...] = (
    ("swaps", README, readme.SECTION, readme.table),
    ("swaps", README, agreement.SECTION, agreement.summary),
    ("swaps", agreement.DOCUMENT, agreement.SECTION, agreement.sections),
    ("docking_laws", README, "docking", docking_laws.readme_table),
    ("docking", docking.DOCUMENT, docking.SECTION, docking.table),
    ("docking_laws", docking_laws.DOCUMENT, docking_laws.SECTION, docking_laws.table),
    *(("alignment_checks", *place) for place in alignment_checks.TABLES),
)
"""(part, document, its section, what makes it of the rows in a folder)"""


def write_documents() -> None:
    """All tables, and the page of phases, as the stored rows make them."""
    for _, document, section, table in TABLES:
        replace(document, section, table(HERE))
    phases.PAGE.write_text(phases.document(), encoding="utf-8")


def write_samples(folder: Path, parts: set[str]) -> None:
    """The tables of these parts, of the rows in a folder, into files there."""
    for part, document, section, table in TABLES:
        if part in parts:
            (folder / f"{document.stem}.{section}.md").write_text(table(folder), encoding="utf-8")
    if "swaps" in parts:
        (folder / phases.PAGE.name).write_text(phases.document(folder), encoding="utf-8")
