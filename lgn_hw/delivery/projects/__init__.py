"""Texts with which a delivered circuit enters what others build with: FuseSoC, LiteX, PYNQ.

Each module has `files(classifier, design)`, which returns texts by path in the delivered folder. At
its head every text says what it was tried with, and with what not, because whoever opens it may
know nothing of lgn-hw.
"""
