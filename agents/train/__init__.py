"""Training with stable-baselines3, from one YAML file per task to a policy bundle."""
