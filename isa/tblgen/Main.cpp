// bnn-isa-tblgen: generates from isa/description everything that knows a field.
#include "Emit.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/TableGen/Main.h"

enum class Output { CppHeader, CppTables, C, Verilog, Manual };

static llvm::cl::opt<Output>
    output(llvm::cl::desc("What to generate:"), llvm::cl::Required,
           llvm::cl::values(
               clEnumValN(Output::CppHeader, "gen-cpp-header", "Isa.h.inc"),
               clEnumValN(Output::CppTables, "gen-cpp-tables", "Isa.cpp.inc"),
               clEnumValN(Output::C, "gen-c", "bnn_isa.h"),
               clEnumValN(Output::Verilog, "gen-verilog", "bnn_isa_pkg.sv"),
               clEnumValN(Output::Manual, "gen-manual", "isa-manual.md")));

static bool emit(llvm::raw_ostream &os, const llvm::RecordKeeper &records) {
  bnn::tblgen::Isa isa = bnn::tblgen::readIsa(records);
  switch (output) {
  case Output::CppHeader:
    bnn::tblgen::emitCppHeader(isa, os);
    break;
  case Output::CppTables:
    bnn::tblgen::emitCppTables(isa, os);
    break;
  case Output::C:
    bnn::tblgen::emitC(isa, os);
    break;
  case Output::Verilog:
    bnn::tblgen::emitVerilog(isa, os);
    break;
  case Output::Manual:
    bnn::tblgen::emitManual(isa, os);
    break;
  }
  return false;
}

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "bnncc ISA generator\n");
  llvm::TableGenMainFn fn = emit;
  return llvm::TableGenMain(argv[0], fn);
}
