"""A day of the station: arrivals, queue, swaps as the twin measured them, packs, chargers, grid and faults."""
