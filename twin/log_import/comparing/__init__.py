"""The twin beside a station's log: what it would have done with the same moves, and where the two part."""
