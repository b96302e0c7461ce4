"""How a recording that is being written ends, whatever it is of."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from twin.recording import Recorder


class Recording:
    """Base of what writes a file while something runs: a context manager around the run.

    Left by an exception, or closed before a subclass has ended the file itself, it ends as "interrupted".
    """

    _recorder: Recorder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._recorder.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Close the file; where nothing has ended it before, as interrupted."""
        self._recorder.__exit__(None, None, None)
