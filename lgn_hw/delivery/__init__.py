"""The folder that is handed to whoever builds the circuit: sources, testbench, constraints."""
