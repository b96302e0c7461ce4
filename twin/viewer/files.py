"""Pictures and videos into files: whole, or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from panda3d.core import PNMImage, StringStream, Texture

from twin.console import atomic_write, write_target
from twin.errors import InputError

VIDEO_QUALITY = 8.0  # of 10, imageio-ffmpeg's scale; x264 at about CRF 15: edges and text stay sharp


class VideoWriter(Protocol):
    """Takes pictures (height, width, 3) uint8, one per video frame."""

    def send(self, picture: np.ndarray) -> None: ...


def output_path(path: str, suffix: str, option: str) -> Path:
    """The checked target of an option; raises InputError where it has another suffix or cannot be written."""
    if Path(path).suffix.lower() != suffix:
        raise InputError("another kind of file", key=option, value=path, allowed=f"a name that ends in {suffix}")
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
    """An H.264 file that appears under `target` at the end of the block, or not at all if the block raises.

    Raises:
        InputError: where ffmpeg cannot write it.
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
        ffmpeg_log_level="error",
    )
    writer.send(None)
    try:
        yield _Sender(writer, target)
        writer.close()
        if not part.exists():
            raise InputError("ffmpeg wrote no video", file=target)
        part.replace(target)
    finally:
        writer.close()
        part.unlink(missing_ok=True)


class _Sender:
    def __init__(self, writer: object, target: Path) -> None:
        self._writer, self._target = writer, target

    def send(self, picture: np.ndarray) -> None:
        try:
            self._writer.send(np.ascontiguousarray(picture))  # type: ignore[attr-defined]
        except OSError as error:
            last = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise InputError(f"ffmpeg cannot write the video: {last}", file=self._target) from None
