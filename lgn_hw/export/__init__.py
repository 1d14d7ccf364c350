"""Classifiers for others: C for microcontrollers, netlists for tools; each one proven."""
