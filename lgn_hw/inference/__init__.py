"""Fast inference on a CPU: a classifier as a program for an interpreter in C++."""

from lgn_hw.inference.engine import Engine
from lgn_hw.inference.library import why_not_compiled
from lgn_hw.inference.make import make_engine
from lgn_hw.inference.reference import Reference

__all__ = ["Engine", "Reference", "make_engine", "why_not_compiled"]
