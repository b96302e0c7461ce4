"""The station in 3D: meshes built from the catalogue's numbers, moved by snapshots."""
