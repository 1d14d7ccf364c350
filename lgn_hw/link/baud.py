"""The UART's time base: how a clock is divided into bits.

Both ends sample from the start bit on, and their clocks drift apart until the stop bit, 9.5 bits
later: half a bit is 5 % of that.
"""

from dataclasses import dataclass

from lgn_hw.errors import UsageError

__all__ = ["BITS_PER_BYTE", "BaudRate"]

BITS_PER_BYTE = 10  # with start and stop bit
FEWEST_CLOCKS = 4  # a bit needs three different sampling points
MAX_ERROR = 0.02  # of each side; a byte is lost at about 5 % between both


@dataclass(frozen=True)
class BaudRate:
    """Divide a clock into bits; raises UsageError where that cannot be done within 2 %.

    clock_hz: of the device. baud: bits per second that were asked for.
    """

    clock_hz: int
    baud: int

    def __post_init__(self) -> None:
        # The divider must be checked first: the error below divides by it.
        if self.baud <= 0 or self.clocks_per_bit < FEWEST_CLOCKS:
            raise UsageError(
                f"The baud rate must be 1 to {self.clock_hz // FEWEST_CLOCKS} with a clock of"
                f" {self.clock_hz / 1e6:g} MHz, {FEWEST_CLOCKS} clock cycles per bit, not"
                f" {self.baud}"
            )
        if abs(self.error) > MAX_ERROR:
            raise UsageError(
                f"The baud rate {self.baud} would be {100 * self.error:+.1f} % off with a clock of"
                f" {self.clock_hz / 1e6:g} MHz, and 2 % is the limit; choose"
                f" {round(self.clock_hz / self.clocks_per_bit)} or a lower one"
            )

    @property
    def clocks_per_bit(self) -> int:
        """Clock cycles of one bit, rounded."""
        return round(self.clock_hz / self.baud) if self.baud > 0 else 0

    @property
    def error(self) -> float:
        """How much faster the device's bits are than asked for, as a fraction."""
        return self.clock_hz / self.clocks_per_bit / self.baud - 1
