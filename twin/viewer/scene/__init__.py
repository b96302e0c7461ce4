"""The station in 3D: meshes made from the catalogue's numbers, moved by a snapshot."""
