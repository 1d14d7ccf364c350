"""Fast inference on a CPU: a classifier as a program for an interpreter in C++.

The netlist becomes instructions on slots, each of which holds one bit of 512 samples; the
interpreter (csrc/) runs them over blocks that stay in the cache. Why not generated C per network: a
compiler takes long over a million gates, and an interpreter with 512 samples per instruction
spends its time in the vectors. reference is the definition in numpy, and runs where there is no
compiler; export writes C of the same program for microcontrollers.
"""

from lgn_hw.inference.cuda_engine import CudaEngine
from lgn_hw.inference.engine import Engine
from lgn_hw.inference.library import why_not_compiled
from lgn_hw.inference.make import make_engine
from lgn_hw.inference.reference import Reference

__all__ = ["CudaEngine", "Engine", "Reference", "make_engine", "why_not_compiled"]
