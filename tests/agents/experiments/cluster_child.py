"""What the tests of the cluster do in a process of its own: Ray reads the environment once. Prints one JSON object."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from agents.experiments import cluster
from agents.experiments.campaign import Campaign
from agents.experiments.ledger import Ledger
from agents.experiments.resolving import plan
from agents.experiments.spec import Spec
from agents.experiments.trial import Trial

STRANGER = """
import sys
from agents.experiments.cluster import Cluster
from twin.errors import InputError
try:
    Cluster(sys.argv[1])
    print("came in")
except InputError as error:
    print("refused")
"""
"""What tries to connect with another token; Ray reads a token once in a process."""
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


def trials() -> list[Trial]:
    found = plan(Spec.model_validate({"seeds": 24, "factors": {"timing": ["factory", "tuned"]}}))
    return [one.trial(seed) for seed in found.seeds for one in found.settings]


def local(wanted: list[Trial]) -> Any:
    with Ledger(None) as ledger, Campaign(ledger, 1, batch=4) as campaign:
        return campaign.play(wanted)


def two_nodes(**second: Any) -> tuple[Any, Any]:
    """A cluster of two nodes on the loopback, with token authentication."""
    os.environ.update(cluster.ENVIRONMENT | cluster.LOOPBACK)
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    return found, found.add_node(**NODE, **second)


def killed() -> dict[str, Any]:
    """Kill a node in the middle; also which addresses the cluster listens on, and whether another token gets in."""
    wanted = trials()
    found, node = two_nodes()
    listening = listened()
    with cluster.Cluster(found.address, task_s=0.5) as players, Ledger(None) as ledger:
        campaign, gone = Campaign(ledger, 2, batch=4, players=players), []

        def played(_: int) -> None:
            if campaign.counts.played > 12 and not gone:
                gone.append(node)
                found.remove_node(node, allow_graceful=False)

        campaign.on_played = played
        figures = campaign.play(wanted)
        lost, refused = players.lost, len(players.refused)
    stranger = subprocess.run(
        [sys.executable, "-c", STRANGER, found.address],
        env={**os.environ, "RAY_AUTH_TOKEN": "0" * 64},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    found.shutdown()
    return {"equal": figures == local(wanted), "lost": lost, "refused": refused, "played": campaign.counts.played,
            "killed": len(gone), "listening": listening, "stranger": stranger.stdout.strip()}  # fmt: skip


def other_code(copy: str) -> dict[str, Any]:
    """Let a node with another catalogue join."""
    wanted = trials()
    found, _ = two_nodes(env_vars={"PYTHONPATH": copy})
    said: list[str] = []
    with cluster.Cluster(found.address, on_refused=said.append) as players, Ledger(None) as ledger:
        campaign = Campaign(ledger, 2, batch=4, players=players)
        figures = campaign.play(wanted)
        workers = len(players._nodes)
    found.shutdown()
    return {"equal": figures == local(wanted), "said": said, "nodes": workers}


def listened() -> list[str]:
    """Addresses on which the cluster's processes listen."""
    import psutil

    found = set()
    for process in psutil.Process().children(recursive=True):
        for one in process.net_connections("inet"):
            if one.status == psutil.CONN_LISTEN:
                found.add(one.laddr.ip)
    return sorted(found)


if __name__ == "__main__":
    asked, *arguments = sys.argv[1:]
    answer = {"killed": killed, "other_code": other_code}[asked](*arguments)
    Path(os.environ["ANSWER"]).write_text(json.dumps(answer))
