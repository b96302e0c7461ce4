"""Logs that several tests read, written once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.twin.log_import import dialects, long_dialects
from tests.twin.log_import.historian import Log

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
