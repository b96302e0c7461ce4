"""Agreement of the reduced-order plant with the reference plant: the same seeds on both, judged line by line."""
