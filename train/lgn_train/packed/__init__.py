"""The bit-parallel engine: 64 samples per word, from encoder bits to votes.

Importing it needs no compiler; kernels are compiled at first use. `why_not_compiled` and
`why_not_cuda` say what stands in the way where it does not run.
"""

from lgn_train.packed import ops
from lgn_train.packed.bits import PackedBits
from lgn_train.packed.kernels import why_not_compiled, why_not_cuda
from lgn_train.packed.stage_graph import Stage, StageGraph

__all__ = ["PackedBits", "StageGraph", "Stage", "ops", "why_not_compiled", "why_not_cuda"]
