"""One file per board; each names its BOARD."""
