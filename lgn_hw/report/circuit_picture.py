"""The circuit as a picture: gates and wires of a small one, blocks of levels of a large one."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lgn_hw.report.svg import Canvas, cut

__all__ = ["circuit_picture", "nodes_per_cell"]

SHORT = {
    "a AND NOT b": "a AND ¬b", "b AND NOT a": "b AND ¬a", "a OR NOT b": "a OR ¬b",
    "b OR NOT a": "b OR ¬a",
}  # fmt: skip
WIDTH = 1000
BOX, HIGH, PITCH, GAP = 70, 22, 30, 110  # a gate, and the room between levels
BITS, NAMES = 180, 190  # the columns at the ends
TOP, BLOCK_WIDTH, ACROSS, CELLS = 38, 84, 12, 408  # of the map; cells of the fullest block
CELL = BLOCK_WIDTH / ACROSS
MAX_NAME = 24  # characters that fit a column; the page shows names whole elsewhere


def circuit_picture(circuit: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Return what describe_circuit found as an SVG whose size is bounded.

    circuit: as report.circuit.describe_circuit returns it. classes: the names, in the order of
    their numbers.
    """
    return _gates(circuit, classes) if circuit["kind"] == "gates" else _levels(circuit)


def nodes_per_cell(circuit: Mapping[str, Any]) -> int:
    """Return how many nodes a cell of the map stands for.

    1 for a circuit whose gates are drawn one by one, and where the fullest block has at most CELLS
    nodes.
    """
    if circuit["kind"] == "gates":
        return 1
    return max(1, math.ceil(max(block["nodes"] for block in circuit["blocks"]) / CELLS))


