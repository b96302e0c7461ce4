"""Trials on a Ray cluster: one of this machine, or one that runs already. Results equal those of local processes.

Nodes get work only after they have shown that they run this code with this catalogue. Work of a node that dies is
given to another one: a trial is a pure function, so nothing but time is lost. Every connection needs Ray's token; a
cluster of this machine listens on the loopback interface alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from agents.experiments.trial import Figures, Trial, program_version
from twin.catalogue.load import models_folder
from twin.errors import InputError

TASK_S = 2.0
"""Shortest task that is aimed at: Ray's own work for one is some milliseconds."""
NODES_S = 5.0
"""Time between two looks for nodes that have come or gone."""
WAIT_S = 0.5
STORE_BYTES = 100 * 2**20
"""Object store of a node: results are a few kB a swap."""
START_S = 120.0
STARTS = 3
"""Attempts to start Ray on this machine: it gives its own processes 30 s, which a machine that is busy exceeds."""
ENVIRONMENT = {
    # before Ray is imported
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Ray runs tasks with a niceness of 15: beside other work they would hardly get a core
    "RAY_worker_niceness": "0",
}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Makes Ray take 127.0.0.1 as the node's address, as it does on Windows and macOS; it works on Linux too."""
TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
TOKEN_FILE = Path.home() / ".ray" / "auth_token"

Batch = list[Trial]


class ClusterError(Exception):
    """No node is left that may work; the message is one line."""


