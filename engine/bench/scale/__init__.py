"""A simulation of many servers: what cards, processes and money they take.

Figures of one card come from `docs/benchmarks`; the rest are assumptions, and are printed as such.
"""
