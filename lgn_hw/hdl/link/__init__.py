"""The link: a classifier behind a UART, its frames, and a device in software."""
