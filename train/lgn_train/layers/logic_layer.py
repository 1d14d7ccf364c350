"""What every logic layer shares: learned tables, how they are chosen, and how nodes run."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

import lgn_train.packed.kernels as kernels
from lgn_train.checks import one_of, positive_number, whole_number
from lgn_train.confidence import backward_temperature, initial_confidence, update_confidence
from lgn_train.estimators import ESTIMATORS, HARD, Tables, discrete_tables
from lgn_train.layers.circuit_layer import CircuitLayer
from lgn_train.layers.inputs import check_input
from lgn_train.nodes import evaluate_nodes
from lgn_train.packed.bits import PackedBits
from lgn_train.packed.ops import PARAMETRIZATION_NUMBERS, confidence, invert
from lgn_train.packed.stage_graph import Stage, StageGraph
from lgn_train.packed.tables import choose_inputs, choose_tables
from lgn_train.parametrizations import INITS, PARAMETRIZATIONS, checked_fan_in
from lgn_train.rng import Stream
from lgn_train.tracing import is_exporting
from lgn_train.wiring.learned import LearnedWiring, Picks
from lgn_train.wiring.wiring import Wiring

__all__ = ["INPUT_GRADIENTS", "LogicLayer", "graph_of"]

INPUT_GRADIENTS = ("soft", "hard")


class LogicLayer(CircuitLayer):
    """Learn num_tables truth tables; subclasses say which nodes have them and what these read.

    In train() mode `estimator` chooses the tables, with new noise for every forward pass; in
    eval() mode each node has its likeliest table, without noise: the circuit that is exported.
    `lgn_train.mode` overrides both. The options are those of LogicDense.
    """

    seed: Tensor
    step: Tensor
    confidence: Tensor  # the running confidence of CAGE; other estimators have none

    def __init__(
        self,
        num_tables: int,
        fan_in: int,
        parametrization: str,
        estimator: str,
        temperature: float,
        init: str,
        input_gradient: str,
        seed: int | None,
    ) -> None:
        super().__init__()
        self.fan_in = checked_fan_in(fan_in)
        self.parametrization = one_of("parametrization", parametrization, PARAMETRIZATIONS)
        self.estimator = one_of("estimator", estimator, ESTIMATORS)
        self.temperature = positive_number("temperature", temperature)
        self.init = one_of("init", init, INITS)
        self.input_gradient = _checked_gradient(input_gradient, estimator)
        self._tables_of = PARAMETRIZATIONS[parametrization]
        self._tables_of.num_logits(fan_in)  # refuses a fan-in that it does not support
        # From torch's generator, so that torch.manual_seed makes layers repeatable.
        seed = _drawn_seed() if seed is None else whole_number("seed", seed)
        self.forced_mode: str | None = None
        self.learned: LearnedWiring | None = None  # of a subclass whose pins choose their inputs
        self.half_gradients = False  # keep gradients between packed layers as bfloat16
        self.logits = nn.Parameter(self._tables_of.initial(init, num_tables, fan_in, seed))
        self.register_buffer("seed", torch.tensor(seed))
        self.register_buffer("step", torch.tensor(0))
        if ESTIMATORS[estimator].adaptive:
            start = initial_confidence(self._tables_of.choices)
            self.register_buffer("confidence", torch.tensor(start))

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of the nodes for values in [0, 1]; in train mode this is a step."""

    @property
    def present_mode(self) -> str:
        """What the next forward pass computes: train, soft or discrete."""
        return self.forced_mode or ("train" if self.training else "discrete")

    @property
    def computes_bits(self) -> bool:
        """Whether the present mode's outputs are exactly 0.0 and 1.0."""
        mode = self.present_mode
        return mode == "discrete" or (mode == "train" and ESTIMATORS[self.estimator].hard)

    def why_not_kernels(self) -> list[str]:
        """Return why the present mode runs in float operations, and nothing where it runs on the
        compiled kernels: on packed words where it computes bits, else on numbers.
        """
        reasons = ["torch.export follows float operations"] * is_exporting()
        if self.logits.dtype != torch.float32:
            reasons.append(f"the logits are {self.logits.dtype}; the kernels know torch.float32")
        if self.logits.device.type not in ("cpu", "cuda"):
            reasons.append(f"there are no kernels for a {self.logits.device.type} device")
        where, on_cuda = self.logits.device, self.logits.is_cuda
        reasons += kernels.why_not_cuda(where.index) if on_cuda else kernels.why_not_compiled()
        return reasons

    def tables(self) -> Tables:
        """Return the float tables that the present mode chooses; in train mode this is a step."""
        mode = self.present_mode
        if mode == "discrete":
            table = self.discrete_tables()
            return Tables(table, table)
        estimator = ESTIMATORS[self.estimator]
        if mode == "soft":
            return estimator.mixture(self._tables_of, self.logits, self.temperature)
        tables = estimator.tables(
            self._tables_of, self.logits, self._step_temperature(), self.seed, self.step
        )
        self._end_choice()
        return tables

    def progress(self) -> list[tuple[Tensor, Tensor]]:
        """Return each buffer that a step changes, and a copy of it."""
        changing = [self.step]
        if ESTIMATORS[self.estimator].adaptive:
            changing.append(self.confidence)
        return [(value, value.clone()) for value in changing]

    def discrete_tables(self) -> Tensor:
        """Return float[num_tables, 2**fan_in], the bits of each likeliest table."""
        return discrete_tables(self._tables_of, self.logits)

    def entropy(self) -> Tensor:
        """Return float[num_tables], the entropy of each distribution over tables, in nats."""
        return self._tables_of.entropy(self.logits.detach())

    def evaluate(
        self, x: Tensor, wirings: Sequence[Wiring] | LearnedWiring, positions: int = 1
    ) -> Tensor:
        """Return float[batch, nodes] of x[batch, inputs]: the one place where nodes run.

        wirings: of the layer's levels, one above the other; each has the next of the tables, and
        on the kernels `positions` neighbouring nodes share one. It runs on these where
        `why_not_kernels` has no objection, and then the result is computed when it is read.
        """
        if not self.why_not_kernels():
            graph = graph_of(x, soft=not self.computes_bits)
            for stage in self._stages(wirings, positions):
                graph = graph.then(stage)
            return PackedBits(replace(graph, half=graph.half or self.half_gradients))
        # With learned wiring the pins are rows of their own, chosen first: node n then reads pins n
        # * fan_in and following.
        if isinstance(wirings, LearnedWiring):
            pins = Wiring.of_pins(len(self.logits), self.fan_in, x.device)
            return self.evaluate_floats(x.t(), [pins], wirings).t()
        return self.evaluate_floats(x.t(), wirings).t()

    def evaluate_floats(
        self, rows: Tensor, wirings: Sequence[Wiring], learned: LearnedWiring | None = None
    ) -> Tensor:
        """Return [nodes, batch] of rows[inputs, batch], in float operations: the reference.

        wirings: as of evaluate(). learned: what chooses the pins that the first one reads.
        """
        if learned is not None:
            rows = learned.pins(rows, self._picks(learned))
        tables, first = self.tables(), 0
        for wiring in wirings:
            part = slice(first, first := first + wiring.nodes)
            rows = evaluate_nodes(rows, tables.of(part), wiring, self.input_gradient)
        return rows

    @property
    def _noisy(self) -> bool:
        return self.present_mode == "train" and ESTIMATORS[self.estimator].noisy

    def _step_temperature(self) -> float:
        """Return the temperature of the next step's gradient."""
        if not ESTIMATORS[self.estimator].adaptive:
            return self.temperature
        return self.temperature * backward_temperature(
            float(self.confidence), self._tables_of.choices
        )

    def _end_choice(self) -> None:
        """Count a step whose tables are chosen."""
        self.step += 1
        if ESTIMATORS[self.estimator].adaptive:
            update_confidence(self.confidence, self._present_confidence())

    @torch.no_grad()
    def _present_confidence(self) -> Tensor:
        """Return the mean probability of the likeliest choices."""
        if not self.why_not_kernels() and not kernels.kernels_for(self.logits).on_cuda:
            options = (PARAMETRIZATION_NUMBERS[self.parametrization], self.fan_in)
            found: Tensor = confidence(self.logits, *options, self.temperature)
            return found
        return self._tables_of.confidence(self._tables_of.scores(self.logits), self.temperature)

    def _picks(self, wiring: LearnedWiring) -> Picks:
        """Choose the inputs of a step, before its tables."""
        if self.present_mode != "train":
            return wiring.likeliest()
        return wiring.picks(self.seed, self.step, self.temperature, self._noisy)

    def _options(self) -> str:
        return (
            f"fan_in={self.fan_in}, {self.parametrization}, {self.estimator},"
            f" temperature={self.temperature}"
        )

    def _stages(self, wirings: Sequence[Wiring] | LearnedWiring, positions: int) -> Iterator[Stage]:
        """Choose the tables of a step for the kernels: what tables() chooses; bits bit for bit."""
        if isinstance(wirings, LearnedWiring):
            stages = [self._learned_stage(wirings)]
        else:
            stages = [Stage(wiring) for wiring in wirings]
        bits, soft = self._chosen_tables()
        first = 0
        for stage in stages:
            part = slice(first, first := first + stage.wiring.nodes // positions)
            own = soft if len(stages) == 1 else soft[part]  # slices cost copies on the way back
            slopes = self._slopes(own)
            yield replace(stage, bits=bits[part], soft=own, slopes=slopes, positions=positions)

    def _slopes(self, soft: Tensor) -> Tensor:
        """Return the tables whose slopes go to the inputs of packed nodes; none for the bits."""
        sloped = self.computes_bits and self.input_gradient == "soft"
        return soft.detach() if sloped else soft.new_empty(0)

    def _chosen_tables(self) -> tuple[Tensor, Tensor]:
        """Return bits int64[num_tables], and soft tables with their gradient or, where these are
        not read, nothing.
        """
        training = self.present_mode == "train"
        estimator = ESTIMATORS[self.estimator]
        wanted = not self.computes_bits or (training and torch.is_grad_enabled())
        temperature = self._step_temperature() if training else self.temperature
        if self.present_mode == "soft":
            temperature = estimator.mixture_temperature(self.temperature)
        found = choose_tables(
            self.logits,
            self.parametrization,
            self.fan_in,
            temperature,
            self.seed,
            self.step,
            noise=int(Stream.NOISE) if self._noisy else None,
            soft=wanted,
        )
        if training:
            self._end_choice()
        return found

    def _kernel_picks(self, wiring: LearnedWiring) -> Picks:
        """Choose the inputs of a step for the kernels: what _picks() chooses, bit for bit."""
        index, shares = choose_inputs(
            wiring.scores,
            self.temperature,
            self.seed,
            self.step,
            noise=int(Stream.PICKS) if self._noisy else None,
        )
        return Picks(index, shares)

    def _learned_stage(self, wiring: LearnedWiring) -> Stage:
        picks = self._kernel_picks(wiring)
        wired = wiring.wired(picks)
        if not (self.present_mode == "train" and torch.is_grad_enabled()):
            return Stage(wired)
        # The packed kernels gather gradients from readers, and so need the inverse of the wiring of
        # each step; soft kernels on the CPU scatter, and do not.
        if self.computes_bits or kernels.kernels_for(wired.wires).on_cuda:
            wired = replace(wired, inverse=invert(wired.wires, wired.inputs))
        return Stage(wired, candidates=wiring.candidates, shares=picks.shares)

    def _check_input(self, x: Tensor, shape: tuple[int | str, ...]) -> None:
        who = f"estimator {self.estimator!r} computes with bits in {self.present_mode} mode"
        check_input(x, shape, who if self.computes_bits else None)


def graph_of(x: Tensor, soft: bool) -> StageGraph:
    """Return the graph that goes on behind x, or a new one where x is a tensor that is computed."""
    if isinstance(x, PackedBits):
        if x.graph.soft == soft:
            return x.graph
        if soft and not x.graph.stages and x.graph.source is None:
            return replace(x.graph, soft=True)
        x = x.dense()
    return StageGraph.of_numbers(x) if soft else StageGraph.of(x)


def _checked_gradient(input_gradient: str, estimator: str) -> str:
    one_of("input_gradient", input_gradient, INPUT_GRADIENTS)
    if input_gradient == "hard" and not ESTIMATORS[estimator].hard:
        raise ValueError(f"input_gradient 'hard' needs estimator {HARD}, not {estimator!r}")
    return input_gradient


def _drawn_seed() -> int:
    return int(torch.randint(1 << 62, ()))
