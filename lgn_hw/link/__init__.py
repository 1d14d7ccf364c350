"""The link to a classifier behind a UART: its frames, and a device in software; no Amaranth."""

from lgn_hw.link.baud import BaudRate
from lgn_hw.link.frame import (
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
from lgn_hw.link.model import DeviceModel
from lgn_hw.link.plan import LinkPlan
from lgn_hw.link.samples import SampleFormat, packed_samples

__all__ = [
    "BaudRate",
    "LinkPlan",
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
