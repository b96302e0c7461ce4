"""Classical controllers, the baselines of the tasks."""
