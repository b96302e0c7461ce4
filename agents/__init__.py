"""Baselines and policies, the evaluator that compares them, the trainer that makes them."""
