"""Transformations of netlists, one per file: each takes a Netlist and returns an equal one.

A pass keeps the inputs, the number of outputs and their order, and never raises the depth; which
nodes stand between is free. Each is idempotent, and returns the very same object where it changes
nothing, so that `is` tells whether there was anything to do. Rules that look at one node (aliases,
constants, duplicate_pins, strash, support) are functions of a Batch, which `sweep` carries through
the netlist; `optimize` has the order in which a user meets them.
"""
