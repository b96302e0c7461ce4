"""End of a recording that is being written, of any kind."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from twin.recording import Recorder


class Recording:
    """Base of the recorders: a context manager around the run.

    After an exception, or if a subclass has not ended the file before, the outcome is "interrupted".
    """

    _recorder: Recorder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._recorder.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Close the file; as interrupted if it has no end yet."""
        self._recorder.__exit__(None, None, None)
