"""Nodes with special draw order: over everything and without a shadow; the ground after all solid objects."""

from __future__ import annotations

from panda3d.core import CullBinManager, DepthOffsetAttrib, NodePath

from twin.viewer.graphics.stage import SEEN_BY_SUN

GROUND_BIN, GROUND_SORT = "ground", 25
"""Between opaque (20) and transparent (30): most of the ground is hidden by then, and the ghost is still drawn over
it."""
FRONT_SHARE = 0.05
"""Share of the depth buffer for nodes over everything: they hide the scene, but still sort among themselves."""


def over_everything(node: NodePath) -> NodePath:
    """Draw `node` in front of all solid objects and without a shadow."""
    node.set_attrib(DepthOffsetAttrib.make(0, 0.0, FRONT_SHARE))
    node.set_bin("fixed", 10)
    node.hide(SEEN_BY_SUN)
    return node


def as_ground(node: NodePath) -> NodePath:
    """Draw `node` after all other solid objects; it receives shadows and casts none."""
    manager = CullBinManager.get_global_ptr()
    if manager.find_bin(GROUND_BIN) < 0:
        manager.add_bin(GROUND_BIN, CullBinManager.BT_fixed, GROUND_SORT)
    node.set_bin(GROUND_BIN, 0)
    node.hide(SEEN_BY_SUN)
    return node
