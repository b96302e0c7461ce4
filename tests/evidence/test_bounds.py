"""docs/bounds.md has the present tables."""

from __future__ import annotations

import pytest

from tests.evidence.bounds import DOCUMENT, SHOWN, section
from tests.evidence.markers import between


@pytest.mark.parametrize("station", SHOWN)
def test_the_document_has_the_present_tables(station: str) -> None:
    assert between(DOCUMENT, station) == section(station), "python -m tests.evidence.bounds --write makes them anew"
