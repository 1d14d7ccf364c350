"""Wiring: which inputs the nodes of a layer read."""

from lgn_train.wiring.geometry import Geometry
from lgn_train.wiring.learned import LearnedWiring, Picks
from lgn_train.wiring.random import random_wiring
from lgn_train.wiring.structured import structured_wiring
from lgn_train.wiring.windows import window_places
from lgn_train.wiring.wiring import Wiring

__all__ = [
    "Geometry",
    "LearnedWiring",
    "Picks",
    "Wiring",
    "random_wiring",
    "structured_wiring",
    "window_places",
]
