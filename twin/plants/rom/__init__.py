"""The reduced-order plant: the same axes, sway, truck and contacts in a kernel of our own, many worlds at once."""

from twin.plants.rom.plant import RomPlant

__all__ = ["RomPlant"]
