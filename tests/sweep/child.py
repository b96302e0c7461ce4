"""Runs command lines one after another in one process in which something is missing, and says how each ended.

python -m tests.sweep.child CASE.json      {"lines": [[...], ...], "output": ..., "hidden": [...], "answer": FILE}
"""

from __future__ import annotations

import importlib.abc
import json
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Hidden(importlib.abc.MetaPathFinder):
    """Modules that are not installed."""

    def __init__(self, modules: list[str]) -> None:
        self.modules = set(modules)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.split(".")[0] in self.modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def make_cheap(hidden: list[str]) -> None:
    """What takes minutes and needs nothing that could be missing."""
    from tests import benchmarks as bench
    from tests.benchmarks.row import Row
    from tests.determinism.short_swap import short_swap
    from twin.commands import demo

    result = short_swap("top_lift", seed=2, until_s=0.3)
    demo.run_all = lambda seed, paths: [result] * 4
    bench.swap_rows = lambda *arguments: [Row("swap", 1.0, "swaps/s")]
    bench.batch_rows = bench.monitor_rows = bench.import_rows = lambda *arguments, **named: []
    bench.help_row = lambda: Row("help", 1.0, "s")
    if not hidden:
        bench.picture_rows, bench.BENCHES = lambda *arguments: [], ()


@contextmanager
def standard_output(kind: str) -> Iterator[None]:
    """Standard output as a shell would hand it over: to a file, `closed`, `full`, or to a reader that has `gone`."""
    keep = os.dup(1)
    os.close(1)
    if kind == "gone":
        reading, writing = os.pipe()  # the reading end is the lowest free number: 1
        os.dup2(writing, 1)
        os.close(writing)
        assert reading == 1
    elif kind != "closed":
        place = "/dev/full" if kind == "full" else os.devnull
        assert os.open(place, os.O_WRONLY) == 1
    sys.stdout = None if kind == "closed" else open(1, "w", closefd=False)  # noqa: SIM115
    try:
        yield
    finally:
        os.dup2(keep, 1)
        os.close(keep)


@contextmanager
def standard_error(said: Path) -> Iterator[None]:
    """Standard error into a file, whoever writes."""
    keep = os.dup(2)
    with said.open("wb") as file:
        os.dup2(file.fileno(), 2)
    sys.stderr = open(2, "w", closefd=False, buffering=1)  # noqa: SIM115
    try:
        yield
    finally:
        os.dup2(keep, 2)
        os.close(keep)


def run(line: list[str], output: str, said: Path) -> dict[str, Any]:
    import swaptwin

    with standard_error(said), standard_output(output):
        try:
            code: Any = swaptwin.main(line)
        except BaseException:
            code = "raised"
            traceback.print_exc()
    return {"code": code, "said": said.read_text()}


def main() -> None:
    case = json.loads(Path(sys.argv[1]).read_text())
    if case["cheap"]:
        make_cheap(case["hidden"])
    for name in [name for name in sys.modules if name.split(".")[0] in case["hidden"]]:
        raise AssertionError(f"{name} is there already")
    sys.meta_path.insert(0, Hidden(case["hidden"]))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if case["limit_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (case["limit_bytes"], limits[1]))
    with tempfile.TemporaryDirectory() as folder:
        answers = [run(line, case["output"], Path(folder) / "said") for line in case["lines"]]
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    Path(case["answer"]).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
