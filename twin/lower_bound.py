"""placeholder"""
def lower_bound_s(cell): return 100.0
