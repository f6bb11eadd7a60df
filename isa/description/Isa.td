// The one description of instruction set, microcode and program file. Whatever
// knows a field is generated from it by bnn-isa-tblgen.
include "Description.td"
include "Enums.td"
include "Instructions.td"
include "Microword.td"
include "ProgramFile.td"
