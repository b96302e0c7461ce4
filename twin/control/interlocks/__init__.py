"""Interlocks of the controller: conditions that trip the running station; permissives may refuse a command.

They read sensors only (`axis_position`, `load_cell_n`, switches, the last scan) and trust no command about what the
robot holds. The independent monitor in `twin.monitor` shares nothing with them.
"""
