"""A bundle's card: made how, judged on what, valid for what; written anew from evaluations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.bundle import load_bundle, read_contract
from agents.card import card_text, measured_of
from agents.commands.export import card_command
from tests.agents.bundles import contract_of, make_tiny, write_tiny
from twin.errors import InputError

ROW = {
    "name": "runs/x/policy",
    "success_rate": 0.995,
    "success_ci95": [0.99, 0.999],
    "time_s": {"median": 5.31, "p95": 6.49},
    "peak_lateral_force_n": {"median": 2900.0, "p99": None},
    "rates": {"first_attempt": {"rate": 0.98, "ci95": [0.97, 0.99], "count": 1960}},
    "violations": 0,
}
EVALUATION = {
    "task": "tiny", "station": "top_lift", "plant": "bullet", "truck": None, "parking": "guided", "conditions": "night",
    "episodes": 2000, "seed": 10000, "policies": [ROW, {**ROW, "name": "baseline", "success_rate": None}],
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(EVALUATION))
    return path


def test_results_and_commands_go_into_contract_and_card(tmp_path: Path, file: Path, capsys: Any) -> None:
    bundle = write_tiny(tmp_path / "p")
    network = (bundle / "policy.onnx").read_bytes()
    given = {"evaluation": [str(file), str(file)], "judged_by": ["evaluate one"], "made_by": "train it", "json": True}
    card_command(str(bundle), **given)
    assert json.loads(capsys.readouterr().out)["measured"] == 4
    assert (bundle / "policy.onnx").read_bytes() == network
    card = (bundle / "card.md").read_text()
    assert card.startswith("# p\n")
    assert "    train it\n" in card
    assert card.count("    evaluate one\n") == 1
    cells = "top_lift, bullet, any, guided, night | policy | 2000, 10000 | 99.5 % (99.0 to 99.9)"
    assert f"| {cells} | 98.0 % | 5.3, 6.5 | 2.9 | 0 |" in card
    contract = read_contract((bundle / "contract.json").read_bytes(), bundle)
    assert contract.made.command == "train it"
    assert [row.policy for row in contract.measured] == ["policy", "baseline"] * 2
    load_bundle(bundle, make_tiny())
    card_command(str(bundle), title="Tiny")
    again = (bundle / "card.md").read_text()
    assert again == card.replace("# p\n", "# Tiny\n")


def test_a_card_of_an_earlier_bundle_leaves_out_what_it_does_not_know() -> None:
    contract = contract_of(make_tiny())
    row = {"policy": "a", "episodes": 3, "first_seed": 0, "success_rate": 1.0, "success_ci95": [0.4, 1.0],
           "time_median_s": 2.0}  # fmt: skip
    text = json.dumps({**contract, "measured": [row], "format": 1, "policy_sha256": "0" * 64})
    card = card_text("old", read_contract(text.encode(), Path("contract.json")))
    assert "| policy | episodes, from seed | success (95 % interval) | time, s: median, 95 % |" in card
    assert "| a | 3, 0 | 100.0 % (40.0 to 100.0) | 2.0 |" in card
    assert "force" not in card


@pytest.mark.parametrize("content", ["[]", "{}", "no", json.dumps({**EVALUATION, "policies": [{"name": "a"}]})])
def test_what_is_no_evaluation_is_refused(tmp_path: Path, content: str) -> None:
    bundle = write_tiny(tmp_path / "p")
    before = (bundle / "contract.json").read_bytes()
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match=r"cannot be read|is not the JSON of swaptwin evaluate"):
        card_command(str(bundle), evaluation=[str(tmp_path / "x.json")])
    assert (bundle / "contract.json").read_bytes() == before


def test_commands_need_their_evaluations(tmp_path: Path) -> None:
    bundle = write_tiny(tmp_path / "p")
    with pytest.raises(InputError, match="--judged-by: more commands than evaluations"):
        card_command(str(bundle), judged_by=["x"])
    assert measured_of(EVALUATION, "by")[0]["command"] == "by"