@cache
def fingerprint() -> str:
    """Program version and a hash of the catalogue's files: equal on nodes whose results are equal."""
    digest = hashlib.sha256(program_version().encode())
    root = models_folder()
    for path in sorted(root.rglob("*.yaml")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return f"{program_version()}+{digest.hexdigest()[:12]}"


def own_fingerprint() -> str:
    """The fingerprint of the process that is asked, on a node."""
    return fingerprint()


def play_batches(batches: Sequence[Batch], expected: str) -> tuple[list[list[Figures]], float]:
    """Play batches on a node; also the seconds that it took.

    Raises:
        RuntimeError: this process has other code or another catalogue.
    """
    if fingerprint() != expected:
        raise RuntimeError(f"other code or catalogue: {fingerprint()}, expected {expected}")
    began_s = time.monotonic()
    player = _player()
    return [player(batch) for batch in batches], time.monotonic() - began_s


@cache
def _player() -> Callable[[Sequence[Trial]], list[Figures]]:
    from agents.experiments.campaign import make_player

    return make_player()


@dataclass
class Node:
    """A node that may work: how many tasks it runs at once, and those that it runs."""

    slots: int
    tasks: dict[Any, list[Batch]] = field(default_factory=dict)


class Cluster:
    """Plays batches on a Ray cluster. Use it as a context manager.

    Attributes:
        refused: nodes with other code or another catalogue, by their id; they get no work.
        lost: tasks of nodes that died, which were given to others.
    """

    def __init__(
        self,
        address: str | None = None,
        workers: int = 1,
        on_refused: Callable[[str], None] | None = None,
        task_s: float = TASK_S,
    ) -> None:
        """Connect to a cluster, or start one on this machine.

        Args:
            address: `HOST:PORT` of a cluster that runs; None: start one with `workers` processes.
            on_refused: called with one line on each node that is refused.

        Raises:
            InputError: no cluster there, or no token.
            ClusterError: Ray does not start on this machine.
        """
        local = address is None
        _prepare(local)
        import ray

        self._ray, self._task_s, self._on_refused = ray, task_s, on_refused
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": None}
        if local:
            options |= {"num_cpus": workers, "object_store_memory": STORE_BYTES, "include_dashboard": False}
        else:
            options |= {"address": address}
        self._connect({name: value for name, value in options.items() if value is not None}, address)
        self._play = ray.remote(max_retries=0, num_cpus=1)(play_batches)
        self._ask = ray.remote(max_retries=0, num_cpus=0)(own_fingerprint)
        self._nodes: dict[str, Node] = {}
        self._asked: dict[Any, tuple[str, int]] = {}
        self._known: set[str] = set()
        self._looked_s = -math.inf
        self._batch_s: float | None = None
        self.refused: dict[str, str] = {}
        self.lost = 0

    def _connect(self, options: dict[str, Any], address: str | None) -> None:
        for attempt in range(1, STARTS + 1):
            try:
                self._ray.init(**options)
                return
            except Exception as error:  # Ray raises many kinds
                lines = str(error).strip().splitlines()
                words = lines[0] if lines else type(error).__name__
                if address is not None:
                    problem = f"no Ray cluster that takes this token: {words}"
                    raise InputError(problem, key="--address", value=address) from None
                if attempt == STARTS:
                    raise ClusterError(f"Ray does not start on this machine: {words}") from None
                self._ray.shutdown()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect; a cluster that was started here ends."""
        self._ray.shutdown()

    def answers(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, list[Figures]]]:
        """Yield (batch, figures) as they come.

        Raises:
            ClusterError: no node is left that may work.
        """
        left = deque(batches)
        began_s = time.monotonic()
        while left or any(node.tasks for node in self._nodes.values()):
            self._look()
            self._give(left)
            running = [task for node in self._nodes.values() for task in node.tasks]
            if not running and not self._asked:
                if self.refused or time.monotonic() - began_s > START_S:
                    said = f"; refused: {'; '.join(self.refused.values())}" if self.refused else ""
                    raise ClusterError(f"no node of the cluster can work{said}")
                time.sleep(WAIT_S)
                continue
            ready, _ = self._ray.wait([*running, *self._asked], num_returns=1, timeout=WAIT_S)
            for task in ready:
                if task in self._asked:
                    self._admit(task)
                else:
                    yield from self._take(task, left)

    # ----------------------------------------------------------------------------------------------------------- nodes

    def _look(self) -> None:
        """Ask nodes that are new for their fingerprint; take the work of those that have died."""
        if time.monotonic() - self._looked_s < NODES_S:
            return
        self._looked_s = time.monotonic()
        for node in self._ray.nodes():
            name = node["NodeID"]
            if name in self._known or not node["Alive"]:
                continue
            self._known.add(name)
            slots = int(node["Resources"].get("CPU", 0))
            if slots:
                self._asked[self._ask.options(scheduling_strategy=_on(name)).remote()] = (name, slots)

    def _admit(self, task: Any) -> None:
        """Let a node work if it runs the same code with the same catalogue."""
        name, slots = self._asked.pop(task)
        try:
            found = self._ray.get(task)
        except Exception as error:  # it has died, or cannot import the program
            found = f"no answer ({type(error).__name__})"
        if found == fingerprint():
            self._nodes[name] = Node(slots)
            return
        self.refused[name] = f"node {name[:12]} has other code or another catalogue: {found}, not {fingerprint()}"
        if self._on_refused is not None:
            self._on_refused(self.refused[name])

    # ------------------------------------------------------------------------------------------------------------ work

    def _give(self, left: deque[Batch]) -> None:
        """Give every free slot a task; the batches of one take about `task_s`."""
        for name, node in self._nodes.items():
            while left and len(node.tasks) < node.slots:
                size = 1 if not self._batch_s else max(1, math.ceil(self._task_s / self._batch_s))
                # towards the end, tasks for all
                size = min(size, max(1, len(left) // max(sum(one.slots for one in self._nodes.values()), 1)))
                batches = [left.popleft() for _ in range(min(size, len(left)))]
                task = self._play.options(scheduling_strategy=_on(name)).remote(batches, fingerprint())
                node.tasks[task] = batches

    def _take(self, task: Any, left: deque[Batch]) -> Iterator[tuple[Batch, list[Figures]]]:
        name, node = next((name, node) for name, node in self._nodes.items() if task in node.tasks)
        batches = node.tasks.pop(task)
        try:
            figures, seconds = self._ray.get(task)
        except self._ray.exceptions.RayTaskError as error:
            raise error.as_instanceof_cause() from None
        except self._ray.exceptions.RayError:  # node or process died
            self.lost += 1
            left.extendleft(reversed(batches))
            if not any(one["NodeID"] == name and one["Alive"] for one in self._ray.nodes()):
                self._forget(name, left)
            return
        each_s = seconds / len(batches)
        self._batch_s = each_s if self._batch_s is None else 0.5 * (self._batch_s + each_s)
        yield from zip(batches, figures, strict=True)

    def _forget(self, name: str, left: deque[Batch]) -> None:
        """A node has died: its other tasks are given to others too."""
        for batches in self._nodes.pop(name).tasks.values():
            self.lost += 1
            left.extendleft(reversed(batches))


def _on(node: str) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id=node, soft=False)


def _prepare(local: bool) -> None:
    """Set the environment that Ray reads when it is imported: tokens, and the loopback for a cluster of this machine.

    Raises:
        InputError: a cluster that runs needs its token.
    """
    os.environ.update(ENVIRONMENT)
    if local:
        os.environ.update(LOOPBACK)
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        return
    has_file = False
    with contextlib.suppress(OSError):
        has_file = TOKEN_FILE.is_file()
    if not any(os.environ.get(name) for name in TOKENS) and not has_file:
        raise InputError("a cluster is reached with its token alone", key="--address",
                         allowed=f"with the token in {', '.join(TOKENS)} or {TOKEN_FILE}")  # fmt: skip
