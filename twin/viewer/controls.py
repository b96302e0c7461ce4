"""Keys of the window: their actions and their texts on the help page. No drawing."""

from __future__ import annotations

from typing import NamedTuple


class Binding(NamedTuple):
    """`keys` in Panda3D's names (the first with its modifiers), `keys_text` as shown to the user."""

    action: str
    keys: tuple[str, ...]
    keys_text: str
    effect: str


PLAYING = (
    Binding("play", ("space",), "Space", "play, pause"),
    Binding("step", ("arrow_right",), "Right", "one recorded sample forward"),
    Binding("step_back", ("arrow_left",), "Left", "one recorded sample back"),
    Binding("second", ("shift-arrow_right",), "Shift + Right", "one second forward"),
    Binding("second_back", ("shift-arrow_left",), "Shift + Left", "one second back"),
    Binding("faster", ("+", "=", "arrow_up"), "+ or Up", "faster, up to 16×"),
    Binding("slower", ("-", "arrow_down"), "− or Down", "slower, down to 0.1×"),
    Binding("start", ("home",), "Home", "to the start"),
    Binding("end", ("end",), "End", "to the end"),
    Binding("next_phase", ("page_down",), "Page Down", "next phase"),
    Binding("previous_phase", ("page_up",), "Page Up", "previous phase"),
    Binding("next_event", ("n",), "N", "next event"),
    Binding("previous_event", ("p",), "P", "previous event"),
    Binding("trip", ("t",), "T", "to the trip (first error)"),
    Binding("before_trip", ("shift-t",), "Shift + T", "five seconds before the trip"),
    Binding("follow", ("l",), "L", "follow a live recording"),
)

SHOWING = (
    Binding("view:overview", ("1",), "1", "overview"),
    Binding("view:seat", ("2",), "2", "seat close up"),
    Binding("view:top", ("3",), "3", "from above"),
    Binding("view:driver", ("4",), "4", "back along the truck"),
    Binding("forces", ("f",), "F", "contact forces as arrows"),
    Binding("measured", ("m",), "M", "pose that the scanner measured"),
    Binding("glass", ("x",), "X", "see through the truck"),
    Binding("ghost", ("g",), "G", "the other run and its table"),
    Binding("charts", ("c",), "C", "strip charts"),
    Binding("chart:position", ("5",), "5", "axis position"),
    Binding("chart:speed", ("6",), "6", "axis speed"),
    Binding("chart:sway", ("7",), "7", "sway"),
    Binding("chart:force", ("8",), "8", "lateral force"),
    Binding("chart:load", ("9",), "9", "load"),
    Binding("chart:turn", ("0",), "0", "yaw"),
    Binding("chart:residual", ("r",), "R", "log against twin"),
    Binding("robot", ("tab",), "Tab", "charts of the next robot"),
    Binding("screenshot", ("s",), "S", "picture into this folder"),
    Binding("help", ("h", "f1", "?"), "H", "this page"),
    Binding("quit", ("escape", "q"), "Esc or Q", "quit"),
)

MOUSE = (
    ("Drag", "turn the camera"),
    ("Right drag, Shift + drag", "move the camera"),
    ("Wheel", "zoom"),
    ("Click or drag the time line", "go there"),
    ("Wheel over the time line", "stretch it"),
    ("Wheel over the charts", "their window, 2 to 300 s"),
    ("Click a chart", "go to that time"),
)

HINT = "H  help   ·   Space  play   ·   drag to orbit   ·   click the time line to go there"

REPEATING = ("step", "step_back", "second", "second_back", "faster", "slower", "next_event", "previous_event")
"""Actions that repeat while the key is held."""

_ACTIONS = {key: binding.action for binding in (*PLAYING, *SHOWING) for key in binding.keys}


def action_of(key: str, shift: bool = False) -> str | None:
    """Action of a key; None for no action. A shifted key without its own action has the plain one."""
    if shift and f"shift-{key}" in _ACTIONS:
        return _ACTIONS[f"shift-{key}"]
    return _ACTIONS.get(key)
