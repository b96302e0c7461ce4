"""Motion: jerk-limited profiles (`profile`), input shapers (`shaper`) and a checked front for both (`plan`)."""
