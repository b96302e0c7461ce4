"""Options of the commands that play episodes: what they are played on."""

from __future__ import annotations

from typing import Annotated

import typer

Station = Annotated[str | None, typer.Option(help="Station: a name or a file.")]
Truck = Annotated[str | None, typer.Option(help="Truck: a name or a file. Default: drawn.")]
Pack = Annotated[str | None, typer.Option(help="Pack: a name or a file. Default: drawn.")]
Parking = Annotated[
    str | None,
    typer.Option(help="guided, unguided, or driven: a simulated driver parks the truck. Default: drawn."),
]
Conditions = Annotated[str | None, typer.Option(help="Visibility: clear, night, rain or night+rain. Default: drawn.")]
ActionMode = Annotated[str | None, typer.Option(help="Alignment, docking: direct or residual.")]
Scenario = Annotated[str | None, typer.Option(help="Docking, ground and sensors: a name or a file.")]
Direction = Annotated[str | None, typer.Option(help="Docking: forward or reverse.")]
Operator = Annotated[str | None, typer.Option(help="Docking: by_wire or driver.")]
Plant = Annotated[str | None, typer.Option(help="bullet or rom, where the task runs on either.")]
Care = Annotated[
    str | None, typer.Option(help="Alignment, what force weighs: fast, careful or any (drawn); a bundle has its own.")
]
Starts = Annotated[str | None, typer.Option(help="Alignment: hand-over, all-weather or wide. Default: hand-over.")]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        help="Alignment: an option of every episode, NAME=NUMBER; again for more: noise_factor (of all sensors), "
        "mass_beyond (share beyond the pack's range), delay_s (of actions), friction_factor, ..."
    ),
]
Base = Annotated[
    str | None, typer.Option(help="Timing: the set that actions change. Default: tuned, or a bundle's own.")
]
Errors = Annotated[str | None, typer.Option(help="Timing: none, or drawn: errors that the station does not notice.")]


def scene_options(**given: str | None) -> dict[str, str]:
    """Return the options of a scene by their names on the command line, without those that are not given."""
    return {name.replace("_", "-"): value for name, value in given.items() if value is not None}
