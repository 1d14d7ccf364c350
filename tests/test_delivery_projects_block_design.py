"""The Tcl of the block design: it runs against stubs, and connects what there is."""

import os
import re
import shutil

import pytest
from project_bench import delivery, run

needs_tclsh = pytest.mark.skipif(
    not shutil.which("tclsh"), reason="tclsh is not installed: apt-get install tcl"
)


# What Vivado has, as far as the script uses it: each call is printed, and a name given back.
STUBS = """
proc record {name arguments} { puts [join [list CALL $name {*}$arguments] "\t"] }
foreach name {create_project add_files update_compile_order create_bd_design set_property
    apply_bd_automation assign_bd_address validate_bd_design save_bd_design launch_runs
    wait_on_run open_run write_bitstream connect_bd_net connect_bd_intf_net} {
  proc $name args "record $name \\$args"
}
foreach name {get_bd_cells get_bd_pins get_bd_intf_pins get_bd_addr_segs get_files} {
  proc $name args { return [lindex $args end] }
}
proc create_bd_cell args { record create_bd_cell $args; return [lindex $args end] }
proc get_ipdefs args {
  set kind [lindex [split [lindex $args 1] :] 2]
  return [list xilinx.com:ip:$kind:9.1 xilinx.com:ip:$kind:10.0]
}
proc make_wrapper args { return overlay_wrapper.v }
proc current_fileset args { return sources_1 }
proc get_timing_paths args { return path }
proc get_property {name of} { return 0.5 }
rename file real_file
proc file {what args} {
  if {$what eq "copy"} { record copy $args; return }
  return [real_file $what {*}$args]
}
set argc 1
set argv xc7z010clg400-1
source pynq/block_design.tcl
"""


@needs_tclsh
def test_block_design_connects_what_there_is(tmp_path):
    _, design, *_ = delivery(tmp_path, "pynq", data_bits=64)
    (tmp_path / "stubs.tcl").write_text(STUBS)
    code, said = run(["tclsh", "stubs.tcl"], tmp_path)
    assert code == 0, said
    calls = [line.split("\t")[1:] for line in said.splitlines() if line.startswith("CALL")]
    of = {name: [rest for called, *rest in calls if called == name] for name, *_ in calls}
    cells = {
        arguments[-1]: arguments[arguments.index("-type") + 1 :]
        for arguments in of["create_bd_cell"]
    }
    assert cells["classifier"] == ["module", "-reference", design.top, "classifier"]
    assert cells["dma"][:3] == ["ip", "-vlnv", "xilinx.com:ip:axi_dma:10.0"]  # the newest
    added = of["add_files"][0][-1].split()
    assert [os.path.relpath(name, tmp_path) for name in added] == list(design.files)
    assert of["create_project"][0][-1] == "xc7z010clg400-1"
    pins = [pin for pair in of["connect_bd_net"] + of["connect_bd_intf_net"] for pin in pair]
    assert {pin.split("/")[0] for pin in pins} == set(cells)
    # Every driven pin has one source, and every port of the circuit is connected.
    driven = [pair[1] for pair in of["connect_bd_net"] + of["connect_bd_intf_net"]]
    assert len(driven) == len(set(driven))
    ours = {pin.split("/")[1] for pin in pins if pin.startswith("classifier/")}
    ports = {
        re.sub(r"^(s_axis|m_axis|s_axi)_.*", r"\1", port)
        for port in re.findall(
            r"\b(aclk|aresetn|s_axis_\w+|m_axis_\w+|s_axi_\w+)\b", design.wrapper_text
        )
    }
    assert ours == ports
    widths = next(a for a in of["set_property"] if a[-1] == "dma")[1].split()
    assert widths[widths.index("CONFIG.c_m_axis_mm2s_tdata_width") + 1] == "64"
    header = (tmp_path / "pynq" / "classifier_core.h").read_text()
    for arguments in of["assign_bd_address"][:2]:
        assert arguments[1].lower() in header.lower()
    assert of["write_bitstream"][0][-1] == str(tmp_path / "build" / "pynq" / "overlay.bit")
