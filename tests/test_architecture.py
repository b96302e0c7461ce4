"""Who may import whom (docs/architecture.md), and that no imports go in a circle."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("models", "twin", "envs", "agents")
Graph = Mapping[str, frozenset[str]]


@cache
def modules() -> dict[str, Path]:
    found = {}
    for layer in LAYERS:
        for path in (ROOT / layer).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(node: ast.AST) -> Iterator[str]:
    """What a file imports anywhere in it; an import for types alone counts too."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            for alias in child.names:
                name = f"{child.module}.{alias.name}"
                yield name if name in modules() else child.module


@cache
def imports() -> dict[str, frozenset[str]]:
    return {name: frozenset(imported(ast.parse(path.read_text("utf-8")))) for name, path in modules().items()}


def for_types_alone(name: str) -> frozenset[str]:
    """Modules that `name` imports under TYPE_CHECKING."""
    found: set[str] = set()
    for node in ast.parse(modules()[name].read_text("utf-8")).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found.update(imported(node))
    return frozenset(found)


def ancestors(module: str) -> frozenset[str]:
    """Packages that are imported with a module."""
    parts = module.split(".")
    return frozenset(".".join(parts[:k]) for k in range(1, len(parts)))


def at_run_time() -> Graph:
    known, graph = modules().keys(), {}
    for name, of in imports().items():
        named = of - for_types_alone(name)
        with_them = frozenset().union(*(ancestors(other) for other in named)) - ancestors(name)
        graph[name] = (named | with_them) & known - {name}
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Strongly connected components of more than one node (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = []
            while not part or part[-1] != node:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def package_of(module: str) -> str:
    """Layer, or inside the twin the room: `twin.plants`."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "twin" else parts[0]


def test_no_file_is_in_a_circle() -> None:
    assert circles(at_run_time()) == []


def test_no_package_is_in_a_circle() -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for name, others in at_run_time().items():
        packages[package_of(name)] |= {package_of(other) for other in others} - {package_of(name)}
    assert circles({name: frozenset(others) for name, others in packages.items()}) == []


def test_a_circle_would_be_found() -> None:
    graph = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset("a")}
    assert circles(graph) == [["a", "b", "c"]]


RULES = [
    # room, what it may not import
    ("models", ("twin", "envs", "agents")),
    ("twin", ("envs", "agents", "gymnasium", "torch", "stable_baselines3")),
    ("envs", ("agents",)),
    ("twin.monitor", ("twin.control", "twin.plants", "twin.runner", "twin.sequence", "twin.setup")),
    ("twin.plants", ("twin.control", "twin.runner", "twin.monitor", "twin.sequence", "twin.faults", "twin.alignment")),
    ("twin.control", ("twin.runner", "twin.monitor", "twin.plants.rom", "twin.plants.bullet", "twin.sequence")),
    ("twin.records", ("twin.control", "twin.plants", "twin.runner", "twin.motion", "twin.setup")),
    ("twin.motion", ("twin.control", "twin.plants", "twin.runner", "twin.setup")),
    ("twin.setup", ("twin.plants", "twin.control", "twin.runner", "twin.sequence")),
    ("twin.viewer", ("pybullet", "twin.plants", "twin.runner", "twin.swap")),
]


@pytest.mark.parametrize(("room", "closed"), RULES, ids=[room for room, _ in RULES])
def test_rooms_keep_to_what_they_may_know(room: str, closed: tuple[str, ...]) -> None:
    wrong = [
        f"{name} imports {other}"
        for name, others in imports().items()
        if name == room or name.startswith(room + ".")
        for other in others
        if any(other == shut or other.startswith(shut + ".") for shut in closed)
    ]
    assert wrong == []


def test_the_engine_is_known_to_one_room() -> None:
    who = {name for name, others in imports().items() if any(other.split(".")[0] == "pybullet" for other in others)}
    assert who
    assert {name for name in who if not name.startswith("twin.plants.bullet")} == set()
