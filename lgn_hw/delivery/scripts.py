"""Scripts as text that synthesise the circuit out of context in Vivado and in Quartus.

Out of context means without pins: the tool times the paths between registers only, which is what a
core can be judged by alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lgn_hw.delivery.design import Design

__all__ = ["files"]

VIVADO_PART = "xc7a35tcpg236-1"
QUARTUS_FAMILY, QUARTUS_DEVICE = "Cyclone V", "5CSEBA6U23I7"


def files(design: "Design") -> dict[str, str]:
    """Return the scripts by path.

    The part is an argument of each script; the defaults are a small Artix-7 and a Cyclone V, which
    the free editions of both tools know.
    """
    return {
        "vivado/out_of_context.tcl": _vivado(design),
        "quartus/out_of_context.tcl": _quartus(design),
    }


def _vivado(design: "Design") -> str:
    """Return the Tcl that synthesises, places and routes out of context in Vivado."""
    # In the order in which they are compiled; names have no spaces.
    sources = " ".join(design.files)
    return f"""\
# Synthesise, place and route {design.top} out of context: no pins, only its own timing.
#   vivado -mode batch -source vivado/out_of_context.tcl -tclargs {VIVADO_PART}
# Run it from the folder above. Reports and a checkpoint come into build/vivado.
set part {VIVADO_PART}
if {{$argc > 0}} {{ set part [lindex $argv 0] }}
file mkdir build/vivado
read_verilog {{{sources}}}
read_xdc -mode out_of_context constraints/vivado.xdc
synth_design -mode out_of_context -top {design.top} -part $part -flatten_hierarchy rebuilt
report_utilization -hierarchical -file build/vivado/synth_utilization.rpt
opt_design
place_design
phys_opt_design
route_design
report_utilization -file build/vivado/utilization.rpt
report_timing_summary -file build/vivado/timing.rpt
write_checkpoint -force build/vivado/{design.top}.dcp
set slack [get_property SLACK [get_timing_paths -delay_type max]]
puts "worst slack $slack ns at {design.clock_mhz:g} MHz"
if {{$slack < 0}} {{ puts stderr "the clock is missed"; exit 1 }}
"""


def _quartus(design: "Design") -> str:
    """Return the Tcl that does the same in Quartus."""
    sources = "\n".join(
        f"set_global_assignment -name VERILOG_FILE $folder/{name}" for name in design.files
    )
    return f"""\
# Synthesise, place and route {design.top} with virtual pins: only its own timing.
#   quartus_sh -t quartus/out_of_context.tcl "{QUARTUS_FAMILY}" {QUARTUS_DEVICE}
# Run it from the folder above. Everything comes into build/quartus.
load_package flow
set family "{QUARTUS_FAMILY}"
set device {QUARTUS_DEVICE}
if {{$argc > 1}} {{ set family [lindex $argv 0]; set device [lindex $argv 1] }}
set folder [pwd]
file mkdir build/quartus
cd build/quartus
project_new {design.top} -overwrite
set_global_assignment -name FAMILY $family
set_global_assignment -name DEVICE $device
set_global_assignment -name TOP_LEVEL_ENTITY {design.top}
{sources}
set_global_assignment -name SDC_FILE $folder/constraints/quartus.sdc
set_instance_assignment -name VIRTUAL_PIN ON -to *
set_instance_assignment -name VIRTUAL_PIN OFF -to {design.clock}
execute_flow -compile
project_close
"""
