"""The block design of an overlay as Tcl for Vivado: processing system, AXI DMA, the circuit."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lgn_hw.delivery.design import Design

__all__ = ["block_design"]

PART = "xc7z020clg400-1"  # of the PYNQ-Z1 and Z2
DMA_AT, REGISTERS_AT = 0x4040_0000, 0x43C0_0000


def block_design(design: "Design") -> str:
    """Return the Tcl that makes the block design and writes overlay.bit and overlay.hwh.

    The processing system gets no preset of a board: under PYNQ Linux runs already, and only the
    fabric is loaded, at the clock that the .hwh names.
    """
    sources = " ".join(f"$folder/{name}" for name in design.files)
    return f"""\
# An overlay for a Zynq-7000: {design.top} between the two channels of AXI DMA.
#   vivado -mode batch -source pynq/block_design.tcl -tclargs {PART}
# Run it from the folder above. overlay.bit and overlay.hwh come into build/pynq.
# Its commands and the names of cells, ports and sources were checked with tclsh against stubs.
# Never seen by Vivado.
set part {PART}
if {{$argc > 0}} {{ set part [lindex $argv 0] }}
set folder [file normalize [file join [file dirname [info script]] ..]]
set build $folder/build/pynq
create_project -force overlay $build/project -part $part
add_files -norecurse [list {sources}]
update_compile_order -fileset sources_1
create_bd_design overlay

# The newest version that this Vivado has of a block.
proc block {{kind cell}} {{
  set found [lsort -dictionary [get_ipdefs -filter "VLNV =~ xilinx.com:ip:$kind:*"]]
  create_bd_cell -type ip -vlnv [lindex $found end] $cell
}}
block processing_system7 ps
block proc_sys_reset reset
block smartconnect control
block smartconnect memory
block axi_dma dma
create_bd_cell -type module -reference {design.top} classifier

apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \\
  -config {{make_external "FIXED_IO, DDR"}} [get_bd_cells ps]
set_property -dict [list \\
  CONFIG.PCW_USE_M_AXI_GP0 1 CONFIG.PCW_USE_S_AXI_HP0 1 \\
  CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ {design.clock_mhz:g}] [get_bd_cells ps]
# Packets of one sample and of one result: no scatter and gather, which PYNQ does not drive.
set_property -dict [list \\
  CONFIG.c_include_sg 0 CONFIG.c_sg_length_width 16 \\
  CONFIG.c_m_axis_mm2s_tdata_width {design.data_bits} \\
  CONFIG.c_s_axis_s2mm_tdata_width {design.data_bits} \\
  CONFIG.c_m_axi_mm2s_data_width {max(32, design.data_bits)} \\
  CONFIG.c_m_axi_s2mm_data_width {max(32, design.data_bits)}] [get_bd_cells dma]
set_property -dict [list CONFIG.NUM_SI 1 CONFIG.NUM_MI 2] [get_bd_cells control]
set_property -dict [list CONFIG.NUM_SI 2 CONFIG.NUM_MI 1] [get_bd_cells memory]
set_property CONFIG.ASSOCIATED_BUSIF s_axis:m_axis:s_axi [get_bd_pins classifier/aclk]

foreach {{from to}} {{
  dma/M_AXIS_MM2S classifier/s_axis
  classifier/m_axis dma/S_AXIS_S2MM
  ps/M_AXI_GP0 control/S00_AXI
  control/M00_AXI dma/S_AXI_LITE
  control/M01_AXI classifier/s_axi
  dma/M_AXI_MM2S memory/S00_AXI
  dma/M_AXI_S2MM memory/S01_AXI
  memory/M00_AXI ps/S_AXI_HP0
}} {{
  connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}}
foreach pin {{
  ps/M_AXI_GP0_ACLK ps/S_AXI_HP0_ACLK reset/slowest_sync_clk control/aclk memory/aclk
  dma/s_axi_lite_aclk dma/m_axi_mm2s_aclk dma/m_axi_s2mm_aclk classifier/aclk
}} {{
  connect_bd_net [get_bd_pins ps/FCLK_CLK0] [get_bd_pins $pin]
}}
connect_bd_net [get_bd_pins ps/FCLK_RESET0_N] [get_bd_pins reset/ext_reset_in]
foreach pin {{control/aresetn memory/aresetn dma/axi_resetn classifier/aresetn}} {{
  connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $pin]
}}

# The driver finds the blocks by their names, the C header by these addresses.
assign_bd_address -offset 0x{DMA_AT:08X} -range 64K [get_bd_addr_segs dma/S_AXI_LITE/Reg]
assign_bd_address -offset 0x{REGISTERS_AT:08X} -range 64K [get_bd_addr_segs classifier/s_axi/reg0]
assign_bd_address
validate_bd_design
save_bd_design

set design [get_files overlay.bd]
add_files -norecurse [make_wrapper -files $design -top]
set_property top overlay_wrapper [current_fileset]
launch_runs impl_1 -jobs 4
wait_on_run impl_1
open_run impl_1
set slack [get_property SLACK [get_timing_paths -delay_type max]]
puts "worst slack $slack ns at {design.clock_mhz:g} MHz"
if {{$slack < 0}} {{ puts stderr "the clock is missed"; exit 1 }}
write_bitstream -force $build/overlay.bit
set handoff $build/project/overlay.gen/sources_1/bd/overlay/hw_handoff
file copy -force $handoff/overlay.hwh $build/overlay.hwh
"""
