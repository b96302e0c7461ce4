"""The built-in controller: commands, interlocks, permissives, setpoint following. It knows the process image alone."""
