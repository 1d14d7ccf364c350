"""File formats: what is written to disk and read back."""
