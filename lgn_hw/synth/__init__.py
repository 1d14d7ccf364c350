"""Synthesis: running yosys, and counting what a design costs."""
