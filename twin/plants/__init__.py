"""The two plants behind one protocol: `BulletPlant` (reference) and `RomPlant` (reduced order)."""
