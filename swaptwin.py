"""The command line of SwapTwin: a table of commands, each owned by its layer and imported only when it runs."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from twin import extras
from twin.errors import DISK_ERRORS, InputError

COMMANDS: dict[str, tuple[str, str]] = {
    # name: ("module:attribute", one line of help); the attribute is a typer app or a plain function with typer options
    "demo": ("twin.commands.demo:command", "Factory, tuned and learned swaps at both stations, and what they won."),
    "swap": ("twin.commands.swap:command", "Run one swap, or continue a recorded one from a moment (--from)."),
    "evaluate": ("agents.commands.evaluate:command", "Compare policies on the same seeds, with intervals."),
    "agree": ("agents.commands.agree:command", "Run both plants on the same seeds and measure their agreement."),
    "train": ("agents.commands.train:command", "Train a policy for a task and export it as a bundle."),
    "record-dataset": (
        "agents.commands.record_dataset:command",
        "Record episodes of a policy for offline learning, in Minari's format.",
    ),
    "tune": ("agents.commands.tune:command", "Search a timing set for a station, with its Pareto front."),
    "experiment": ("agents.commands.experiment:app", "Designed experiments: factors, seeds, one ledger, resumable."),
    "throughput": ("agents.commands.throughput:command", "A day of the station: swaps, waiting times, what limits."),
    "export": ("agents.commands.export:app", "Write timing sets and policies for a station's own tools."),
    "replay": ("twin.commands.replay:command", "Show a recording in 3D: a window, a picture or a video."),
    "verify": ("twin.commands.verify:command", "Re-run a recording's commands and compare every state bit for bit."),
    "import-log": ("twin.commands.import_log:command", "Convert a station's log to a recording, by a mapping file."),
    "models": ("twin.commands.models:app", "List, check and show stations, trucks, packs and timing sets."),
    "bench": ("tests.benchmarks:command", "Measure speed side by side in one run and print the table."),
    "doctor": ("twin.commands.doctor:command", "Check this machine; print a remedy for each failed check."),
}

DECIDERS: dict[str, str] = {
    # decisions of a policy inside a swap: its loader, from a name and the setup to arguments of SwapTwin
    "timing": "agents.deciders:timing",
    "align": "agents.deciders:alignment",
}

EXIT_OK, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2
EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 128 + 2, 128 + 13  # as a shell reports SIGINT and SIGPIPE


class CommandUnavailableError(Exception):
    """A command of the table that cannot be imported here; the message is one line."""


def load_command(name: str) -> Any:
    """Import the module behind one entry of the table and return its command, ready to invoke."""
    from twin.repeated_options import refuse_repeats

    module_name, attribute = COMMANDS[name][0].split(":")
    try:
        module = importlib.import_module(module_name)
        target = getattr(module, attribute)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name == missing or module_name.startswith(missing + "."):
            raise CommandUnavailableError(f"{name}: this installation has no such command ({module_name})") from error
        raise
    if hasattr(module, "deciders"):  # a command that runs swaps: policies come from the layers above
        module.deciders.update({what: decider(place) for what, place in DECIDERS.items()})
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name)(target)
        target = app
    command = typer.main.get_command(target)
    command.name = name
    refuse_repeats(command)
    return command


def decider(place: str) -> Callable[..., Any]:
    """What stands at `module:attribute`, imported when it is called; it can be sent to another process."""
    return functools.partial(_call, place)


def _call(place: str, *arguments: Any) -> Any:
    module_name, attribute = place.split(":")
    return getattr(importlib.import_module(module_name), attribute)(*arguments)


class LazyGroup(TyperGroup):
    """A group whose help comes from the table alone; a command's module is imported when that command is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, help_line) in COMMANDS.items():
            self.add_command(TyperCommand(name=name, help=help_line))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name else None, rest


app = typer.Typer(cls=LazyGroup, add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


def print_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        try:
            print(f"swaptwin {metadata.version('swaptwin')}")
        except metadata.PackageNotFoundError:
            print("swaptwin, not installed (see: make setup)")
        raise typer.Exit()


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A physics digital twin of a heavy-truck battery swap station.

    Every command has --help and --json; exit code 0 is success, 1 a run that failed, 2 bad input.
    """


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; a user's mistake becomes one line on standard error."""
    group = typer.main.get_command(app)
    try:
        with group.make_context("swaptwin", list(arguments) or ["--help"]) as context:
            group.invoke(context)
        return EXIT_OK
    except typer.Exit as done:
        return done.exit_code
    except InputError as error:
        print_error(str(error))
        return EXIT_BAD_INPUT
    except typer.exceptions.TyperException as error:  # a wrong option, argument or command name
        where = getattr(getattr(error, "ctx", None), "command_path", "swaptwin")
        print_error(f"{error.format_message()} (see: {where} --help)")
        return EXIT_BAD_INPUT
    except CommandUnavailableError as error:
        print_error(str(error))
        return EXIT_FAILED
    except ImportError as error:  # also one that a command imports only when it comes to it
        module = extras.missing_module(error)
        if module is None:
            raise  # a mistake of ours: show where
        name = next((word for word in arguments if word in COMMANDS), "swaptwin")
        print_error(f"{name}: {extras.needs(module)}")
        return EXIT_FAILED
    except (KeyboardInterrupt, typer.Abort):
        print_error("interrupted")
        return EXIT_INTERRUPTED


def print_error(problem: str) -> None:
    """One line on standard error; what a terminal would obey (a file's key can hold anything) is shown escaped."""
    words = " ".join(problem.split())
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in words)
    print(f"error: {shown}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script: `run`, quiet when the reader of our output has gone (`models list | head -1`)."""
    open_standard_streams()
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        drop_standard_output()
        return EXIT_BROKEN_PIPE
    except SystemExit as done:  # rich's answer to a reader that has gone
        if not isinstance(done.__context__, BrokenPipeError):
            raise
        return EXIT_BROKEN_PIPE
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise  # a mistake of ours: show where
        drop_standard_output()
        print_error(f"{error.filename or 'output'}: {error.strerror}")
        return EXIT_FAILED


def open_standard_streams() -> None:
    """Sends nowhere what goes to a stream that is closed (`>&-`): else the next file that is opened would get it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def drop_standard_output() -> None:
    """Sends what is still buffered nowhere, so that the interpreter's own last flush does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
