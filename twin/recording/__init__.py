"""Recordings: one MCAP file per episode, incident or imported log. See docs/recording.md."""

from twin.recording.mcap.container_out import check_output_path
from twin.recording.mcap.header import FORMAT_VERSION, Frame, Header
from twin.recording.mcap.reader import Recording, Samples, open_recording
from twin.recording.mcap.scene import Cube, Cylinder, Line, SceneEntity, Sphere
from twin.recording.mcap.writer import Recorder

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
