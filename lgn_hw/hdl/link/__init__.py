"""The link: a classifier behind a UART, its frames, and a device in software."""

from lgn_hw.hdl.link.frame import (
    ANSWER,
    COUNTERS_SIZE,
    IDENTITY_SIZE,
    MAX_PAYLOAD,
    OVERHEAD,
    REFUSED,
    SYNC,
    Command,
    Frame,
    Identity,
    Parser,
)
from lgn_hw.hdl.link.model import DeviceModel
from lgn_hw.hdl.link.plan import LinkPlan
from lgn_hw.hdl.link.samples import SampleFormat, packed_samples
from lgn_hw.hdl.link.terminal import Terminal
from lgn_hw.hdl.link.uart import BaudRate

__all__ = [
    "BaudRate",
    "LinkPlan",
    "Terminal",
    "DeviceModel",
    "Command",
    "Frame",
    "Identity",
    "Parser",
    "SampleFormat",
    "packed_samples",
    "SYNC",
    "ANSWER",
    "IDENTITY_SIZE",
    "COUNTERS_SIZE",
    "REFUSED",
    "OVERHEAD",
    "MAX_PAYLOAD",
]
