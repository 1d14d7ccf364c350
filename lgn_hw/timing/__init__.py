"""Timing: how fast a part is, where registers must stand for a clock, and what nextpnr reaches."""
