"""The parts of a classifier's circuit, each described once, as a netlist of small nodes.

Encoder, logic, popcount and argmax follow each other (circuit.Circuit); heads/ has the ways to
count votes, options what a core is built like, registers where it is cut into pipeline stages,
header what its Verilog says of itself. Nothing here is Amaranth: a description is evaluated, proven
and counted as it is, and `hdl` turns the same description into hardware.
"""
