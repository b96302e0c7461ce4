"""Recordings: one MCAP file per episode, incident or imported log. See docs/recording.md."""

from twin.recording.container_out import check_output_path
from twin.recording.header import FORMAT_VERSION, Frame, Header
from twin.recording.reader import Recording, Samples, open_recording
from twin.recording.scene import Cube, Cylinder, Line, SceneEntity, Sphere
from twin.recording.writer import Recorder

__all__ = [
    "FORMAT_VERSION",
    "Cube",
    "Cylinder",
    "Frame",
    "Header",
    "Line",
    "Recorder",
    "Recording",
    "Samples",
    "SceneEntity",
    "Sphere",
    "check_output_path",
    "open_recording",
]
