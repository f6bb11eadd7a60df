// The enumerations that instructions, microwords and status registers share.

def LoadDest : Enum<3, "Memory that a LOAD fills.", [
  Case<"Lanes", 0, "lane memories of all clusters; the address is a word">,
  Case<"Weights", 1, "weight memories; the address is a row of 4 beats">,
  Case<"Thresholds", 2, "threshold memories; the address is a row of 4 beats">,
  Case<"Control", 3, "control store; the address is a word of 1 beat">
]>;

def Region : Enum<2, "Memory region outside the engine.", [
  Case<"Program", 0, "the program image, read only">,
  Case<"Input", 1, "the window's input, read only">,
  Case<"Output", 2, "the window's output">,
  Case<"Scratch", 3, "between passes of one window">
]>;

def Format : Enum<2, "How a lane load lays out its bytes.", [
  Case<"Bits", 0, "as they come">,
  Case<"Quad", 1, "8 bytes become two words: bit planes 0,2,4,6 and 1,3,5,7">
]>;

def OutMode : Enum<3, "What the output unit makes of samples.", [
  Case<"Bits", 0, "SIGN samples: pooled records to the lane memories">,
  Case<"Raw", 1, "VALUE samples: 8 int32 per pooled pixel and channel group">,
  Case<"Sum", 2, "VALUE samples: 8 int32 sums per stream and channel group">,
  Case<"Split", 3, "VALUE samples: sums of max(v,0), then sums of min(v,0)">,
  Case<"SumBits", 4, "VALUE samples: sign of sum + T as one record pixel">,
  Case<"Quant", 5, "requantised values", 1>,
  Case<"Count", 6, "counts of thresholds passed", 1>
]>;

def StoreSource : Enum<2, "Memory that a STORE empties.", [
  Case<"Output", 0, "output buffer; the address is a 64-bit word">,
  Case<"Lanes", 1, "lane memory of pixel lane 0; the address is a word">
]>;

def AccOp : Enum<3, "What a step does to the accumulators.", [
  Case<"Hold", 0, "acc stays">,
  Case<"Init", 1, "acc = (T >> shifts) + pop">,
  Case<"Zero", 2, "acc = pop">,
  Case<"Add", 3, "acc = acc + pop">,
  Case<"Shift", 4, "acc = 2 * acc + t + pop, t the next lower bit of T">,
  Case<"Bias", 5, "acc = acc + T, nothing is read">
]>;

def Sample : Enum<2, "What the last step of a reduction hands over.", [
  Case<"None", 0, "nothing">,
  Case<"Sign", 1, "acc >= 0">,
  Case<"Value", 2, "acc">
]>;

def Trap : Enum<4, "Why an execution stopped.", [
  Case<"None", 0, "it did not">,
  Case<"IllegalInstruction", 1, "unknown opcode or a reserved bit set">,
  Case<"IllegalField", 2, "a field's value is out of its range or breaks a rule">,
  Case<"AddressRange", 3, "an address outside an engine memory">,
  Case<"RegionRange", 4, "an address outside a memory region">,
  Case<"ControlRange", 5, "a routine ran off the control store">,
  Case<"Deadlock", 6, "every engine waits for a token that cannot come">,
  Case<"BusError", 7, "the memory answered with an error">,
  Case<"Watchdog", 8, "a RUN took more than 2^24 steps">,
  Case<"MissingEnd", 9, "the code ended without END">,
  Case<"Unsupported", 10, "a reserved value that this engine does not have, or more streams than it can hold back">
]>;
