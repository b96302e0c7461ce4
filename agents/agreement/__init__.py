"""How well the reduced-order plant agrees with the reference plant: the same seeds on both, judged line by line."""
