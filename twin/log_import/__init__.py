"""Station logs of any dialect as recordings: read by a mapping file, cleaned, completed by the twin, and told apart."""
