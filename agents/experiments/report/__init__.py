"""The report of an experiment: one HTML file that answers the specification's question, with the numbers behind it."""
