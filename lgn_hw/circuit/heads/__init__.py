"""The ways to count votes, a file each."""
