"""Data only: stations, trucks, packs and timing sets as YAML, each number with its provenance beside it."""
