// The engine dialect: a program for the machine of docs/engine.md, one operation
// per instruction, with the buffers it uses.
//
// An instruction's fields are attributes of the operation under the names of
// isa/description; a field at its default is left out, an enumeration's value is
// a string. Nothing about fields is written here: the verifier reads the tables
// that are generated from the description.

#ifndef ENGINE_OPS_TD
#define ENGINE_OPS_TD

include "mlir/IR/OpBase.td"

def EngineDialect : Dialect {
  let name = "engine";
  let summary = "Instructions and buffers of the microcoded engine";
  let cppNamespace = "::bnncc::engine";
}

class EngineOp<string mnemonic, list<Trait> traits = []>
    : Op<EngineDialect, mnemonic, traits>;

/// One instruction. C1: every attribute but `layer` is a field. C2: values obey
/// the description's ranges and rules.
class InstructionOp<string mnemonic> : EngineOp<mnemonic> {
  let arguments = (ins);
  let results = (outs);
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}

def ProgramOp : EngineOp<"program", [NoTerminator, SingleBlock]> {
  let summary = "Hold the code of one program";
  let description = [{
    The body lists buffers, then instructions: cold code up to the first
    `engine.end`, warm code up to the second.

    ```mlir
    engine.program target = "z020" {
      engine.buffer "lanes" at 0 size 452 {node = "/block1/conv"}
      engine.load {dest = "lanes", region = "input", beats = 452 : i64}
      engine.end
    }
    ```
  }];
  let arguments = (ins StrAttr:$target);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`target` `=` $target $body attr-dict";
}

def BufferOp : EngineOp<"buffer"> {
  let summary = "Name a range of an engine memory";
  let description = [{
    `memory` is lanes (words), weights or thresholds (rows), control or output
    (words). Buffers are what the allocation decided; instructions carry the
    addresses.

    ```mlir
    engine.buffer "weights" at 14 size 28 {layer = 4 : i64}
    ```
  }];
  let arguments = (ins StrAttr:$memory, I64Attr:$address, I64Attr:$size);
  let assemblyFormat = "$memory `at` $address `size` $size attr-dict";
  let hasVerifier = 1;
}

def LoadOp : InstructionOp<"load"> {
  let summary = "Copy beats of 8 bytes from a region into an engine memory";
}
def LoopOp : InstructionOp<"loop"> {
  let summary = "Set limit and strides of one or two loops of the next run";
}
def OutOp : InstructionOp<"out"> {
  let summary = "Configure the output unit for the next run";
}
def RunOp : InstructionOp<"run"> {
  let summary = "Run a routine of the control store over the loop nest";
}
def StoreOp : InstructionOp<"store"> {
  let summary = "Copy beats of 8 bytes from an engine memory to a region";
}
def EndOp : InstructionOp<"end"> {
  let summary = "Wait until everything before has retired";
}

#endif // ENGINE_OPS_TD
