"""Recorded frames as scene nodes."""

from __future__ import annotations

from panda3d.core import LPoint3, LQuaternion, NodePath

from twin.viewer.snapshot import WORLD_FRAME, Names, Snapshot


class FrameNodes:
    """A node per frame of the recording, each under its parent's node."""

    def __init__(self, root: NodePath, names: Names) -> None:
        self.root = root
        self._nodes: dict[str, NodePath] = {WORLD_FRAME: root}
        waiting = list(names.frames)
        while waiting:
            ready = [frame for frame in waiting if frame.parent in self._nodes]
            if not ready:
                raise ValueError(f"frames without a parent: {[frame.name for frame in waiting]}")
            for frame in ready:
                self._nodes[frame.name] = self._nodes[frame.parent].attach_new_node(frame.name)
            waiting = [frame for frame in waiting if frame.name not in self._nodes]
        self._ordered = [self._nodes[frame.name] for frame in names.frames]

    def __getitem__(self, name: str) -> NodePath:
        return self._nodes[name]

    def __contains__(self, name: str) -> bool:
        return name in self._nodes

    def update(self, snapshot: Snapshot) -> None:
        """Move every node to its recorded pose."""
        for node, pose in zip(self._ordered, snapshot.poses.tolist(), strict=True):
            x, y, z, qx, qy, qz, qw = pose
            node.set_pos_quat(LPoint3(x, y, z), LQuaternion(qw, qx, qy, qz))
