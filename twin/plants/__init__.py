"""The two plants behind one protocol: `BulletPlant` (reference) and, later, `RomPlant` (reduced order)."""
