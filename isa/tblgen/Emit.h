// The emitters of bnn-isa-tblgen, one per output file.
#pragma once

#include "Model.h"

#include "llvm/Support/raw_ostream.h"

namespace bnn::tblgen {

/// Isa.h.inc: enumerations, structs, Instruction, constants, byte layouts.
void emitCppHeader(const Isa &isa, llvm::raw_ostream &os);
/// Isa.cpp.inc: the field tables and what moves structs to and from values.
void emitCppTables(const Isa &isa, llvm::raw_ostream &os);
/// bnn_isa.h: numbers, shifts and masks for C.
void emitC(const Isa &isa, llvm::raw_ostream &os);
/// bnn_isa_pkg.sv: enumerations, packed structs and the legality check.
void emitVerilog(const Isa &isa, llvm::raw_ostream &os);
/// isa-manual.md.
void emitManual(const Isa &isa, llvm::raw_ostream &os);

} // namespace bnn::tblgen
