"""What decides: baselines, policies, the evaluator that compares them, the trainer that makes them."""
