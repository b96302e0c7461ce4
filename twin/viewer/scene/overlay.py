"""Nodes that are drawn unlike the rest: over everything and without a shadow; the ground, last of all solid things."""

from __future__ import annotations

from panda3d.core import CullBinManager, DepthOffsetAttrib, NodePath

from twin.viewer.graphics.stage import SEEN_BY_SUN

GROUND_BIN, GROUND_SORT = "ground", 25
"""Between opaque (20) and transparent (30): most of the ground is hidden by then, and the ghost still lies over it."""
FRONT_SHARE = 0.05
"""Share of the depth buffer for what is drawn over everything: it hides the scene, but still itself rightly."""


def over_everything(node: NodePath) -> NodePath:
    """Draws `node` in front of all solid things and without a shadow."""
    node.set_attrib(DepthOffsetAttrib.make(0, 0.0, FRONT_SHARE))
    node.set_bin("fixed", 10)
    node.hide(SEEN_BY_SUN)
    return node


def as_ground(node: NodePath) -> NodePath:
    """Draws `node` after all other solid things; it receives shadows and casts none."""
    manager = CullBinManager.get_global_ptr()
    if manager.find_bin(GROUND_BIN) < 0:
        manager.add_bin(GROUND_BIN, CullBinManager.BT_fixed, GROUND_SORT)
    node.set_bin(GROUND_BIN, 0)
    node.hide(SEEN_BY_SUN)
    return node
