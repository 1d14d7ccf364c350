"""The cases that run inside the simulator."""
