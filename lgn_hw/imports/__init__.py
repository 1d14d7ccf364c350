"""Nets of others as classifiers: gates and connections, netlists; each one checked."""
