"""The parts of a classifier's circuit, each described once, as a netlist of small nodes."""
