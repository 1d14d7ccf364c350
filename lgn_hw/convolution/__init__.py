"""The convolutional structure of a classifier: kernels once, and where they stand.

A flat netlist repeats a kernel's nodes at every position, thousands of times. A circuit that takes
positions one after the other needs the kernel once; so the structure is kept beside the netlist,
and both are held to the same scores by tests and by proof.
"""

from lgn_hw.convolution.convolution import Convolution
from lgn_hw.convolution.kernels import Kernels, window_positions
from lgn_hw.convolution.or_pool import or_pooled

__all__ = ["Convolution", "Kernels", "or_pooled", "window_positions"]
