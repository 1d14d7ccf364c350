"""Fast inference: a classifier as a program for an interpreter in C++, or on a GPU.

The netlist becomes instructions on slots, each of which holds one bit of 512 samples; the
interpreter (csrc/) runs them over blocks that stay in the cache. Why not generated C per network: a
compiler takes long over a million gates, and an interpreter with 512 samples per instruction
spends its time in the vectors. A GPU computes the gates of a level side by side (csrc/engine.cu).
reference is the definition in numpy, and runs where there is no compiler; export writes C of the
same program for microcontrollers.
"""

from lgn_hw.inference.cuda_engine import CudaEngine
from lgn_hw.inference.engine import Engine
from lgn_hw.inference.library import why_not_compiled
from lgn_hw.inference.make import AnyEngine, make_engine
from lgn_hw.inference.reference import Reference

__all__ = ["AnyEngine", "CudaEngine", "Engine", "Reference", "make_engine", "why_not_compiled"]
