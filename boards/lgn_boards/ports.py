"""Serial ports by pyserial."""

from typing import Any

from lgn_hw.errors import ToolNotFound, UsageError

__all__ = ["SerialTransport", "serial_ports"]


def serial_ports() -> list[str]:
    """Return the names of all USB serial ports; raises ToolNotFound where pyserial is missing."""
    _serial()
    from serial.tools import list_ports

    return sorted(port.device for port in list_ports.comports() if port.vid is not None)


class SerialTransport:
    """A serial port as a client.Transport: 8 data bits, no parity, one stop bit.

    patience: seconds that a write may take beside the time of its bytes. Raises UsageError where
    the port cannot be opened, ToolNotFound where pyserial is missing.
    """

    def __init__(self, port: str, baud: int, patience: float = 1.0) -> None:
        serial = _serial()
        self._baud, self._patience = baud, max(1.0, patience)
        self._too_slow = serial.SerialTimeoutException
        try:
            self._port = serial.Serial(port, baud, exclusive=True)
        except (OSError, ValueError) as problem:
            raise UsageError(
                f"The port {port} cannot be opened ({problem}); is it there, is it free, and may"
                " you use it (group dialout)?"
            ) from problem
        # Bytes of an earlier session, which would be parsed as answers.
        self._port.reset_input_buffer()

    def write(self, data: bytes) -> None:
        """Send all bytes; raises OSError where the port is gone, or nobody takes them."""
        seconds = self._patience + 2 * 10 * len(data) / self._baud
        self._port.write_timeout = seconds
        try:
            self._port.write(data)
        except self._too_slow as problem:
            raise TimeoutError(
                f"its port has taken no data for {seconds:.3g} s; is it the board's?"
            ) from problem

    def read(self, timeout: float) -> bytes:
        """Return what has arrived; wait so many seconds for the first byte, or raise OSError."""
        self._port.timeout = timeout
        # One byte is waited for; what has come with it is taken without waiting.
        first: bytes = self._port.read(1)
        return first + self._port.read(self._port.in_waiting) if first else b""

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def _serial() -> Any:
    """Return pyserial; raises ToolNotFound with the command that installs it."""
    try:
        import serial
    except ModuleNotFoundError:
        raise ToolNotFound(
            "pyserial is missing; install it with: pip install 'lgn-hw[boards]'"
        ) from None
    return serial
