"""The same questions, asked of other tools in the best form that we can write.

Each module has ``cold(path)``: from a Parquet file to the counts of channel transitions, as
``{(source, target): count}``, so that the answers can be compared, and what they were counted
from, so that its memory is not given back while the clock runs. ``later(path)`` gives further
questions as functions by name: transitions, steps, flows, paths.
"""
