"""Proofs by SAT, of netlists, classifiers and Verilog."""
