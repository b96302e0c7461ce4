"""Timing sets for use outside: parameter tables, and the steps in which a commissioning engineer ramps them in."""
