"""All the Numba there is: one pass each, arrays in, integers out. Passes know no other room."""
