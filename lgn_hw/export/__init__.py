"""Classifiers in the languages of others: C for microcontrollers, netlists for tools; each proven."""
