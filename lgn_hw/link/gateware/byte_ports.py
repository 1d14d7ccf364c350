"""The ports of a core on the link: bytes in, classes out."""

from amaranth.lib.wiring import In, Member, Out

from lgn_hw.circuit.argmax import class_width

__all__ = ["byte_ports"]


def byte_ports(num_classes: int) -> dict[str, Member]:
    """Return the ports that ByteCore and PixelCore share; ByteCore says what they mean.

    The device around them need not know which core it holds: only the self-test reads one more, the
    o_ready of PixelCore.
    """
    return {
        "i_start": In(1),
        "i_byte": In(8),
        "i_valid": In(1),
        "o_between": Out(1),
        "o_class": Out(class_width(num_classes)),
        "o_done": Out(1),
    }
