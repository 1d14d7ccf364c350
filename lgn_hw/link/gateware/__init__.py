"""The circuit behind the link: UART, frames, self-test, in Amaranth.

uart_classifier is the whole of it. Beside each module lies its model in software, one room up:
frame_receiver and answer beside frame.py, device beside model.py; the tests run both on the same
bytes. Everything is made to be small, because the smallest boards have 1280 LUTs: states instead of
buffers, one memory for results, identity and self-test, comparisons without carry chains.
"""
