"""The loop that composes plant, sensors, controller, monitor and key figures, and owns time."""
