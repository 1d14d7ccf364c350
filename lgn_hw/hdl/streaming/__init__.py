"""A classifier of images in time: pixels in raster order, each kernel built once."""

from lgn_hw.hdl.streaming.core import StreamingCore, StreamingOptions

__all__ = ["StreamingCore", "StreamingOptions"]
