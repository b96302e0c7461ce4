"""Policies as Structured Text: the text itself, translated and run, computes what the policy does."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tree_sitter
import tree_sitter_iec61131_3_st

from agents.export import Layer
from agents.policies import bundle_names, bundles_folder
from agents.policy_export.identifiers import RESERVED
from agents.policy_export.interface import ExportedPolicy, from_bundle
from agents.policy_export.onnx_model import OUT_OF_RANGE, as_onnx
from agents.policy_export.structured_text import TOLERANCE, as_structured_text, comment_of, lreal
from agents.policy_export.vectors import Vectors, vectors_of
from tests.agents.policy_export.networks import alignment, docking, tiny
from tests.agents.policy_export.structured_text_reader import names_in, translate
from twin.errors import InputError

ACTIVATIONS = [
    Layer("Tanh"),
    Layer("Relu"),
    Layer("Sigmoid"),
    Layer("Softplus"),
    Layer("Elu", attributes={"alpha": 0.7}),
    Layer("LeakyRelu", attributes={"alpha": 0.02}),
]


def text_of(policy: ExportedPolicy, n: int = 8) -> str:
    return as_structured_text(policy, vectors_of(policy, n), "a stamp (* with a comment *)")


def run_block(text: str, policy: ExportedPolicy, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Setpoints and flags of the translated block for quantities in SI units."""
    classes = translate(text)
    block = next(made for name, made in classes.items() if name.startswith("fb_"))()
    names = [one.name.lower() for one in policy.inputs]
    outputs, flags = [], []
    for row in given.tolist():
        block(**dict(zip(names, row, strict=True)))
        outputs.append([getattr(block, one.name.lower()) for one in policy.outputs])
        flags.append(block.out_of_range)
    return np.array(outputs), np.array(flags)


def run_onnx(policy: ExportedPolicy, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Setpoints and flags of the model in double precision."""
    import onnxruntime as ort

    session = ort.InferenceSession(as_onnx(policy, "stamp", "double"), providers=["CPUExecutionProvider"])
    feed = {one.name: given[:, i : i + 1] for i, one in enumerate(policy.inputs)}
    *setpoints, flags = session.run([*(one.name for one in policy.outputs), OUT_OF_RANGE], feed)
    return np.concatenate(setpoints, axis=1), flags[:, 0]


def same(policy: ExportedPolicy, n: int) -> None:
    """The block equals the model within 1e-9 on n vectors, of which some are out of range."""
    given = vectors_of(policy, n, seed=1).given
    wanted, flagged = run_onnx(policy, given)
    told, flags = run_block(text_of(policy), policy, given)
    assert np.abs(told - wanted).max() < 1e-9
    np.testing.assert_array_equal(flags, flagged)
    assert 0.1 < flags.mean() < 0.5
    assert np.ptp(told, axis=0).min() > 1e-3, "a constant says nothing"


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda layer: layer.operator)
def test_the_block_equals_the_model_for_every_activation(activation: Layer, tmp_path: Path) -> None:
    same(tiny(tmp_path / "p", activation), 200)


@pytest.mark.parametrize("make", [alignment, docking])
@pytest.mark.parametrize("mode", ["direct", "residual"])
def test_the_block_equals_the_model_on_a_thousand_vectors(make: Any, mode: str, tmp_path: Path) -> None:
    same(make(tmp_path / "policy_at", mode, (32, 16)), 1000)


@pytest.mark.slow
@pytest.mark.parametrize("name", bundle_names())
def test_a_shipped_policy_as_a_block_equals_its_model(name: str) -> None:
    same(from_bundle(bundles_folder() / name), 1000)


def test_the_test_program_passes_and_fails_where_a_weight_is_changed(tmp_path: Path) -> None:
    policy = tiny(tmp_path / "p")
    text = text_of(policy, 12)

    def passed(of: str) -> Any:
        classes = translate(of)
        program = next(made for name, made in classes.items() if name.startswith("prg_"))()
        program()
        return program.passed, program.worst, program.failed

    good, worst, failed = passed(text)
    assert (good, failed) == (True, 0)
    assert worst < 1e-14
    head, _, rest = text.partition("WEIGHT_1")
    before, first, after = rest.partition("        ")
    number, _, others = after.partition(",")
    changed = f"{head}WEIGHT_1{before}{first}{float(number) + 0.1!r},{others}"
    good, worst, failed = passed(changed)
    assert not good
    assert worst > TOLERANCE
    assert failed > 0


def test_what_is_not_a_number_stops_and_what_is_infinite_is_clamped(tmp_path: Path) -> None:
    policy = tiny(tmp_path / "p")
    given = np.array([[math.nan, 0.5], [math.inf, 0.5], [0.5, -math.inf], [0.5, 0.5]])
    for setpoints, flags in (run_block(text_of(policy), policy, given), run_onnx(policy, given), policy(given)):
        assert setpoints[0, 0] == 0.0
        assert flags.tolist() == [True, True, True, False]
        np.testing.assert_allclose(setpoints, policy(given)[0], atol=1e-12)
    np.testing.assert_allclose(policy(given)[0][1], policy(np.array([[4.0, 0.5]]))[0][0])


def test_the_grammar_of_the_text(tmp_path: Path) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_iec61131_3_st.language()))
    for policy in (alignment(tmp_path / "align_at", "residual"), tiny(tmp_path / "p", ACTIVATIONS[3])):
        text = text_of(policy)
        assert not parser.parse(text.encode()).root_node.has_error
        assert parser.parse(text.replace("END_FOR;", "", 1).encode()).root_node.has_error


def test_no_identifier_is_reserved_and_none_differs_by_case_alone(tmp_path: Path) -> None:
    for policy in (alignment(tmp_path / "at", "residual"), tiny(tmp_path / "p")):
        names = names_in(text_of(policy))
        assert not {name.upper() for name in names} & RESERVED
        assert len({name.upper() for name in names}) == len(names)


def test_literals_are_exact() -> None:
    random = np.random.default_rng(0)
    values = [0.0, -0.0, 1.0, 1e-7, -1e22, 5e-324, *random.normal(0.0, 1.0, 50), *np.float32(random.normal(size=50))]
    for value in values:
        text = lreal(value)
        assert float(text) == float(value)
        assert "." in text.partition("E")[0]
        assert "e" not in text
    with pytest.raises(InputError, match="not finite"):
        lreal(math.inf)
    assert "*)" not in comment_of("a *) b")


def test_a_network_too_large_for_a_block_is_refused(tmp_path: Path) -> None:
    policy = tiny(tmp_path / "p", hidden=(240, 240))
    with pytest.raises(InputError, match="too many weights for a function block, got 58"):
        text_of(policy)


def test_vectors_are_what_is_written(tmp_path: Path) -> None:
    policy = tiny(tmp_path / "p")
    vectors: Vectors = vectors_of(policy, 40)
    assert vectors.out_of_range[3::4].all()
    assert not vectors.out_of_range[[i for i in range(40) if i % 4 != 3]].any()
    assert [float(lreal(value)) for value in vectors.given[:, 0]] == vectors.given[:, 0].tolist()
    np.testing.assert_array_equal(vectors_of(policy, 40).given, vectors.given)
    assert not np.array_equal(vectors_of(policy, 40, seed=1).given, vectors.given)
