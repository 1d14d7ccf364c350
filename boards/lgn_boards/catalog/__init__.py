"""One file a board; each names its BOARD."""
