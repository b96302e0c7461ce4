"""Trials on a Ray cluster: equal to local processes to the last bit, whatever happens to its nodes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.experiments import cluster
from swaptwin import run
from twin.errors import InputError

ROOT = Path(__file__).resolve().parents[3]


def child(folder: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.agents.experiments.cluster_child", *arguments],
        cwd=ROOT,
        env={**os.environ, "ANSWER": str(folder / "answer.json")},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return found


@pytest.mark.slow
def test_a_node_killed_in_the_middle_costs_only_time(tmp_path: Path) -> None:
    found = child(tmp_path, "killed")
    assert found["equal"]
    assert (found["played"], found["killed"], found["refused"]) == (48, 1, 0)
    assert found["listening"]
    assert set(found["listening"]) <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert found["stranger"] == "refused"


@pytest.mark.slow
def test_a_node_with_another_catalogue_gets_no_work(tmp_path: Path) -> None:
    # Ray puts the paths of the command before a node's own: the node loads its catalogue before that
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "models", copy / "models", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "sitecustomize.py").write_text("import models\n")
    pack = copy / "models" / "packs" / "cab_282.yaml"
    pack.write_text(pack.read_text().replace("mass_kg: {value: 3000", "mass_kg: {value: 3001"))
    found = child(tmp_path, "other_code", str(tmp_path / "copy"))
    assert found["equal"]
    assert found["nodes"] == 1
    assert len(found["said"]) == 1
    assert "has other code or another catalogue" in found["said"][0]


@pytest.mark.slow
def test_ninety_stations_on_a_cluster_of_this_machine_equal_local_ones(tmp_path: Path) -> None:
    spec = tmp_path / "e.yaml"
    spec.write_text("seeds: 2\nstations: 90\nthroughput: {days: 1, trucks_spread: 0.5}\n")
    tables, days = [], []
    for executor in ("local", "ray"):
        table, ledger = tmp_path / f"{executor}.csv", tmp_path / f"{executor}.sqlite"
        options = ["--executor", executor, "--workers", "2", "--ledger", str(ledger), "--table", str(table), "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "swaptwin", "experiment", "run", str(spec), *options],
            cwd=ROOT, capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        found = json.loads(done.stdout)
        assert (found["done"], len(found["throughput"])) == (180, 90)
        tables.append(table.read_bytes())
        days.append(found["throughput"])
    assert tables[0] == tables[1]
    assert days[0] == days[1]


def test_the_fingerprint_is_of_code_and_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = cluster.fingerprint.__wrapped__()
    assert own == cluster.fingerprint()
    monkeypatch.setattr(cluster, "models_folder", lambda: tmp_path)
    (tmp_path / "a.yaml").write_text("a: 1")
    one = cluster.fingerprint.__wrapped__()
    (tmp_path / "a.yaml").write_text("a: 2")
    assert len({own, one, cluster.fingerprint.__wrapped__()}) == 3
    with pytest.raises(RuntimeError, match="other code or catalogue"):
        cluster.play_batches([], "another")


def test_a_cluster_elsewhere_needs_its_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*cluster.TOKENS, *cluster.ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cluster, "TOKEN_FILE", tmp_path / "none")
    with pytest.raises(InputError, match="with its token alone"):
        cluster.Cluster("192.0.2.1:6379")


@pytest.mark.parametrize("failures", [1, cluster.STARTS])
def test_ray_that_starts_late_is_started_again(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def init(**_: Any) -> None:
        calls.append("init")
        if calls.count("init") <= failures:
            raise RuntimeError("timed out during startup.\nmore")

    ray = SimpleNamespace(init=init, shutdown=lambda: calls.append("shutdown"), remote=lambda **_: lambda work: work)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(cluster, "_prepare", lambda local: None)
    if failures < cluster.STARTS:
        cluster.Cluster().close()
        assert calls == ["init", "shutdown", "init", "shutdown"]
        return
    with pytest.raises(cluster.ClusterError, match=r"Ray does not start on this machine: timed out during startup\.$"):
        cluster.Cluster()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--executor", "slurm"], "--executor: unknown executor, got 'slurm' (allowed: local, ray)"),
        (["--address", "localhost:6379"], "--address: goes with --executor ray"),
    ],
)
def test_bad_executors_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    (tmp_path / "e.yaml").write_text("seeds: 1\n")
    assert run(["experiment", "run", str(tmp_path / "e.yaml"), *options]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.yaml"]
