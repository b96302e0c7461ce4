"""One swap's resolved inputs: station, truck, packs, parking, jobs and draws."""
