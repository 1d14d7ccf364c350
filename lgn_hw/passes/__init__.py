"""Transformations of netlists, one a file: each takes a Netlist and returns an equal one."""
