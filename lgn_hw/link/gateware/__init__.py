"""The circuit behind the link: UART, frames, self-test, in Amaranth."""
