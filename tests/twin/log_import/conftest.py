"""Logs that several tests read, written once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.twin.log_import import dialects, long_dialects
from tests.twin.log_import.historian import Log
from tests.twin.log_import.small import Station

Written = Callable[[str], Log]
DIALECTS = {
    "historian": dialects.historian,
    "german": dialects.german,
    "chinese": dialects.chinese,
    "dotnet": dialects.dotnet,
    "parquet": dialects.parquet,
    "events": long_dialects.events,
    "by_tag": long_dialects.by_tag,
}


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The log of a dialect."""
    known: dict[str, Log] = {}

    def write(name: str) -> Log:
        if name not in known:
            known[name] = DIALECTS[name](tmp_path_factory.mktemp(name))
        return known[name]

    return write


@pytest.fixture
def station(tmp_path: Path) -> Station:
    """A station whose log a test writes."""
    return Station(tmp_path)
