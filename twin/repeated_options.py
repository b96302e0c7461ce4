"""Refuse single-valued options that are given twice: the parser would silently keep the last one."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from twin.errors import InputError


def refuse_repeats(command: Any) -> None:
    """Have a command, and every command of a group, refuse single-valued options that are given more than once."""
    command.parse_args = partial(_parse_args, command, command.parse_args)
    for one in getattr(command, "commands", {}).values():
        refuse_repeats(one)


def _parse_args(command: Any, parse: Any, ctx: Any, args: list[str]) -> list[str]:
    """Parse as the command does, after a check for repeated options.

    Raises:
        InputError: it names the option.
    """
    # options in the order of the command line; a wrong one raises here as it would below
    order = command.make_parser(ctx).parse_args(args=list(args))[2]
    for option, count in Counter(order).items():
        if count > 1 and option.param_type_name == "option" and not (option.multiple or option.is_flag or option.count):
            raise InputError("given twice, it takes one value", key=option.opts[0])
    parsed: list[str] = parse(ctx, args)
    return parsed
