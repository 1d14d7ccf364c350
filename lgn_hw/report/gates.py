"""Names of truth tables, for people."""

import numpy as np

from lgn_hw.netlist import Netlist

__all__ = ["count_tables", "table_name"]

# Indexed by the table: entry sum(x_j << j) of inputs a = x_0 and b = x_1 (docs/netlist.md).
ONE_INPUT = ("0", "NOT", "BUF", "1")
TWO_INPUTS = (
    "0", "NOR", "a AND NOT b", "NOT b", "b AND NOT a", "NOT a", "XOR", "NAND",
    "AND", "XNOR", "a", "a OR NOT b", "b", "b OR NOT a", "OR", "1",
)  # fmt: skip


def table_name(arity: int, table: int) -> str:
    """Return what a table is called: the gate's name up to two inputs, else the table itself.

    arity: 1 to 6. table: entry sum(x_j << j) in bit number of the entry. Of 3 inputs or more the
    table itself is written in hexadecimal, a digit for four entries.
    """
    if arity <= 2:
        return (ONE_INPUT if arity == 1 else TWO_INPUTS)[table]
    return f"{arity} inputs, {table:#0{2 + max(2, (1 << arity) // 4)}x}"


def count_tables(netlist: Netlist) -> list[dict[str, int]]:
    """Return how many nodes have each table: arity, table and nodes, the most first.

    Tables of equal bits and different arity count apart. Ties keep the order of arity and table.
    """
    kinds = np.stack([netlist.arity.astype(np.uint64), netlist.table])
    found, nodes = np.unique(kinds, axis=1, return_counts=True)
    order = np.argsort(-nodes, kind="stable")
    return [
        {"arity": arity, "table": table, "nodes": count}
        for arity, table, count in zip(
            *(row[order].tolist() for row in found), nodes[order].tolist(), strict=True
        )
    ]
