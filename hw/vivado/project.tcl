# A Vivado project of the engine on a Zynq-7000: processing system, HP port 0,
# clock, reset, interrupt. From the project's root:
#
#   vivado -mode batch -source hw/vivado/project.tcl -tclargs \
#     [-target isa/targets/z020.json] [-part xc7z020clg400-1] [-clock 100] \
#     [-generated build/isa/generated] [-out build/vivado] [-bitstream]
#
# The sizes come from the target file that the compiler reads. The DDR and MIO
# settings of a board come from its own preset: pass it with -preset FILE.tcl, a
# script that sets properties of the cell $ps.

set root [file normalize [file join [file dirname [info script]] .. ..]]
set option(-target) isa/targets/z020.json
set option(-part) ""
set option(-clock) 100
set option(-generated) build/isa/generated
set option(-out) build/vivado
set option(-preset) ""
set bitstream 0
while {[llength $argv]} {
  set argv [lassign $argv name]
  if {$name eq "-bitstream"} {
    set bitstream 1
  } elseif {[info exists option($name)]} {
    set argv [lassign $argv option($name)]
  } else {
    error "unknown option $name; there are [lsort [array names option]] -bitstream"
  }
}
proc in_root {path} {
  global root
  return [file join $root $path]
}

# --- The target's sizes and its fingerprint, as isa::Target::fingerprint().
proc read_file {path} {
  set file [open $path]
  set text [read $file]
  close $file
  return $text
}
proc json_number {text key} {
  if {![regexp "\"$key\"\\s*:\\s*(\[0-9\]+)" $text -> value]} {
    error "the target file has no $key"
  }
  return $value
}
proc crc32 {text} {
  set crc 0xffffffff
  foreach char [split $text ""] {
    set crc [expr {$crc ^ [scan $char %c]}]
    for {set bit 0} {$bit < 8} {incr bit} {
      set crc [expr {($crc >> 1) ^ (($crc & 1) * 0xedb88320)}]
    }
  }
  return [expr {$crc ^ 0xffffffff}]
}
set json [read_file [in_root $option(-target)]]
regexp {def Version : Constant<([0-9]+)} [read_file [in_root isa/description/Instructions.td]] -> isa
set description "isa=$isa"
set sizes {}
foreach key {clusters lane_words weight_rows threshold_rows control_words output_words accumulator_bits} {
  set value [json_number $json $key]
  append description " $key=$value"
  lappend sizes CONFIG.[string toupper $key] $value
}
lappend sizes CONFIG.FINGERPRINT [format "0x%08X" [crc32 $description]]
puts "target $description, fingerprint [format %08x [crc32 $description]]"
if {$option(-part) eq ""} {
  set clusters [json_number $json clusters]
  set option(-part) [expr {$clusters > 4 ? "xc7z035ffg676-2" : $clusters > 1 ? "xc7z020clg400-1" : "xc7z010clg400-1"}]
}

# --- Sources: packages first; primitives instead of their behavioural twins.
create_project -force bnn [in_root $option(-out)] -part $option(-part)
set packages [list [in_root $option(-generated)/bnn_isa_pkg.sv] [in_root hw/rtl/bnn_engine_pkg.sv]]
set modules {}
foreach pattern {hw/rtl/*.sv hw/rtl/*/*.sv} {
  foreach file [lsort [glob [in_root $pattern]]] {
    if {$file in $packages} continue
    if {[string match *_pkg.sv $file]} {
      lappend packages $file
    } else {
      lappend modules $file
    }
  }
}
add_files -norecurse [concat $packages $modules [list [in_root hw/vivado/bnn_zynq.v]]]
add_files -fileset constrs_1 -norecurse [in_root hw/vivado/zynq.xdc]
set_property verilog_define {BNN_PRIMITIVES=1} [current_fileset]
update_compile_order -fileset sources_1

# --- Block design.
create_bd_design system
set ps [create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7 ps]
set_property -dict [list \
  CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ $option(-clock) \
  CONFIG.PCW_USE_M_AXI_GP0 1 \
  CONFIG.PCW_USE_S_AXI_HP0 1 \
  CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 64 \
  CONFIG.PCW_USE_FABRIC_INTERRUPT 1 \
  CONFIG.PCW_IRQ_F2P_INTR 1] $ps
if {$option(-preset) ne ""} {
  source [in_root $option(-preset)]
}
apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
  -config {make_external "FIXED_IO, DDR" apply_board_preset 0 Master Disable Slave Disable} $ps

set engine [create_bd_cell -type module -reference bnn_zynq engine]
set_property -dict $sizes $engine
set reset [create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset]
set registers [create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect registers]
set memory [create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect memory]
set_property CONFIG.NUM_SI 1 $registers
set_property CONFIG.NUM_SI 1 $memory

set clock [get_bd_pins ps/FCLK_CLK0]
foreach pin {ps/M_AXI_GP0_ACLK ps/S_AXI_HP0_ACLK engine/aclk reset/slowest_sync_clk
             registers/aclk memory/aclk} {
  connect_bd_net $clock [get_bd_pins $pin]
}
connect_bd_net [get_bd_pins ps/FCLK_RESET0_N] [get_bd_pins reset/ext_reset_in]
foreach pin {engine/aresetn registers/aresetn memory/aresetn} {
  connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $pin]
}
connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_GP0] [get_bd_intf_pins registers/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins registers/M00_AXI] [get_bd_intf_pins engine/s_axi]
connect_bd_intf_net [get_bd_intf_pins engine/m_axi] [get_bd_intf_pins memory/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins memory/M00_AXI] [get_bd_intf_pins ps/S_AXI_HP0]
connect_bd_net [get_bd_pins engine/irq] [get_bd_pins ps/IRQ_F2P]

# The loader finds the registers here (docs/loader.md).
assign_bd_address -offset 0x43C00000 -range 4K \
  -target_address_space [get_bd_addr_spaces ps/Data] [get_bd_addr_segs engine/s_axi/reg0]
assign_bd_address -target_address_space [get_bd_addr_spaces engine/m_axi] \
  [get_bd_addr_segs ps/S_AXI_HP0/HP0_DDR_LOWOCM]
validate_bd_design
save_bd_design
make_wrapper -files [get_files system.bd] -top -import
set_property top system_wrapper [current_fileset]

if {$bitstream} {
  launch_runs impl_1 -to_step write_bitstream -jobs 4
  wait_on_run impl_1
  open_run impl_1
  report_utilization -hierarchical -file [in_root $option(-out)/utilization.txt]
  report_timing_summary -file [in_root $option(-out)/timing.txt]
  puts "worst slack [get_property STATS.WNS [get_runs impl_1]] ns at $option(-clock) MHz"
}
