"""Synthesis: running yosys, and counting what a design costs.

estimate counts the LUTs and flip-flops of a core's Verilog by part; mapping lets ABC restructure
the gates, and keeps the result only where it is proven equal; targets says what a core is built
like for a family of FPGAs. Proofs are in `prove`, places and clocks in `timing`.
"""
