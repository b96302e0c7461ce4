"""Writes pictures and videos to files, atomically."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from panda3d.core import PNMImage, StringStream, Texture

from twin.console import atomic_write, write_target
from twin.errors import InputError, naming

VIDEO_QUALITY = 8.0  # of 10, imageio-ffmpeg's scale; x264 at about CRF 15: edges and text stay sharp


PROBE_BYTES = 1 << 20  # more than a full disk has left after ffmpeg failed


class VideoWriter(Protocol):
    """Accepts pictures (height, width, 3) uint8, one per video frame."""

    def send(self, picture: np.ndarray) -> None: ...


def output_path(path: str, suffix: str, option: str) -> Path:
    """The checked target of an option; raises InputError for another suffix or a path that cannot be written."""
    if Path(path).suffix.lower() != suffix:
        raise InputError("wrong file type", key=option, value=path, allowed=f"a name that ends in {suffix}")
    return write_target(path, key=option)


def png(picture: np.ndarray) -> bytes:
    """A picture (height, width, 3) uint8 as a PNG file's bytes."""
    height, width, _ = picture.shape
    texture = Texture("picture")
    texture.setup_2d_texture(width, height, Texture.T_unsigned_byte, Texture.F_rgb)
    texture.set_ram_image_as(np.ascontiguousarray(picture[::-1]).tobytes(), "RGB")
    image = PNMImage()
    texture.store(image)
    stream = StringStream()
    if not image.write(stream, "picture.png"):
        raise RuntimeError("Panda3D could not write a PNG")
    return bytes(stream.get_data())


def save_png(picture: np.ndarray, target: Path) -> None:
    with atomic_write(target) as file:
        file.write(png(picture))


@contextmanager
def video(target: Path, size_px: tuple[int, int], fps: float) -> Iterator[VideoWriter]:
    """An H.264 file that replaces `target` at the end of the block, or is removed if the block raises.

    Raises:
        InputError: if ffmpeg cannot write it.
        OSError: the disk is full.
    """
    import imageio_ffmpeg

    part = target.with_name(f".{secrets.token_hex(8)}.part.mp4")
    writer = imageio_ffmpeg.write_frames(
        str(part),
        size_px,
        fps=fps,
        codec="libx264",
        quality=VIDEO_QUALITY,
        macro_block_size=2,
        output_params=["-movflags", "+faststart", "-preset", "veryfast"],
        ffmpeg_log_level="quiet",  # it writes to standard error itself; `_failure` finds the cause
    )
    writer.send(None)
    try:
        yield _Sender(writer, part, target)
        writer.close()
        if not is_whole(part):
            raise _failure(part, target)
        part.replace(target)
    finally:
        writer.close()
        part.unlink(missing_ok=True)


class _Sender:
    def __init__(self, writer: object, part: Path, target: Path) -> None:
        self._writer, self._part, self._target = writer, part, target

    def send(self, picture: np.ndarray) -> None:
        try:
            self._writer.send(np.ascontiguousarray(picture))  # type: ignore[attr-defined]
        except OSError:
            raise _failure(self._part, self._target) from None


def is_whole(file: Path) -> bool:
    """True if an MP4 file has all bytes of its boxes, the index (`moov`) among them."""
    try:
        size, place, names = file.stat().st_size, 0, []
        with file.open("rb") as stream:
            while place < size:
                stream.seek(place)
                head = stream.read(16)
                length, name = int.from_bytes(head[:4], "big"), head[4:8]
                length = int.from_bytes(head[8:16], "big") if length == 1 else length
                if length < 8:
                    return False
                names.append(name)
                place += length
    except OSError:
        return False
    return place == size and b"moov" in names and b"mdat" in names


def _failure(part: Path, target: Path) -> Exception:
    """Error for a file that ffmpeg did not write: the disk's error in a probe write, or another cause."""
    probe = part.with_suffix(".probe")
    try:
        with naming(target), probe.open("wb") as file:
            file.write(bytes(PROBE_BYTES))
    except OSError as error:
        return error
    finally:
        probe.unlink(missing_ok=True)
    return InputError("ffmpeg cannot write the video", file=target)
