"""Evaluation of netlists in software: node by node, and packed with 64 samples per word.

The first form is the definition, checked by eye against docs/netlist.md; the second is the one to
use, and tests hold them equal. inference.engine is faster still, compiled, and held equal too.
"""

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import NetlistError
from lgn_hw.netlist.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.order import Group, group_nodes, order_nodes
from lgn_hw.netlist.tables import compose

__all__ = ["evaluate", "evaluate_reference", "evaluate_words", "pack_samples", "unpack_samples"]

WORD_BITS = 64
ALL_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
BLOCK_BYTES = 8 << 20  # net values held at a time: measured fastest where they stay in cache
MIN_BLOCK_WORDS = 8  # a cache line of each net


def evaluate_reference(netlist: Netlist, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Evaluate a netlist node by node: slow, and obviously what docs/netlist.md says.

    bits: bool[samples, inputs]. Returns bool[samples, outputs]. Raises NetlistError on a wrong
    shape or dtype.
    """
    bits = _checked(netlist, bits)
    values = np.zeros((netlist.num_nets, len(bits)), bool)
    values[1] = True
    values[FIRST_INPUT : netlist.first_node] = bits.T
    for node in range(netlist.num_nodes):
        index = np.zeros(len(bits), np.uint64)
        for pin in range(netlist.arity[node]):
            # Pin 0 is bit 0 of the entry's number, as docs/netlist.md says.
            index |= values[netlist.fanin[node, pin]].astype(np.uint64) << np.uint64(pin)
        values[netlist.first_node + node] = (netlist.table[node] >> index) & np.uint64(1)
    return values[netlist.outputs].T


def evaluate(netlist: Netlist, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Evaluate a netlist on many samples, 64 a word; equal to evaluate_reference.

    bits: bool[samples, inputs]. Returns bool[samples, outputs]. Raises NetlistError on a wrong
    shape or dtype.
    """
    bits = _checked(netlist, bits)
    return unpack_samples(evaluate_words(netlist, pack_samples(bits)), len(bits))


def evaluate_words(netlist: Netlist, words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Evaluate a netlist on packed samples.

    words: uint64[inputs, n]; bit b of word w is sample 64*w + b. Returns uint64[outputs, n].

    Where samples do not fill the last word, its other bits hold what zeros give, and mean nothing.
    """
    ordered = order_nodes(netlist)
    groups = group_nodes(ordered)
    # The values of all nets stay in the cache for a block of words; all samples at once would go
    # through main memory once per gate.
    block = max(MIN_BLOCK_WORDS, BLOCK_BYTES // (8 * netlist.num_nets))
    result = np.empty((netlist.num_outputs, words.shape[1]), np.uint64)
    for start in range(0, words.shape[1], block):
        part = words[:, start : start + block]
        values = np.empty((netlist.num_nets, part.shape[1]), np.uint64)
        values[0] = 0
        values[1] = ALL_ONES
        values[FIRST_INPUT : netlist.first_node] = part
        for group in groups:
            _evaluate_group(ordered, group, values)
        result[:, start : start + block] = values[ordered.outputs]
    return result


def pack_samples(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack bool[samples, n] into uint64[n, ceil(samples/64)], sample 0 in bit 0 of word 0."""
    words = -(-len(bits) // WORD_BITS)
    # packbits fills whole bytes; the rest of the last word must be zero, and is a byte array until
    # then because the bytes of a word lie in the machine's order.
    padded = np.zeros((bits.shape[1], words * 8), np.uint8)
    packed = np.packbits(bits.T, axis=1, bitorder="little")
    padded[:, : packed.shape[1]] = packed
    return padded.view("<u8").astype(np.uint64, copy=False)


def unpack_samples(words: NDArray[np.uint64], samples: int) -> NDArray[np.bool_]:
    """Unpack uint64[n, words] into bool[samples, n]; the inverse of pack_samples."""
    octets = words.astype("<u8", copy=False).view(np.uint8)
    bits = np.unpackbits(octets, axis=1, count=samples, bitorder="little")
    return bits.astype(bool).T


def _evaluate_group(netlist: Netlist, group: Group, values: NDArray[np.uint64]) -> None:
    """Evaluate all nodes that share a table, 64 samples per word."""
    nodes = slice(group.start, group.stop)
    inputs = [values[netlist.fanin[nodes, pin]] for pin in range(group.arity)]
    count = group.stop - group.start

    def constant(mask: int) -> NDArray[np.uint64]:
        octets = np.frombuffer(mask.to_bytes((count + 7) // 8, "little"), np.uint8)
        bits = np.unpackbits(octets, count=count, bitorder="little")
        return np.where(bits, ALL_ONES, np.uint64(0))[:, None]

    first = netlist.first_node + group.start
    values[first : first + count] = compose(group.masks, inputs, group.full, constant)


def _checked(netlist: Netlist, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return bits of the right shape and type; raises NetlistError naming what is wrong."""
    bits = np.asarray(bits)
    if bits.dtype != np.bool_:
        raise NetlistError(f"bits must be a bool array, not {bits.dtype}")
    if bits.ndim != 2 or bits.shape[1] != netlist.num_inputs:
        raise NetlistError(
            f"bits must have shape (samples, {netlist.num_inputs}), not {bits.shape}"
        )
    return bits
