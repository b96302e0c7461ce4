"""A policy as one self-contained ONNX model: quantities in SI units in, setpoints in SI units and a flag out.

Every quantity and setpoint is an input or output of its own, (n, 1), by its name. Units, limits, scales and the origin
stand in the metadata; scaling, limits and the check of the valid range are part of the graph.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.export import IR_VERSION, OPSET
from agents.policy_export.interface import ExportedPolicy, Input, Output
from agents.policy_export.network import Activation, Elementwise, Linear, Step

Array = np.ndarray
OUT_OF_RANGE = "out_of_range"
PRECISIONS = {"single": np.float32, "double": np.float64}
DOUBLE_WITHOUT = ("Softplus", "Elu", "LeakyRelu")
"""Activations that onnxruntime computes in single precision alone; they are written by other operators."""


def as_onnx(policy: ExportedPolicy, stamp: str, precision: str = "single") -> bytes:
    """Write the model; the same policy gives the same bytes.

    Args:
        precision: "single", or "double": the whole graph in float64, for comparison with a function block.
    """
    import onnx

    model = _Model(policy, np.dtype(PRECISIONS[precision])).make(stamp)
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def metadata_of(policy: ExportedPolicy, stamp: str) -> dict[str, str]:
    """Metadata of the model by key; values are JSON where they are more than a word."""
    ports: list[Input | Output] = [*policy.inputs, *policy.outputs]
    rows = [
        {"name": one.name, "unit": one.unit, "scale": one.scale, "meaning": one.meaning, **_limits(one)}
        for one in ports
    ]
    n = len(policy.inputs)
    return {
        "policy": policy.name,
        "made_by": stamp,
        "rate_hz": f"{policy.rate_hz:g}",
        "residual": json.dumps(policy.residual),
        "inputs": json.dumps(rows[:n]),
        "outputs": json.dumps(rows[n:]),
        **{key: value if isinstance(value, str) else json.dumps(value) for key, value in policy.facts.items()},
    }


def _limits(one: Input | Output) -> dict[str, float]:
    """Limits in the unit: of the clamps, and for an input of the valid range."""
    limits = {"low": one.scale * one.low, "high": one.scale * one.high}
    if isinstance(one, Input):
        limits |= {"valid_low": one.scale * one.valid_low, "valid_high": one.scale * one.valid_high}
    return limits


class _Port(str):
    """The name of an input or output of the model; all other values have names of their own."""


class _Model:
    def __init__(self, policy: ExportedPolicy, dtype: np.dtype[Any]) -> None:
        self.policy, self.dtype = policy, dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def make(self, stamp: str) -> Any:
        import onnx
        from onnx import helper

        policy = self.policy
        kind = helper.np_dtype_to_tensor_dtype(self.dtype)
        self._give_out(self._network(self._take_in()))
        inputs, outputs = (
            [helper.make_tensor_value_info(one.name, kind, ["n", 1], doc_string=one.unit) for one in rows]
            for rows in (policy.inputs, policy.outputs)
        )
        outputs.append(helper.make_tensor_value_info(OUT_OF_RANGE, onnx.TensorProto.BOOL, ["n", 1]))
        graph = helper.make_graph(self.nodes, "policy", inputs, outputs, self.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="swaptwin"
        )
        helper.set_model_props(model, metadata_of(policy, stamp))
        return model

    def _constant(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), self._own(name)))
        return name

    def _column(self, rows: Sequence[Any], key: str, what: str) -> str:
        values = np.array([getattr(row, key) for row in rows], np.float64)
        return self._constant(f"{what}_{key}", values.astype(self.dtype))

    def _node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        own = self._own(output)
        self.nodes.append(helper.make_node(operator, [self._own(name) for name in inputs], [own], **attributes))
        return output

    def _own(self, name: str) -> str:
        """The name of a value inside the graph, which no port has."""
        return name if isinstance(name, _Port) else f"graph/{name}"

    def _take_in(self) -> str:
        inputs, node = self.policy.inputs, self._node
        scale, low, high, valid_low, valid_high = (
            self._column(inputs, key, "input") for key in ("scale", "low", "high", "valid_low", "valid_high")
        )
        zero = self._constant("zero", np.zeros((), self.dtype))
        quantities = node("Concat", [_Port(one.name) for one in inputs], "quantities", axis=1)
        scaled = node("Div", [quantities, scale], "scaled_quantities")
        over = node("GreaterOrEqual", [scaled, valid_low], "over_valid_low")
        under = node("LessOrEqual", [scaled, valid_high], "under_valid_high")
        inside = node("And", [over, under], "inside")
        # the smallest of ones and zeros: no reduction of ONNX takes bools
        least = node("ReduceMin", [self._number(inside)], "all_inside", axes=[1], keepdims=1)
        half = self._constant("half", np.array(0.5, np.float32))
        node("Less", [least, half], _Port(OUT_OF_RANGE))
        absent = node("IsNaN", [scaled], "not_a_number")
        most = node("ReduceMax", [self._number(absent)], "any_not_a_number", axes=[1], keepdims=1)
        node("Less", [most, half], "all_numbers")
        present = node("Where", [absent, zero, scaled], "present")
        return node("Min", [node("Max", [present, low], "above_low"), high], "observation")

    def _number(self, name: str) -> str:
        import onnx

        return self._node("Cast", [name], f"{name}_number", to=onnx.TensorProto.FLOAT)

    def _network(self, last: str) -> str:
        """The steps; those before the first layer, a running normaliser, in float64 as in training."""
        steps, single = self.policy.network.steps, self.dtype
        first = next((i for i, step in enumerate(steps) if not isinstance(step, Elementwise)), len(steps))
        if first:
            self.dtype, last = np.dtype(np.float64), self._cast(last, np.dtype(np.float64))
        for i, step in enumerate(steps):
            if i == first and first:
                self.dtype, last = single, self._cast(last, single)
            last = self._step(step, last, f"layer{i}")
        return last

    def _cast(self, name: str, to: np.dtype[Any]) -> str:
        from onnx import helper

        return self._node("Cast", [name], f"{name}_{to.name}", to=helper.np_dtype_to_tensor_dtype(to))

    def _step(self, step: Step, last: str, name: str) -> str:
        if isinstance(step, Linear):
            weight = self._constant(f"{name}_weight", step.weight.astype(self.dtype))
            bias = self._constant(f"{name}_bias", step.bias.astype(self.dtype))
            return self._node("Gemm", [last, weight, bias], name, transB=1)
        if isinstance(step, Activation):
            if step.operator in DOUBLE_WITHOUT and self.dtype == np.float64:
                return self._written_out(step, last, name)
            alpha = {"alpha": step.alpha} if step.operator in ("Elu", "LeakyRelu") else {}
            return self._node(step.operator, [last], name, **alpha)
        constant = self._constant(f"{name}_constant", step.constant.astype(self.dtype))
        return self._node(step.operator, [last, constant], name)

    def _written_out(self, step: Activation, last: str, name: str) -> str:
        node = self._node
        zero, one, alpha = (
            self._constant(f"{name}_{what}", np.array(value, self.dtype))
            for what, value in (("zero", 0.0), ("one", 1.0), ("alpha", step.alpha))
        )
        above = node("Max", [last, zero], f"{name}_above")
        if step.operator == "Softplus":
            shrunk = node("Exp", [node("Neg", [node("Abs", [last], f"{name}_size")], f"{name}_minus")], f"{name}_exp")
            return node("Add", [above, node("Log", [node("Add", [shrunk, one], f"{name}_sum")], f"{name}_log")], name)
        below = node("Min", [last, zero], f"{name}_below")
        if step.operator == "Elu":
            below = node("Sub", [node("Exp", [below], f"{name}_exp"), one], f"{name}_less")
        return node("Add", [above, node("Mul", [below, alpha], f"{name}_times")], name)

    def _give_out(self, last: str) -> None:
        outputs, node, policy = self.policy.outputs, self._node, self.policy
        low, high, scale = (self._column(outputs, key, "output") for key in ("low", "high", "scale"))
        last = node("Min", [node("Max", [last, low], "action_above_low"), high], "action")
        if policy.residual:
            share = self._column(outputs, "share", "output")
            servo = self._constant("servo_places", np.array([one.servo for one in outputs], np.int64))
            factor = self._column(outputs, "servo_factor", "output")
            setpoint = node("Mul", [node("Gather", ["observation", servo], "servo", axis=1), factor], "servo_setpoint")
            correction = node("Mul", [last, share], "correction")
            if any(one.relative for one in outputs):
                relative = self._constant("relative", np.array([one.relative for one in outputs]))
                correction = node(
                    "Where", [relative, node("Mul", [correction, setpoint], "share_of_servo"), correction], "added"
                )
            total = node("Add", [setpoint, correction], "corrected")
            last = node("Min", [node("Max", [total, low], "corrected_above_low"), high], "corrected_action")
        neutral = np.clip(0.0, [one.low for one in outputs], [one.high for one in outputs]).astype(self.dtype)
        kept = node("Where", ["all_numbers", last, self._constant("neutral", neutral)], "scaled_setpoints")
        setpoints = node("Mul", [kept, scale], "setpoints")
        from onnx import helper

        parts = [self._own(setpoints), self._own(self._constant("ones", np.ones(len(outputs), np.int64)))]
        self.nodes.append(helper.make_node("Split", parts, [one.name for one in outputs], axis=1))
