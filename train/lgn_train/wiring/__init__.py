"""Wiring: which inputs the nodes of a layer read."""

from lgn_train.wiring.random import random_wiring
from lgn_train.wiring.wiring import Wiring

__all__ = ["Wiring", "random_wiring"]
