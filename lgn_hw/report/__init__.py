"""Reports: figures gathered from the steps of a run, each named and with its stage."""
