"""What the sweeps share."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sweep.lines import materials


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short recording, a log and its mapping."""
    return materials(tmp_path_factory.mktemp("sweep"))


@dataclass(frozen=True)
class Disk:
    """A folder in which no file can become large.

    Attributes:
        limit_bytes: of a file, for the process that writes; None: the disk itself is small.
        words: what is said of it.
    """

    folder: Path
    limit_bytes: int | None
    words: str

    def leave(self, room_bytes: int) -> Disk:
        """The same with so much room left."""
        if self.limit_bytes is not None:
            return Disk(self.folder, room_bytes, self.words)
        pad = self.folder / "pad"
        pad.unlink(missing_ok=True)
        free_bytes = os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_bsize
        pad.write_bytes(bytes(max(free_bytes - room_bytes, 0)))
        return self


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 512 kB, mounted where that is allowed; elsewhere a limit on the size of files stands for it."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        yield Disk(folder, 0, "File too large")
        return
    yield Disk(folder, None, "No space left on device")
    subprocess.run(["umount", str(folder)], check=True)
