"""LogicConv2d: small trees of nodes that slide over an image, with the same tables everywhere."""

from itertools import accumulate, pairwise
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgn_hw.convolution.kernels import Kernels, window_positions
from lgn_train.checks import positive_integer, whole_number
from lgn_train.layers.circuit_layer import (
    ImageSize,
    Nets,
    NodeBuilder,
    require_shape,
    table_words_of,
    to_numpy,
)
from lgn_train.layers.logic_layer import LogicLayer, graph_of
from lgn_train.packed import kernels
from lgn_train.packed.bits import PackedBits
from lgn_train.packed.conv_graph import ConvGraph
from lgn_train.packed.stage_graph import NOTHING, StageGraph
from lgn_train.tracing import is_exporting
from lgn_train.wiring.learned import Groups, LearnedWiring, checked_candidates
from lgn_train.wiring.windows import window_inputs, window_places
from lgn_train.wiring.wiring import Wiring

__all__ = ["LogicConv2d"]


@final
class LogicConv2d(LogicLayer):
    """Compute out_channels kernels at every position of an image (2411.04732).

    float[batch, in_channels, rows, columns] to float[batch, out_channels, rows', columns'], where
    rows' = (rows + 2 * padding - kernel_size) // stride + 1. A kernel is a tree of tree_depth
    levels of nodes. Its fan_in ** tree_depth leaves are places in the window, drawn once, in
    channels_per_kernel of the channels; nodes share their tables over all positions, and so
    receive the sum of the gradients there. Outside of the image all values are 0.

    groups: into which channels and kernels are divided, taking turns: kernel k reads channels c
    with c % groups == k % groups. So what is wired to each other can lie together on a chip.
    channels_per_kernel: 2, or the channels there are in a group, where not given.
    candidates: 2 to 16 places of the window among which each leaf learns to choose (see
    LearnedWiring), dealt from channels_per_kernel of the channels, while redraw() draws from all
    of the group; 0 for leaves that are drawn.
    parametrization .. seed: as of LogicDense. With residual nodes a tree starts as its first leaf.

    tables() and logits are ordered by level, then kernel, then node; node n of a level reads nodes
    n * fan_in and following of the level before, of its own kernel and position. Raises TypeError
    or ValueError for options, and in forward for x.
    """

    leaves: Tensor  # int64[kernels, leaves], of drawn ones; chosen_leaves() has both kinds

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        tree_depth: int = 3,
        padding: int = 0,
        stride: int = 1,
        channels_per_kernel: int | None = None,
        fan_in: int = 2,
        parametrization: str = "raw",
        estimator: str = "gumbel_st",
        temperature: float = 1.0,
        init: str = "residual",
        input_gradient: str = "soft",
        seed: int | None = None,
        candidates: int = 0,
        groups: int = 1,
    ) -> None:
        depth = positive_integer("tree_depth", tree_depth)
        # Tables of all levels of a kernel's tree, which all positions share.
        kernels = positive_integer("out_channels", out_channels)
        tables = kernels * sum(_nodes(fan_in, depth))
        super().__init__(
            tables, fan_in, parametrization, estimator, temperature, init, input_gradient, seed
        )
        self.in_channels = positive_integer("in_channels", in_channels)
        self.out_channels, self.tree_depth = kernels, depth
        self.kernel_size = positive_integer("kernel_size", kernel_size)
        self.stride = positive_integer("stride", stride)
        self.padding = _in_range("padding", padding, 0, kernel_size - 1)
        self.groups = positive_integer("groups", groups)
        if in_channels % groups or kernels % groups:
            raise ValueError(
                f"groups must divide in_channels and out_channels, {in_channels} and {kernels}, not"
                f" {groups}"
            )
        own = in_channels // groups
        given = min(2, own) if channels_per_kernel is None else channels_per_kernel
        self.channels_per_kernel = _in_range("channels_per_kernel", given, 1, own)
        if candidates:
            self.learned = self._learned_leaves(checked_candidates(candidates))
        else:
            self.register_buffer("leaves", self._drawn_places(1).squeeze(2))
        self._wirings: dict[tuple[int, int, torch.device], list[Wiring]] = {}
        self.register_load_state_dict_post_hook(_forget_wirings)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor) -> Tensor:
        """Return float[batch, out_channels, rows', columns'] of values in [0, 1]."""
        self._check_input(x, ("batch", self.in_channels, "rows", "columns"))
        if is_exporting():
            raise NotImplementedError(
                "torch.export follows dense layers only, not LogicConv2d; export_model() makes the"
                " classifier of both"
            )
        size = self.output_size(x.shape[2], x.shape[3])
        if self.why_not_kernels():
            return self._of_windows(x, size)
        if self.computes_bits and not kernels.kernels_for(self.logits).on_cuda:
            return PackedBits(self._conv_graph(x, size), (self.out_channels, *size))
        values = self.evaluate(x.flatten(1), self._wirings_for(x), size[0] * size[1])
        return values.view(len(x), self.out_channels, *size)

    def why_not_kernels(self) -> list[str]:
        """Return why the present mode runs in float operations; also because learned leaves train
        on packed words on a CPU, or in floats.
        """
        reasons = super().why_not_kernels()
        learning = self.learned is not None and self.present_mode == "train"
        on_cuda = not reasons and kernels.kernels_for(self.logits).on_cuda
        if learning and (on_cuda or not self.computes_bits):
            reasons.append("learned leaves have packed kernels for bits on a CPU only")
        return reasons

    def chosen_leaves(self) -> Tensor:
        """Return int64[kernels, leaves], the leaves of the discrete circuit, each a place of the
        window: (channel * size + row) * size + column.
        """
        if self.learned is None:
            return self.leaves
        chosen = self.learned.wired(self.learned.likeliest()).indices
        return chosen.view(self.out_channels, -1)

    def output_size(self, rows: int, columns: int) -> tuple[int, int]:
        """Return rows' and columns'; raises ValueError where the window exceeds the image."""
        return window_positions(rows, columns, self.kernel_size, self.stride, self.padding)

    def widest_stage(self, rows: int, columns: int) -> int:
        """Return the nodes of the widest stage, the lowest level at all positions."""
        height, width = self.output_size(rows, columns)
        return self.out_channels * _nodes(self.fan_in, self.tree_depth)[0] * height * width

    def lower(self, builder: NodeBuilder, nets: Nets) -> Nets:
        """Add the trees of every kernel at every position."""
        fits = nets.ndim == 3 and len(nets) == self.in_channels
        require_shape(fits, f"images of {self.in_channels} channels", nets)
        return self.kernels().lower(builder, nets)

    def kernels(self, pool: int = 1) -> Kernels:
        """Return the discrete kernels, with a pool behind them, as a classifier holds them."""
        return Kernels(
            self.kernel_size,
            self.stride,
            self.padding,
            to_numpy(self.chosen_leaves()),
            self.fan_in,
            table_words_of(self.discrete_tables()),
            pool,
        )

    def widest(self, size: ImageSize) -> tuple[int, ImageSize]:
        return (self.widest_stage(*size), self.output_size(*size)) if all(size) else (0, size)

    def stage_wirings(self, rows: int, columns: int) -> list[Tensor]:
        """Return for each level int64[kernels * nodes * positions, fan_in], the inputs of nodes.

        Those of the lowest level are values of the image, by channel, row and column, or
        -1 where a place is outside of it; those of another level are
        nodes of the level before. Neighbouring nodes are the positions that share a table.
        """
        corners = (self.output_size(rows, columns), self.stride, self.padding)
        leaves = self.chosen_leaves().cpu()
        first = window_inputs(leaves, self.kernel_size, rows, columns, *corners)
        positions = first.shape[2]
        wirings = []
        for nodes in _nodes(self.fan_in, self.tree_depth):
            pins = first.view(self.out_channels, nodes, self.fan_in, positions)
            wirings.append(pins.transpose(2, 3).reshape(-1, self.fan_in))
            # The level above reads the nodes of this one, in the order in which they were made.
            first = torch.arange(len(wirings[-1])).view(self.out_channels, nodes, positions)
        return wirings

    def level_slices(self) -> list[slice]:
        """Return where in tables() and logits each level is."""
        sizes = [self.out_channels * nodes for nodes in _nodes(self.fan_in, self.tree_depth)]
        ends = accumulate(sizes)
        return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size},"
            f" tree_depth={self.tree_depth}, padding={self.padding}, stride={self.stride},"
            f" {self._options()}"
        )

    def _learned_leaves(self, candidates: int) -> LearnedWiring:
        places = self.channels_per_kernel * self.kernel_size**2
        if candidates > places:
            raise ValueError(
                f"candidates must be {places} at most, the places of a window of"
                f" {self.kernel_size} x {self.kernel_size} in {self.channels_per_kernel} channels,"
                f" not {candidates}"
            )
        dealt = self._drawn_places(candidates).view(-1, self.fan_in, candidates)
        area, lowest = self.kernel_size**2, _nodes(self.fan_in, self.tree_depth)[0]
        groups = Groups(self.groups, block=area, nodes=lowest)
        return LearnedWiring(dealt, self.in_channels * area, groups)

    def _drawn_places(self, each: int) -> Tensor:
        leaves = self.fan_in**self.tree_depth
        places = window_places(
            self.in_channels, self.out_channels, self.kernel_size, self.channels_per_kernel,
            leaves * each, int(self.seed), self.groups,
        )  # fmt: skip
        return places.view(self.out_channels, leaves, each)

    def _conv_graph(self, x: Tensor, size: ImageSize) -> ConvGraph:
        """Choose leaves and tables of a step for the packed kernels."""
        graph = graph_of(x.flatten(1), soft=False)
        if graph.stages:
            graph = StageGraph.of(graph.dense())
        leaves, candidates, shares = self._step_leaves()
        bits, soft = self._chosen_tables()
        sizes = (
            self.in_channels, x.shape[2], x.shape[3], self.out_channels, self.fan_in,
            self.tree_depth, self.kernel_size, self.stride, self.padding, 1,
        )  # fmt: skip
        slopes = self._slopes(soft)
        return ConvGraph(graph, sizes, size, leaves, bits, soft, slopes, candidates, shares)

    def _step_leaves(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return int32 leaves, what they were chosen from, and the shares that learn by it."""
        if self.learned is None:
            return self.leaves.int(), NOTHING, NOTHING
        picks = self._kernel_picks(self.learned)
        chosen = self.learned.wired(picks).wires.view(self.out_channels, -1)
        if not (self.present_mode == "train" and torch.is_grad_enabled()):
            return chosen, NOTHING, NOTHING
        return chosen, self.learned.candidates, picks.shares

    def _of_windows(self, x: Tensor, size: ImageSize) -> Tensor:
        """Evaluate in float operations: the windows of all positions are samples of one tree."""
        windows = F.unfold(x, self.kernel_size, padding=self.padding, stride=self.stride)
        rows = windows.transpose(0, 1).flatten(1)  # [places, batch * positions]
        nodes = [self.out_channels * count for count in _nodes(self.fan_in, self.tree_depth)]
        if self.learned is None:
            wirings = [Wiring(self.leaves.view(-1, self.fan_in), len(rows))]
        else:
            wirings = [Wiring.of_pins(nodes[0], self.fan_in, x.device)]
        for below, count in pairwise(nodes):
            indices = torch.arange(below, device=x.device).view(count, self.fan_in)
            wirings.append(Wiring(indices, below))
        values = self.evaluate_floats(rows, wirings, self.learned)
        return values.view(self.out_channels, len(x), *size).transpose(0, 1)

    def _wirings_for(self, x: Tensor) -> list[Wiring]:
        """Return the wirings of an image's size; those of drawn leaves are made once."""
        rows, columns = x.shape[2], x.shape[3]
        key = (rows, columns, x.device)
        if self.learned is not None:
            self._wirings.pop(key, None)
        if key not in self._wirings:
            inputs = self.in_channels * rows * columns
            self._wirings[key] = []
            for indices in self.stage_wirings(rows, columns):
                self._wirings[key].append(Wiring(indices.to(x.device), inputs))
                inputs = len(indices)
        return self._wirings[key]


def _nodes(fan_in: int, tree_depth: int) -> list[int]:
    """Return the nodes of each level of one tree, the lowest first."""
    return [fan_in**level for level in reversed(range(tree_depth))]


def _in_range(name: str, value: int, low: int, high: int) -> int:
    if not low <= whole_number(name, value) <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")
    return value


def _forget_wirings(layer: nn.Module, *_: Any) -> None:
    """Drop the wirings after a load, whose leaves may differ."""
    assert isinstance(layer, LogicConv2d)
    layer._wirings.clear()
