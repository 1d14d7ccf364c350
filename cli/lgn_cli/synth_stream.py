"""The streaming form of `lgn synth`: what each stage of a core in time takes."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from lgn_cli.console import print_json, print_notices, say, show, status, write_json

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier
    from lgn_hw.synth.stream_area import StreamArea

__all__ = ["synth_stream"]


def synth_stream(
    classifier: "Classifier", path: Path, output: Path | None, registers: int, json: bool
) -> None:
    """Write, map and count a streaming core; print its stages, or JSON."""
    from lgn_hw.files.owned_folder import own_folder
    from lgn_hw.files.writers import default_folder
    from lgn_hw.hdl.streaming import StreamingOptions
    from lgn_hw.hdl.streaming.verilog import STREAM_NAME, streaming_verilog
    from lgn_hw.synth.stream_area import area_in_time

    with (
        own_folder(output or default_folder(path, "stream"), "stream") as owned,
        owned.work() as work,
        status("yosys maps the core to an iCE40"),
    ):
        text = streaming_verilog(classifier, StreamingOptions(registers))
        area = area_in_time(text, STREAM_NAME, folder=work)
        nodes = classifier.netlist.num_nodes
        data = {"digest": classifier.digest, **area.to_json(), "unrolled_nodes": nodes}
        write_json(work / "stream.json", data)
    print_notices(owned.notices())
    if json:
        print_json(data)
        return
    say(f"area in time, stage {area.stage} ({area.tool}, {area.seconds} s); {nodes:,} unrolled")
    show(_table(area))


def _table(area: "StreamArea") -> Table:
    table = Table()
    table.add_column("stage")
    for column in ("LUT4", "flip-flops", "carries", "block RAMs"):
        table.add_column(column, justify="right")
    for name, counts in area.parts.items():
        table.add_row(name, *(f"{count:,}" for count in counts.values()))
    return table
