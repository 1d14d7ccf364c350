"""Simulate emitted Verilog in cocotb against the classifier it was made from."""
