"""What a test is worth in `make test`, and what waits for `make test-slow`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings


def slow(*values: Any, id: str | None = None) -> Any:
    """A set of parameters that only the slow tests try."""
    return pytest.param(*values, marks=pytest.mark.slow, id=id)


def examples(all_of_them: int) -> int:
    """How many examples hypothesis makes: all of them in the slow tests, a quarter in the fast ones."""
    share = settings.default.max_examples / settings.get_profile("slow").max_examples
    return max(1, round(share * all_of_them))
