"""Converts station logs of any dialect to recordings: read with a mapping file, cleaned, completed by the twin, and
marked by provenance."""
