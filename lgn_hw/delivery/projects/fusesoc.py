"""The description of the circuit for FuseSoC, whose back ends are those of edalize."""

import json
from typing import TYPE_CHECKING

from lgn_hw.classifier import Classifier
from lgn_hw.delivery.scripts import VIVADO_PART
from lgn_hw.version import __version__

if TYPE_CHECKING:
    from lgn_hw.delivery.design import Design

__all__ = ["files"]

CHECKED = "Tried with FuseSoC 2.4, Icarus Verilog and Verilator 5; vivado was never run."


def files(classifier: Classifier, design: "Design") -> dict[str, str]:
    """Return the .core file (CAPI2), which lies beside the sources that it names."""
    what = f"Logic gate network with {classifier.num_classes} classes, {design.timing}"
    name = f"lgn-hw:classifier:{design.top}:{__version__}"
    sources = "\n".join(f"      - {path}" for path in design.files)
    text = f"""\
CAPI=2:
# {design.top} for FuseSoC, from this folder:
#   fusesoc --cores-root . run --target=sim {name}
# {CHECKED}
name: {name}
description: {json.dumps(what)}

filesets:
  rtl:
    files:
{sources}
    file_type: verilogSource
  tb:
    files:
      - tb/testbench.v
      - tb/parameters.vh: {{is_include_file: true}}
      # The testbench opens these two by the names that they have here.
      - tb/samples.hex: {{file_type: user, copyto: tb/samples.hex}}
      - tb/expected.hex: {{file_type: user, copyto: tb/expected.hex}}
    file_type: verilogSource
  vivado:
    files:
      - constraints/vivado.xdc: {{file_type: xdc}}

targets:
  default:
    filesets: [rtl]
    toplevel: {design.top}
  sim: &sim
    description: The testbench, which checks itself
    flow: sim
    flow_options:
      tool: icarus
      iverilog_options: [-g2012]
    filesets: [rtl, tb]
    toplevel: testbench
  sim_verilator:
    <<: *sim
    flow_options:
      tool: verilator
      mode: binary
      verilator_options: [--timing, -Wno-fatal, -CFLAGS, -std=c++20]
  lint:
    description: Verilator's warnings
    flow: lint
    flow_options:
      tool: verilator
    filesets: [rtl]
    toplevel: {design.top}
  vivado:
    description: Synthesis with Vivado
    flow: vivado
    flow_options:
      part: {VIVADO_PART}
      pnr: none
    filesets: [rtl, vivado]
    toplevel: {design.top}
"""
    return {f"{design.top}.core": text}
