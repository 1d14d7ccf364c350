"""Classifiers for others: C for microcontrollers, netlists for tools; each one proven.

Each form is read back by the reader that its users have (yosys for Verilog, AIGER's own encoding,
the numbers in the C), and that is proven equal to the classifier, so that a fault of the writer is
found before anybody has the file.
"""
