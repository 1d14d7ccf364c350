"""The circuit as a picture: gates and wires of a small one, blocks of levels of a large one."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lgn_hw.report.svg import Canvas

__all__ = ["circuit_picture", "nodes_per_cell"]

SHORT = {
    "a AND NOT b": "a AND ¬b", "b AND NOT a": "b AND ¬a", "a OR NOT b": "a OR ¬b",
    "b OR NOT a": "b OR ¬a",
}  # fmt: skip
WIDTH = 1000
BOX, HIGH, PITCH, GAP = 70, 22, 30, 110  # a gate, and the room between levels
BITS, NAMES = 180, 150  # the columns at the ends
TOP, BLOCK_HEIGHT, BLOCK_WIDTH, CELLS = 38, 240, 84, 400  # of the map; cells of the fullest block
MAX_NAME = 24


def circuit_picture(circuit: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Return what describe_circuit found as an SVG whose size is bounded."""
    return _gates(circuit, classes) if circuit["kind"] == "gates" else _levels(circuit)


def nodes_per_cell(circuit: Mapping[str, Any]) -> int:
    """Return how many nodes a cell of the map stands for."""
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
        canvas.text(x, y + 4, _cut(classes[group]), "strong")
    for net, bit in enumerate(bits, 2):
        _, y = place[net]
        name, _, threshold = bit.rpartition(" > ")
        shown = f"{_cut(name, MAX_NAME - len(threshold) - 3)} > {threshold}"
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
    """Return the nets of each level, sorted so that wires cross less: each at its inputs' mean."""
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
    """Draw a block for each level, its cells coloured by kind; bands are as wide as they carry."""
    blocks, wires = circuit["blocks"], circuit["wires"]
    per = nodes_per_cell(circuit)
    pitch = max(BLOCK_WIDTH + 70, min(305, (WIDTH - BLOCK_WIDTH) / (len(blocks) - 1)))
    skips = any(wires[i][j] for j in range(len(blocks)) for i in range(j - 1))
    height = TOP + BLOCK_HEIGHT + (70 if skips else 6)
    width = pitch * (len(blocks) - 1) + BLOCK_WIDTH
    canvas = Canvas(width, height, f"Map of {len(blocks) - 2} levels of gates")
    for i, row in enumerate(wires):
        for j, count in enumerate(row):
            if count:
                _band(canvas, circuit, (i, j), count, pitch)
    for i, block in enumerate(blocks):
        _block(canvas, block, i * pitch, per)
    return canvas.render()


def _band(
    canvas: Canvas, circuit: Mapping[str, Any], pair: tuple[int, int], count: int, pitch: float
) -> None:
    """Draw the wires between two blocks: straight to the next, below to a later one."""
    i, j = pair
    total = sum(row[j] for row in circuit["wires"])
    share = count / total
    start, end, middle = i * pitch + BLOCK_WIDTH, j * pitch, TOP + BLOCK_HEIGHT / 2
    thick = max(1.5, 46 * share)
    hint = f"{count:,} of {total:,} wires ({100 * share:.0f} %)"
    if j == i + 1:
        canvas.rectangle(start, middle - thick / 2, end - start, thick, "band", hint)
        canvas.text((start + end) / 2, middle + thick / 2 + 15, f"{count:,}", "tick", "middle")
        return
    low = TOP + BLOCK_HEIGHT + 14 + 36 * min(1.0, (j - i) / max(2, len(circuit["blocks"]) - 1))
    x, y = start - BLOCK_WIDTH / 2, TOP + BLOCK_HEIGHT
    away = end + BLOCK_WIDTH / 2
    thick = max(1.0, 8 * share)
    canvas.curve((x, y), (x, low + 24), (away, low + 24), (away, y), "arc", hint, thick)


def _block(canvas: Canvas, block: Mapping[str, Any], x: float, per: int) -> None:
    """Draw a block as a grid of cells, one for each `per` nodes, the kinds one after the other."""
    cells = max(1, math.ceil(block["nodes"] / per)) if block["nodes"] else 0
    across = 12
    side = BLOCK_WIDTH / across
    rows = math.ceil(cells / across)
    size = min(side, BLOCK_HEIGHT / max(1, math.ceil(CELLS / across)))
    top = TOP + (BLOCK_HEIGHT - rows * size) / 2
    kinds = block["families"] or {"bits" if block["levels"] else "votes": block["nodes"]}
    done = 0
    for kind, count in kinds.items():
        first, done = round(done / per), done + count
        last = max(first + (count > 0), round(done / per))
        canvas.cells(
            [
                (x + cell % across * side, top + cell // across * size, side - 1, size - 1)
                for cell in range(first, last)
            ],
            f"kind-{kind}",
            f"{kind}: {count:,}",
        )
    levels = block["levels"]
    name = "votes" if levels is None else "encoder bits" if levels == [0, 0] else (
        f"level {levels[0]}" if levels[0] == levels[1] else f"levels {levels[0]} to {levels[1]}"
    )  # fmt: skip
    canvas.text(x + BLOCK_WIDTH / 2, top - 22, name, "label strong", "middle")
    canvas.text(x + BLOCK_WIDTH / 2, top - 7, f"{block['nodes']:,}", "value", "middle")


def _cut(text: str, room: int = MAX_NAME) -> str:
    """Return a name that fits its column; the page shows it whole elsewhere."""
    return text if len(text) <= room else text[: room - 1] + "…"
