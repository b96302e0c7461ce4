"""The built-in controller: commands, interlocks, permissives, setpoint following. It uses the process image alone."""
