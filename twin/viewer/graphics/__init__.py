"""Panda3D underneath: the graphics pipe, light and shadow, cameras, pictures."""
