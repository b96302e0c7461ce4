"""Experiments on whole swaps: the trial function, its ledger, and their runner."""
