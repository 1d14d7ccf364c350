"""File formats: what is written to disk and read back.

lgn is the project's own file, one classifier with its checksum. aiger and aiger_ascii are the
and-inverter graphs of ABC and of SAT tools, blif the networks of LUTs that mapping tools exchange.
"""
