"""The reduced-order plant: the same axes, sway, truck and contacts in its own kernel, many worlds at once."""

from twin.plants.rom.plant import RomPlant

__all__ = ["RomPlant"]
