"""One swap's resolved inputs: station, truck, packs, who parks where, jobs and draws."""
