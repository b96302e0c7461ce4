"""Training: stable-baselines3 on the environments, from one YAML file a task to a policy bundle."""
