"""The convolutional structure of a classifier: kernels once, and where they stand."""

from lgn_hw.convolution.convolution import Convolution
from lgn_hw.convolution.kernels import Kernels
from lgn_hw.convolution.or_pool import or_pooled

__all__ = ["Convolution", "Kernels", "or_pooled"]
