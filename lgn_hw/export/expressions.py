"""Truth tables as expressions of ~, &, | and ^, which C and Verilog write alike."""

from collections.abc import Sequence

__all__ = ["expression"]


def expression(table: int, names: Sequence[str]) -> str:
    """Return Shannon's expansion of a table at its last input, as short as its halves allow.

    names: of the inputs, input 0 first. The table must depend on one of them at least.

    table: entry sum(x_j << j) in bit number of the entry. Of each pair of halves the shortest form
    is taken: a constant half needs one operator, complementary halves an XOR, nested ones (low
    implies high) one operator less than a multiplexer. Operands with an operator get brackets, so
    that no precedence of C or Verilog matters.
    """
    size = 1 << (len(names) - 1)
    full = (1 << size) - 1
    rest, x = names[:-1], names[-1]
    low, high = table & full, table >> size
    if low == high:
        return expression(low, rest)
    forms = {(0, full): x, (full, 0): f"~{x}"}
    if (low, high) in forms:
        return forms[low, high]

    def of(part: int) -> str:
        text = expression(part, rest)
        return text if " " not in text else f"({text})"

    if low == 0:
        return f"{of(high)} & {x}"
    if high == 0:
        return f"{of(low)} & ~{x}"
    if low == full:
        return f"{of(high)} | ~{x}"
    if high == full:
        return f"{of(low)} | {x}"
    if low ^ high == full:
        return f"{of(low)} ^ {x}"
    if low & high == low:
        return f"{of(low)} | ({of(high)} & {x})"
    return f"{of(low)} ^ ({of(low ^ high)} & {x})"
