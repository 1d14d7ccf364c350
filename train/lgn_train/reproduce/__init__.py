"""Published experiments as commands: `lgn reproduce`."""

from lgn_train.reproduce.mind_the_gap import mind_the_gap
from lgn_train.reproduce.scale import Scale, load_scale

__all__ = ["Scale", "load_scale", "mind_the_gap"]
