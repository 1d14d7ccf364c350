"""Platforms of Amaranth that amaranth-boards lacks, or has without a UART; imported by name."""
