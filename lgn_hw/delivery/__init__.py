"""The folder that is handed to whoever builds the circuit: sources, testbench, constraints.

Whoever builds the chip may have none of our tools: the folder needs a simulator and their own
synthesis, and says with digests what it is.
"""
