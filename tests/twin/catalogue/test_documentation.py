"""docs/catalogue.md against the schema and the loader: every field, tag and kind stands there as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from twin.catalogue import schema
from twin.catalogue.explain import allowed_words, field_annotation, unwrap
from twin.catalogue.load import TAGS, load_with_provenance
from twin.catalogue.safe_yaml import MAX_DEPTH, MAX_NODES
from twin.commands.models import unit_of

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "catalogue.md").read_text(encoding="utf-8")
MODELS = [
    model
    for model in vars(schema).values()
    if isinstance(model, type) and issubclass(model, schema.Strict) and model is not schema.Strict
]


def rows(model: type[BaseModel]) -> list[str]:
    """The table rows that describe a model's fields."""
    found = []
    for name, field in model.model_fields.items():
        inner, _ = unwrap(field_annotation(field))
        parts = [unwrap(part)[0] for part in (inner, *get_args(inner))]
        linked = [part.__name__ for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        allowed = f"see {' or '.join(linked)}" if linked else allowed_words(field_annotation(field))
        if not field.is_required() and not linked:
            allowed = f"{allowed}; {field.default!r} if left out".replace("None", "none").replace("'", "")
        found.append(f"| `{name}` | {unit_of(name)} | {allowed} | {field.description or ''} |".replace("  |", " |"))
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_field_is_documented_with_its_unit_and_range(model: type[BaseModel]) -> None:
    section = DOCUMENT.split(f"### {model.__name__}\n", 1)
    assert len(section) == 2, f"docs/catalogue.md has no section ### {model.__name__}"
    table = section[1].split("\n###", 1)[0]
    missing = [row for row in rows(model) if row not in table]
    assert missing == []


def test_every_tag_and_limit_of_the_loader_is_named() -> None:
    for tag in TAGS:
        assert f"`{tag}`" in DOCUMENT
    assert f"{MAX_DEPTH} levels" in DOCUMENT
    assert f"{MAX_NODES} values" in DOCUMENT


def test_the_example_pack_of_the_document_loads(tmp_path: Path) -> None:
    block = next(block for block in re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL) if "name: my_pack" in block)
    path = tmp_path / "my_pack.yaml"
    path.write_text(block, encoding="utf-8")
    model, provenance = load_with_provenance("pack", path)
    assert model.name == "my_pack"  # type: ignore[attr-defined]
    assert provenance["mass_kg"].tag == "measured"
    assert provenance["coupler.float_m"].tag == "unstated"
