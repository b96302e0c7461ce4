"""The reference names every key of a mapping file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from twin.log_import import mapping

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "import_log.md").read_text()
MODELS = (
    mapping.MappingFile,
    mapping.FileSpec,
    mapping.TimeSpec,
    mapping.LongSpec,
    mapping.CleaningSpec,
    mapping.SignalSpec,
    mapping.StepsSpec,
    mapping.AlarmsSpec,
    mapping.AlarmCode,
    mapping.EventSpec,
    mapping.SwapSpec,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_in_the_reference(model: type[BaseModel]) -> None:
    missing = [name for name in model.model_fields if f"`{name}`" not in DOCS and f"{name}:" not in DOCS]
    assert missing == []
