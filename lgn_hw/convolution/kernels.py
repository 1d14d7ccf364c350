"""One convolution: trees of nodes over a window, with the same tables at every position."""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from lgn_hw.convolution.arrays import frozen
from lgn_hw.convolution.or_pool import or_pooled
from lgn_hw.errors import ClassifierError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.node_builder import CONSTANT_0, Nets, NodeBuilder

__all__ = ["Kernels", "window_positions"]

MAX_SIZE = 255  # of a window, a stride, a pool


@dataclass(frozen=True, eq=False)
class Kernels:
    """Compute kernels at every position of an image, and the OR of neighbouring positions.

    kernel_size: rows and columns of the window; stride: from window to window; padding: rows and
    columns of zeros around the image, below kernel_size. leaves: int32[kernels, leaves], what the
    trees read, each a place (channel * kernel_size + row) * kernel_size + column of the window.
    fan_in: inputs of a node. A kernel has fan_in ** levels leaves; node n of a level reads the
    nodes n * fan_in and following of the level before, and the lowest level leaves. tables:
    uint64[nodes], by level, the lowest first, then by kernel, then by node. pool: positions of a
    window of pool x pool become one, their OR; 1 where there is no pool.

    Raises ClassifierError naming the field that breaks a rule.
    """

    kernel_size: int
    stride: int
    padding: int
    leaves: NDArray[np.int32]
    fan_in: int
    tables: NDArray[np.uint64]
    pool: int = 1

    def __post_init__(self) -> None:
        for name, low, high in (
            ("kernel_size", 1, MAX_SIZE),
            ("stride", 1, MAX_SIZE),
            ("padding", 0, max(0, _plain(self.kernel_size) - 1)),
            ("fan_in", 2, MAX_FANIN),
            ("pool", 1, MAX_SIZE),
        ):
            value = getattr(self, name)
            if _plain(value) != value or not low <= value <= high:
                raise ClassifierError(
                    f"{name} of a convolution must be an integer, {low} to {high}, not {value!r}"
                )
        object.__setattr__(self, "leaves", frozen("leaves", self.leaves, np.int32, 2))
        object.__setattr__(self, "tables", frozen("tables", self.tables, np.uint64, 1))
        self._check_trees()

    @property
    def num_kernels(self) -> int:
        """How many kernels there are: the channels of what comes out."""
        return len(self.leaves)

    @property
    def nodes_of_levels(self) -> list[int]:
        """Return how many nodes of one kernel each level has, the lowest first."""
        nodes, sizes = self.leaves.shape[1], []
        while nodes > 1:
            nodes //= self.fan_in
            sizes.append(nodes)
        return sizes

    def positions(self, rows: int, columns: int) -> tuple[int, int]:
        """Return rows and columns of windows on an image; raises ClassifierError without one."""
        return window_positions(rows, columns, self.kernel_size, self.stride, self.padding)

    def output_size(self, rows: int, columns: int) -> tuple[int, int]:
        """Return rows and columns after the pool; raises ClassifierError where it leaves some."""
        high, wide = self.positions(rows, columns)
        if high % self.pool or wide % self.pool:
            raise ClassifierError(
                f"An OR pool of {self.pool} needs rows and columns that are multiples of it, not"
                f" {high} x {wide}"
            )
        return high // self.pool, wide // self.pool

    def lower(self, builder: NodeBuilder, nets: Nets) -> Nets:
        """Add the trees of every kernel at every position of nets[channels, rows, columns], and
        the pool; return int32[kernels, rows', columns'].
        """
        size = self.positions(*nets.shape[1:])
        outside = np.pad(nets, ((0, 0), (self.padding,) * 2, (self.padding,) * 2))
        values = self._leaf_nets(outside, size)  # padded with net 0, which is CONSTANT_0
        for tables in self._tables_of_levels():
            nodes = values.shape[1] // self.fan_in
            # Axes are now kernel, node, position, pin: neighbouring values of a level are the pins
            # of one node.
            pins = values.reshape(self.num_kernels, nodes, self.fan_in, -1).swapaxes(2, 3)
            repeated = np.repeat(tables, size[0] * size[1])
            added = builder.add(pins.reshape(-1, self.fan_in), repeated)
            values = added.reshape(self.num_kernels, nodes, -1)
        found = values.reshape(self.num_kernels, *size)
        return or_pooled(builder, found, self.pool) if self.pool > 1 else found

    def window(self, channels: int) -> Netlist:
        """Return the kernels once, on one window: input (channel * kernel_size + row) * kernel_size
        + column, and an output for each kernel.
        """
        one = Kernels(self.kernel_size, 1, 0, self.leaves, self.fan_in, self.tables)
        builder = NodeBuilder(channels * self.kernel_size**2)
        inputs = np.arange(FIRST_INPUT, FIRST_INPUT + builder.inputs, dtype=np.int32)
        places = inputs.reshape(channels, self.kernel_size, self.kernel_size)
        return builder.netlist(one.lower(builder, places).reshape(-1))

    def check_channels(self, channels: int) -> None:
        """Raise ClassifierError where a leaf reads a channel that the image does not have."""
        places = channels * self.kernel_size**2
        wrong = (self.leaves < 0) | (self.leaves >= places)
        if wrong.any():
            kernel, leaf = (int(i) for i in np.argwhere(wrong)[0])
            raise ClassifierError(
                f"Leaf {leaf} of kernel {kernel} must be one of the places 0 to {places - 1} of the"
                f" window, not {self.leaves[kernel, leaf]}"
            )

    def _leaf_nets(self, image: Nets, size: tuple[int, int]) -> Nets:
        """Return int32[kernels, leaves, positions] of a padded image."""
        area = self.kernel_size**2
        # A leaf's number is (channel, row, column) of the window, in mixed radix; two more axes are
        # the positions.
        row = self.leaves[..., None, None] // self.kernel_size % self.kernel_size
        column = self.leaves[..., None, None] % self.kernel_size
        rows = row + np.arange(size[0])[:, None] * self.stride
        columns = column + np.arange(size[1]) * self.stride
        found: Nets = image[self.leaves[..., None, None] // area, rows, columns]
        return found.reshape(*self.leaves.shape, -1)

    def _tables_of_levels(self) -> list[NDArray[np.uint64]]:
        """Return uint64[kernels * nodes] of each level, the lowest first."""
        sizes = [self.num_kernels * nodes for nodes in self.nodes_of_levels]
        return np.split(self.tables, list(accumulate(sizes))[:-1]) if sizes else []

    def _check_trees(self) -> None:
        """Raise ClassifierError where leaves and tables make no trees."""
        kernels, leaves = self.leaves.shape
        whole = leaves
        while whole > 1 and whole % self.fan_in == 0:
            whole //= self.fan_in
        if not kernels or leaves < self.fan_in or whole != 1:
            raise ClassifierError(
                f"leaves must be kernels by a power of fan_in {self.fan_in}, not {kernels} x"
                f" {leaves}"
            )
        wanted = kernels * sum(self.nodes_of_levels)
        if len(self.tables) != wanted:
            raise ClassifierError(
                f"tables must have one value for each of {wanted} nodes of trees,"
                f" not {len(self.tables)}"
            )
        wide = self.fan_in < MAX_FANIN and (self.tables >> np.uint64(1 << self.fan_in)) != 0
        if np.any(wide):
            node = int(np.argmax(wide))
            raise ClassifierError(
                f"Table {node} has {1 << self.fan_in} entries;"
                f" {int(self.tables[node]):#x} has bits above them"
            )


def window_positions(
    rows: int, columns: int, kernel_size: int, stride: int, padding: int
) -> tuple[int, int]:
    """Return rows and columns of windows on an image; raises ClassifierError without one."""
    spare = [size + 2 * padding - kernel_size for size in (rows, columns)]
    if min(spare) < 0:
        raise ClassifierError(
            f"A window of {kernel_size} x {kernel_size} does not fit {rows} x {columns} pixels with"
            f" padding {padding}"
        )
    return spare[0] // stride + 1, spare[1] // stride + 1


def _plain(value: object) -> int:
    """Return an integer's value, and -1 for what is none, truth values included."""
    is_integer = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return int(value) if is_integer else -1  # type: ignore[call-overload]


assert CONSTANT_0 == 0  # what np.pad puts around an image