def _gates(circuit: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Draw each gate in the column of its level; its inputs enter from the top down, a first."""
    bits, nodes, votes = circuit["bits"], circuit["nodes"], circuit["votes"]
    columns = _ordered(len(bits), nodes)
    voted = sorted({group for _, group, _ in votes})
    rows = max(1, len(voted), *map(len, columns))
    depth = len(columns) - 1
    gap = max(GAP, min(230, (WIDTH - BITS - NAMES - depth * BOX) / (depth + 0.5)))
    width = BITS + depth * (BOX + gap) + gap / 2 + NAMES
    canvas = Canvas(width, rows * PITCH + 6, f"Circuit of {len(nodes)} gates on {depth} levels")
    place = {}
    for level, nets in enumerate(columns):
        x = BITS + (level - 1) * (BOX + gap) + gap if level else 0.0
        for row, net in enumerate(nets):
            place[net] = (x, _middle(row, len(nets), rows))
    ends = {net: (x + (BITS if net < 2 + len(bits) else BOX), y) for net, (x, y) in place.items()}
    for number, node in enumerate(nodes):
        x, y = place[2 + len(bits) + number]
        for pin, net in enumerate(node["fanin"]):
            down = y + (pin - (len(node["fanin"]) - 1) / 2) * min(7, 18 / len(node["fanin"]))
            _wire(canvas, ends.get(net), (x, down), f"constant {net}")
    x = width - NAMES
    for row, group in enumerate(voted):
        y = _middle(row, len(voted), rows)
        for net, _, count in (vote for vote in votes if vote[1] == group):
            _wire(canvas, ends.get(net), (x - 6, y), f"{count} votes, constant {net}")
        canvas.text(x, y + 4, cut(classes[group], MAX_NAME), "strong")
    for net, bit in enumerate(bits, 2):
        _, y = place[net]
        name, _, threshold = bit.rpartition(" > ")
        shown = f"{cut(name, MAX_NAME - len(threshold) - 3)} > {threshold}"
        canvas.text(BITS - 8, y + 4, shown, "label", "end")
    for number, node in enumerate(nodes):
        x, y = place[2 + len(bits) + number]
        name = (
            node["name"]
            if len(node["name"]) < 8
            else SHORT.get(node["name"], f"LUT{len(node['fanin'])}")
        )
        canvas.rectangle(x, y - HIGH / 2, BOX, HIGH, "gate", f"gate {number}: {node['name']}")
        canvas.text(x + BOX / 2, y + 4, name, "on-gate", "middle")
    return canvas.render()


def _ordered(bits: int, nodes: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Return the nets of each level, sorted so that wires cross less: each at its inputs' mean.

    This is the barycenter heuristic of layered drawing (Sugiyama, Tagawa and Toda 1981), in one
    pass from the inputs. Ties go by the number of the net, so that equal circuits give equal
    pictures.
    """
    depth = max((node["level"] for node in nodes), default=0)
    columns: list[list[int]] = [list(range(2, 2 + bits)), *([] for _ in range(depth))]
    mean = {net: (row + 0.5) / max(1, bits) for row, net in enumerate(columns[0])}
    for level in range(1, depth + 1):
        found = {}
        for number, node in enumerate(nodes):
            if node["level"] == level:
                of = [mean[net] for net in node["fanin"] if net > 1]
                found[2 + bits + number] = sum(of) / len(of) if of else 0.5
        columns[level] = sorted(found, key=lambda net: (found[net], net))
        mean |= {net: (row + 0.5) / len(found) for row, net in enumerate(columns[level])}
    return columns


def _middle(row: int, count: int, rows: int) -> float:
    """Return the vertical middle of a row where `count` rows share the height of `rows`."""
    return 3 + (row + 0.5) * rows * PITCH / count


def _wire(
    canvas: Canvas, start: tuple[float, float] | None, end: tuple[float, float], constant: str
) -> None:
    """Draw a wire; of a constant, a stub that says so."""
    if start is None:
        canvas.line([(end[0] - 12, end[1]), end], "wire")
        canvas.text(end[0] - 14, end[1] + 4, constant[-1], "tick", "end")
        return
    bend = (end[0] - start[0]) / 2
    canvas.curve(start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end, "wire")


def _levels(circuit: Mapping[str, Any]) -> str:
    """Draw a block for each level, its cells coloured by kind; bands are as wide as they carry.

    The width of a band, or of an arc that jumps over blocks, is its share of all wires that arrive
    in a block: what a level reads mostly from the level before is seen at a glance.
    """
    blocks, wires = circuit["blocks"], circuit["wires"]
    per = nodes_per_cell(circuit)
    pitch = max(BLOCK_WIDTH + 70, min(305, (WIDTH - BLOCK_WIDTH) / (len(blocks) - 1)))
    high = max(46.0, CELL * max(_rows(block, per) for block in blocks))
    skips = any(wires[i][j] for j in range(len(blocks)) for i in range(j - 1))
    width = pitch * (len(blocks) - 1) + BLOCK_WIDTH
    describe = f"Map of {len(blocks) - 2} levels of gates"
    canvas = Canvas(width, TOP + high + (70 if skips else 20), describe)
    for j in range(len(blocks)):
        total = sum(row[j] for row in wires)
        for i in (i for i in range(j) if wires[i][j]):  # what stays in a block is not drawn
            ends, of = (i * pitch + BLOCK_WIDTH, j * pitch), (wires[i][j], total)
            if j == i + 1:
                _band(canvas, ends, of, TOP + high / 2)
            else:
                _arc(canvas, ends, of, high, (j - i) / len(blocks))
    for i, block in enumerate(blocks):
        _block(canvas, block, i * pitch, TOP + (high - CELL * _rows(block, per)) / 2, per)
    return canvas.render()


def _band(canvas: Canvas, ends: tuple[float, float], of: tuple[int, int], middle: float) -> None:
    """Draw the wires from a block to the next."""
    count, total = of
    thick = max(1.5, 46 * count / total)
    canvas.rectangle(ends[0], middle - thick / 2, ends[1] - ends[0], thick, "band", _hint(of))
    canvas.text(sum(ends) / 2, middle + 4, f"{count:,}", "tick", "middle")


def _arc(
    canvas: Canvas, ends: tuple[float, float], of: tuple[int, int], high: float, jump: float
) -> None:
    """Draw the wires from a block to a later one, below those between; jump: 0 to 1."""
    x, away = ends[0] - BLOCK_WIDTH / 2, ends[1] + BLOCK_WIDTH / 2
    y, low = TOP + high / 2, TOP + high + 30 + 60 * jump
    canvas.curve(
        (x, y), (x, low), (away, low), (away, y), "arc", _hint(of), max(1.5, 9 * of[0] / of[1])
    )


def _hint(of: tuple[int, int]) -> str:
    """Return what the mouse is told of a band; of: its wires, and all that arrive in the block."""
    return f"{of[0]:,} of {of[1]:,} wires ({100 * of[0] / of[1]:.0f} %)"


def _rows(block: Mapping[str, Any], per: int) -> int:
    """Return the rows of ACROSS cells that a block fills."""
    return math.ceil(math.ceil(block["nodes"] / per) / ACROSS)


def _block(canvas: Canvas, block: Mapping[str, Any], x: float, top: float, per: int) -> None:
    """Draw a block as a grid of cells, one for each `per` nodes, the kinds one after the other."""
    kinds = block["families"] or {"bits" if block["levels"] else "votes": block["nodes"]}
    done = last = 0
    for kind, count in kinds.items():
        first, done = last, done + count
        # Rounding the running sum, and not each kind, keeps the block at its height; but a kind
        # that occurs has a cell.
        last = max(first + (count > 0), math.ceil(done / per))
        cells = [(cell % ACROSS, cell // ACROSS) for cell in range(first, last)]
        canvas.cells(
            [(x + a * CELL, top + b * CELL, CELL - 1, CELL - 1) for a, b in cells],
            f"kind-{kind}",
            f"{kind}: {count:,}",
        )
    levels = block["levels"]
    name = "votes" if levels is None else "encoder bits" if levels == [0, 0] else (
        f"level {levels[0]}" if levels[0] == levels[1] else f"levels {levels[0]} to {levels[1]}"
    )  # fmt: skip
    canvas.text(x + BLOCK_WIDTH / 2, top - 22, name, "label strong", "middle")
    canvas.text(x + BLOCK_WIDTH / 2, top - 7, f"{block['nodes']:,}", "value", "middle")
