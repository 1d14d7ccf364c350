"""Timing: how fast a part is, where registers must stand for a clock, and what nextpnr reaches.

levels says what each level of the datapath costs, parts what a LUT takes on a device, plan where
registers stand by that model, and place and search ask nextpnr, whose figure is the one that is
reported. The model only says what is tried first.
"""
