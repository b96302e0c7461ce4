"""Panda3D layer: the graphics pipe, light and shadow, cameras, pictures."""
