"""Search of a timing set: space, scenarios, score, samplers, racing, and the check on the reference plant."""
