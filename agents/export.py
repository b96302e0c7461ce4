"""Export a trained network as a bundle: the graph is written node by node, the folder whole or not at all.

The ONNX graph computes the policy's deterministic action, limits included; nothing else is needed to run it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.bundle import CARD, CONTRACT, FILES, INPUT, ONNX, OUTPUT, Contract
from agents.card import card_text
from twin.console import reason
from twin.errors import DISK_ERRORS, InputError

if TYPE_CHECKING:
    from agents.train.normaliser import Normaliser

Array = np.ndarray
OPSET, IR_VERSION = 17, 8
"""ONNX opset: old enough for every onnxruntime in use, new enough for the operators used here."""
PLAIN = {"Tanh": "Tanh", "ReLU": "Relu", "Sigmoid": "Sigmoid", "Softplus": "Softplus", "Identity": "Identity"}
"""Activations without parameters, torch's name to ONNX's."""


@dataclass(frozen=True)
class Layer:
    """One node: an ONNX operator on the previous layer's output, with its constants and attributes."""

    operator: str
    constants: tuple[Array, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


def layers_of(model: Any) -> list[Layer]:
    """Return the layers of the deterministic policy of a stable-baselines3 PPO, A2C, SAC or TD3 model.

    Raises:
        InputError: the policy is not a plain multilayer perceptron.
    """
    from stable_baselines3.common.distributions import DiagGaussianDistribution, StateDependentNoiseDistribution
    from stable_baselines3.common.policies import ActorCriticPolicy
    from stable_baselines3.common.torch_layers import FlattenExtractor

    policy, space = model.policy, model.action_space
    low, high = (np.asarray(limit, np.float32) for limit in (space.low, space.high))
    if isinstance(policy, ActorCriticPolicy):
        extractor, modules, squashed = policy.features_extractor, [*policy.mlp_extractor.policy_net], False
        modules.append(policy.action_net)
        # either way the last layer gives the most likely action
        plain = isinstance(policy.action_dist, DiagGaussianDistribution) or (
            isinstance(policy.action_dist, StateDependentNoiseDistribution) and policy.action_dist.bijector is None
        )
    else:
        actor = policy.actor
        extractor, squashed = actor.features_extractor, True
        modules = [*actor.latent_pi, actor.mu] if hasattr(actor, "latent_pi") else [*actor.mu]
        plain = not getattr(actor, "use_sde", False)
    if not plain or not isinstance(extractor, FlattenExtractor):
        raise InputError("only multilayer perceptrons can be exported", key="policy", value=type(policy).__name__)
    layers = [layer_of(module) for module in modules]
    if not squashed:
        return [*layers, Layer("Max", (low,)), Layer("Min", (high,))]
    if not hasattr(policy.actor, "latent_pi"):  # TD3's own network ends in tanh, SAC's in a mean
        layers = layers[:-1]
    middle, half = 0.5 * (high + low), 0.5 * (high - low)
    return [*layers, Layer("Tanh"), Layer("Mul", (half,)), Layer("Add", (middle,))]


def normaliser_layers(normaliser: Normaliser) -> list[Layer]:
    """Return the layers of a running normaliser of observations, in float64 as in training; they come first."""
    import onnx

    return [
        Layer("Cast", attributes={"to": onnx.TensorProto.DOUBLE}),
        Layer("Sub", (normaliser.mean,)),
        Layer("Div", (normaliser.deviation,)),
        Layer("Max", (np.full_like(normaliser.mean, -normaliser.clip),)),
        Layer("Min", (np.full_like(normaliser.mean, normaliser.clip),)),
        Layer("Cast", attributes={"to": onnx.TensorProto.FLOAT}),
    ]


def layer_of(module: Any) -> Layer:
    """Return the layer of a torch module; raises InputError for one that cannot be exported."""
    name = type(module).__name__
    if name == "Linear":
        weight, bias = (
            parameter.detach().cpu().numpy().astype(np.float32) for parameter in (module.weight, module.bias)
        )
        return Layer("Gemm", (weight, bias), {"transB": 1})
    if name in PLAIN:
        return Layer(PLAIN[name])
    if name == "ELU":
        return Layer("Elu", attributes={"alpha": float(module.alpha)})
    if name == "LeakyReLU":
        return Layer("LeakyRelu", attributes={"alpha": float(module.negative_slope)})
    raise InputError("a layer that cannot be exported", key="policy", value=name, allowed=", ".join(["Linear", *PLAIN]))


def graph_bytes(layers: Sequence[Layer], observations: int, actions: int) -> bytes:
    """Convert layers to an ONNX model: (n, observations) to (n, actions), float32; deterministic bytes."""
    import onnx
    from onnx import helper, numpy_helper

    nodes, constants, last = [], [], INPUT
    for i, layer in enumerate(layers):
        names = [f"layer{i}_constant{k}" for k in range(len(layer.constants))]
        constants += [numpy_helper.from_array(c, name) for c, name in zip(layer.constants, names, strict=True)]
        output = OUTPUT if i == len(layers) - 1 else f"layer{i}"
        nodes.append(helper.make_node(layer.operator, [last, *names], [output], **layer.attributes))
        last = output
    ports = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in ((INPUT, observations), (OUTPUT, actions))
    ]
    graph = helper.make_graph(nodes, "policy", ports[:1], ports[1:], constants)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="swaptwin"
    )
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def write_bundle(
    folder: Path, graph: bytes, contract: dict[str, Any], title: str, *, replace: bool = False
) -> Contract:
    """Write a bundle; the folder is complete at the end, or unchanged.

    Args:
        folder: its parent must exist.
        contract: everything a `Contract` holds but `format` and `policy_sha256`.
        title: of the card.
        replace: replace an existing bundle.

    Raises:
        InputError: the folder exists already, or cannot be written.
        OSError: the disk is full.
    """
    checked = Contract.model_validate(
        {**contract, "format": 1, "policy_sha256": hashlib.sha256(graph).hexdigest()}, strict=False
    )
    if folder.exists() and not replace:
        raise InputError("already exists", file=folder)
    if folder.exists() and not (folder.is_dir() and set(os.listdir(folder)) <= set(FILES)):
        raise InputError("is not a bundle, and is not replaced", file=folder)
    contents = {
        ONNX: graph,
        CONTRACT: (checked.model_dump_json(indent=2) + "\n").encode(),
        CARD: card_text(title, checked).encode(),
    }
    token = secrets.token_hex(8)
    part, old = (folder.with_name(f".{token}.{kind}") for kind in ("part", "old"))
    try:
        part.mkdir()
        for name, data in contents.items():
            with open(part / name, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        if folder.exists():
            os.rename(folder, old)
        os.rename(part, folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            os.rename(old, folder)
        if error.errno in DISK_ERRORS:
            raise OSError(error.errno, error.strerror, str(folder)) from None
        raise InputError(f"cannot be written: {reason(error)}", file=folder) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return checked
