"""A policy's network as a chain of steps, read from its ONNX graph; the exports are written from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.onnx_sizes import INPUT
from twin.errors import InputError

Array = np.ndarray
ACTIVATIONS = ("Tanh", "Relu", "Sigmoid", "Softplus", "Elu", "LeakyRelu")
"""Activations that every export can write."""
ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Max", "Min")
"""Operators on each element with a constant of its own, in this order: element, constant."""
_PASSED = ("Identity", "Cast")


@dataclass(frozen=True)
class Linear:
    """weight (out, in) times the values, plus bias (out,)."""

    weight: Array
    bias: Array


@dataclass(frozen=True)
class Elementwise:
    """One of ELEMENTWISE; `constant` (n,)."""

    operator: str
    constant: Array


@dataclass(frozen=True)
class Activation:
    """One of ACTIVATIONS; `alpha` of Elu and LeakyRelu."""

    operator: str
    alpha: float = 0.0


Step = Linear | Elementwise | Activation


@dataclass(frozen=True)
class Network:
    """Maps (n, inputs) to (n, outputs): the steps in order, in float64.

    Constants keep the values of the graph: a float32 weight is exact as a float64.
    """

    steps: tuple[Step, ...]
    inputs: int
    outputs: int

    @property
    def weights(self) -> int:
        """Number of weights and biases."""
        return sum(step.weight.size + step.bias.size for step in self.steps if isinstance(step, Linear))

    def __call__(self, values: Array) -> Array:
        """Evaluate (n, inputs) in float64."""
        for step in self.steps:
            values = _apply(step, values)
        return values


def _apply(step: Step, values: Array) -> Array:
    if isinstance(step, Linear):
        return values @ step.weight.T + step.bias
    if isinstance(step, Elementwise):
        of = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Max": np.maximum}
        done: Array = of.get(step.operator, np.minimum)(values, step.constant)
        return done
    negative = np.exp(-np.abs(values))  # of these none overflows
    if step.operator == "Tanh":
        return np.tanh(values)
    if step.operator == "Relu":
        return np.maximum(values, 0.0)
    if step.operator == "Sigmoid":
        return np.where(values >= 0.0, 1.0, negative) / (1.0 + negative)
    if step.operator == "Softplus":
        return np.maximum(values, 0.0) + np.log(1.0 + negative)
    below = step.alpha * (np.exp(np.minimum(values, 0.0)) - 1.0) if step.operator == "Elu" else step.alpha * values
    return np.where(values >= 0.0, values, below)


def network_of(graph: bytes, observations: int, file: Path) -> Network:
    """Read a checked ONNX graph as a chain of steps.

    Raises:
        InputError: the graph is no such chain, or has other operators.
    """
    import onnx

    read = _Reader(onnx.load_model_from_string(graph).graph, observations, file)
    steps = tuple(read.steps())
    return Network(steps, observations, read.size)


class _Reader:
    def __init__(self, graph: Any, observations: int, file: Path) -> None:
        from onnx import numpy_helper

        self._nodes, self._file, self.size = graph.node, file, observations
        self._constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self._output = graph.output[0].name

    def steps(self) -> list[Step]:
        steps: list[Step] = []
        last = INPUT
        for node in self._nodes:
            if node.op_type == "Constant":
                self._keep(node)
                continue
            if list(node.input).count(last) != 1 or len(node.output) != 1:
                raise self._refused(node, "is not one chain of layers")
            others = [self._constants.get(name) for name in node.input if name != last]
            if any(other is None for other in others):
                raise self._refused(node, "is not one chain of layers")
            steps += self._step(node, [np.asarray(other, np.float64) for other in others], list(node.input).index(last))
            last = node.output[0]
        if last != self._output:
            raise InputError("has layers that lead nowhere", file=self._file, value=last)
        return steps

    def _keep(self, node: Any) -> None:
        from onnx import numpy_helper

        attribute = node.attribute[0]
        held = numpy_helper.to_array(attribute.t) if attribute.name == "value" else attribute.f or attribute.floats
        self._constants[node.output[0]] = np.asarray(held)

    def _step(self, node: Any, others: list[Array], place: int) -> list[Step]:
        attributes = {one.name: one for one in node.attribute}
        kind = node.op_type
        if kind in _PASSED:
            return []
        if kind in ("Gemm", "MatMul") and place == 0:
            return [self._linear(node, others, attributes)]
        if kind in ACTIVATIONS:
            usual = 1.0 if kind == "Elu" else 0.01
            return [Activation(kind, float(attributes["alpha"].f) if "alpha" in attributes else usual)]
        if kind == "Clip" and place == 0:  # an optional bound is an empty name
            bounds = dict(zip([name for name in node.input[1:] if name], others, strict=True))
            named = zip(("Max", "Min"), [*node.input[1:], ""][:2], strict=True)
            return [self._elementwise(node, to, bounds[name]) for to, name in named if name]
        if kind in ELEMENTWISE and len(others) == 1 and (place == 0 or kind in ("Add", "Mul", "Max", "Min")):
            return [self._elementwise(node, kind, others[0])]
        raise self._refused(node, "has a layer that cannot be exported")

    def _linear(self, node: Any, others: list[Array], attributes: dict[str, Any]) -> Linear:
        factors = [float(attributes[name].f) if name in attributes else 1.0 for name in ("alpha", "beta")]
        weight = others[0] if "transB" in attributes and attributes["transB"].i else others[0].T
        if factors != [1.0, 1.0] or "transA" in attributes or weight.ndim != 2 or weight.shape[1] != self.size:
            raise self._refused(node, "has a layer that cannot be exported")
        self.size = weight.shape[0]
        bias = others[1] if len(others) > 1 else np.zeros(self.size)
        return Linear(np.ascontiguousarray(weight), np.broadcast_to(bias.reshape(-1), (self.size,)).copy())

    def _elementwise(self, node: Any, operator: str, constant: Array) -> Elementwise:
        if constant.size not in (1, self.size):
            raise self._refused(node, "has a layer that cannot be exported")
        return Elementwise(operator, np.broadcast_to(constant.reshape(-1), (self.size,)).copy())

    def _refused(self, node: Any, problem: str) -> InputError:
        return InputError(
            problem, file=self._file, value=node.op_type, allowed=f"Gemm, {', '.join((*ELEMENTWISE, *ACTIVATIONS))}"
        )
