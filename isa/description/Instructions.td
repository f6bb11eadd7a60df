// The instructions: 128 bits, two little-endian 64-bit words, low word first.

def Version : Constant<2, "Version of the instruction set.">;
def InstructionMemory : Constant<512, "Instructions that one start of the engine can hold.">;
def OpcodeBits : Constant<4, "Width of the opcode, which starts at bit 0.">;
def RowBeats : Constant<4, "Beats of a weight or threshold row: 32 bits a channel.">;
def ThresholdBits : Constant<24, "Bits of T in a threshold entry, from bit 0: as many as an accumulator has at most.">;
def PolarityBit : Constant<31, "Place of the polarity in a threshold entry; what lies between is not kept.">;

defvar PopPrev = Flag<"pop_prev", "wait for a token from the engine before">;
defvar PopNext = Flag<"pop_next", "wait for a token from the engine after">;
defvar PushPrev = Flag<"push_prev", "on retiring, a token to the engine before">;
defvar PushNext = Flag<"push_next", "on retiring, a token to the engine after">;

def Load : Instruction<1, "Copy beats of 8 bytes from a region into an engine memory."> {
  let fields = [
    NoFlag<"pop_prev", "no engine comes before LOAD">, PopNext,
    NoFlag<"push_prev", "no engine comes before LOAD">, PushNext,
    Choice<"dest", LoadDest, "memory to fill", Suffix>,
    Choice<"region", Region, "region to read", Always>,
    Unsigned<"source", 26, "beats", "first beat, from the region's start", show_=Always>,
    Unsigned<"beats", 16, "beats", "how many", 1, show_=Always>,
    Unsigned<"address", 16, "words or rows", "where the first goes", show_=Always>,
    Choice<"format", Format, "lanes: layout of the bytes">,
    Unsigned<"phase", 8, "bytes", "lanes: lane p is shifted by p * phase">,
    Unsigned<"split", 2, "log2", "weights, thresholds: the beats are 2^split equal chunks, chunk m for channel group m", max_=2>,
    Unsigned<"period", 8, "8-byte words", "lanes: of every so many 8-byte words of a lane only the first `keep` are stored, close together; 0: all are">,
    Unsigned<"keep", 8, "8-byte words", "lanes: see period">,
    Unsigned<"lead", 6, "beats", "lanes: beats of pad bytes before those of the region; LOAD makes them itself">,
    Unsigned<"trail", 6, "beats", "lanes: beats of pad bytes behind those of the region">,
    Unsigned<"pad", 8, "", "lanes: every byte of lead and trail">
  ];
  let layout = [
    "opcode | pop_prev | pop_next | push_prev | push_next | dest | region | source | beats",
    "address | format | phase | split | period | keep | lead | trail | pad"
  ];
  let rules = [
    Rule<"L1", "dest", ["Weights", "Thresholds", "Control"], "format", 0, 0>,
    Rule<"L2", "dest", ["Weights", "Thresholds", "Control"], "phase", 0, 0>,
    Rule<"L3", "dest", ["Lanes", "Control"], "split", 0, 0>,
    Rule<"L4", "dest", ["Weights", "Thresholds", "Control"], "period", 0, 0>,
    Rule<"L5", "dest", ["Weights", "Thresholds", "Control"], "keep", 0, 0>,
    Rule<"L6", "dest", ["Weights", "Thresholds", "Control"], "lead", 0, 0>,
    Rule<"L7", "dest", ["Weights", "Thresholds", "Control"], "trail", 0, 0>,
    Rule<"L8", "dest", ["Weights", "Thresholds", "Control"], "pad", 0, 0>
  ];
}

def Loop : Instruction<2, "Set limit and strides of one or two loops of the next RUN."> {
  let fields = [
    Unsigned<"index0", 3, "loop", "first half: loop to set", show_=Always>,
    Unsigned<"limit0", 12, "iterations", "how often it runs; 0: this half is unused", show_=Always>,
    Signed<"act_stride0", 16, "words", "added to the activation address per iteration">,
    Signed<"weight_stride0", 13, "rows", "added to the weight row per iteration">,
    Signed<"threshold_stride0", 11, "rows", "added to the threshold row per iteration">,
    Unsigned<"index1", 3, "loop", "second half: loop to set", show_=With<"limit1">>,
    Unsigned<"limit1", 12, "iterations", "how often it runs; 0: this half is unused">,
    Signed<"act_stride1", 16, "words", "added to the activation address per iteration">,
    Signed<"weight_stride1", 13, "rows", "added to the weight row per iteration">,
    Signed<"threshold_stride1", 11, "rows", "added to the threshold row per iteration">
  ];
  let layout = [
    "opcode | index0 | limit0 | act_stride0 | weight_stride0 | threshold_stride0",
    "index1 | limit1 | act_stride1 | weight_stride1 | threshold_stride1"
  ];
}

def Out : Instruction<3, "Configure the output unit for the next RUN."> {
  let fields = [
    Choice<"mode", OutMode, "what becomes of samples", Suffix>,
    Unsigned<"base", 16, "words", "first word of stream (0,0) in the lanes or the output buffer", show_=Always>,
    Unsigned<"record", 3, "bytes", "bytes per output pixel", max_=4>,
    Unsigned<"group_pitch", 16, "words", "from one output group's stream to the next">,
    Unsigned<"row_pitch", 16, "words", "from one row's stream to the next">,
    Unsigned<"phase", 8, "bytes", "lane p is shifted by p * phase">,
    Unsigned<"lead", 8, "bytes", "pad bytes before the records">,
    Unsigned<"trail", 8, "bytes", "pad bytes after the records">,
    Flag<"pad", "pad bytes are 0xFF instead of 0x00">,
    Unsigned<"pool_window", 4, "pixels", "pooling window along x", 1>,
    Unsigned<"pool_stride", 4, "pixels", "pooling stride along x", 1>,
    Flag<"pool_first", "OR over the window before the XOR of planes and polarity">,
    Unsigned<"pixels", 16, "pixels", "pixels per stream before pooling", show_=Always>
  ];
  let layout = [
    "opcode | mode | base | record | group_pitch | row_pitch",
    "phase | lead | trail | pad | pool_window | pool_stride | pool_first | pixels"
  ];
  let rules = [
    Rule<"O1", "mode", ["Bits", "SumBits"], "record", 1, 4>
  ];
}

def Run : Instruction<4, "Run a routine of the control store over the loop nest."> {
  let fields = [
    PopPrev, PopNext, PushPrev, PushNext,
    Unsigned<"entry", 6, "words", "first microword", below_="control_words", show_=Always>,
    Unsigned<"act", 16, "words", "activation base address", below_="lane_words", show_=Always>,
    Unsigned<"weight", 13, "rows", "weight base row", below_="weight_rows", show_=Always>,
    Unsigned<"threshold", 11, "rows", "threshold base row", below_="threshold_rows", show_=Always>,
    Unsigned<"act_plane_stride", 14, "words", "from one activation plane to the next">,
    Unsigned<"weight_plane_stride", 10, "rows", "from one weight plane to the next">,
    Unsigned<"cluster_stride", 14, "words", "from one pixel group's window to the next">,
    Unsigned<"split", 2, "log2", "2^split channel groups of clusters", max_=2>,
    Unsigned<"tail", 5, "bits", "valid bits of the last word, 0 is 32; with quad valid bytes of the last group, 0 is 8">,
    Flag<"quad", "activations are bytes in quad layout">,
    Unsigned<"shifts", 4, "steps", "SHIFT steps after INIT">,
    Unsigned<"last_pixels", 8, "pixels", "valid pixels of the last pixel tile, 0 is all", max_=128>,
    Unsigned<"delay", 8, "cycles", "added between the run before and the first step">
  ];
  let layout = [
    "opcode | pop_prev | pop_next | push_prev | push_next | entry | act | weight | threshold | split | delay",
    "act_plane_stride | weight_plane_stride | cluster_stride | tail | quad | shifts | last_pixels"
  ];
  let rules = [
    Rule<"R1", "quad", ["1"], "tail", 0, 7>
  ];
}

def Store : Instruction<5, "Copy beats of 8 bytes from an engine memory to a region."> {
  let fields = [
    PopPrev, NoFlag<"pop_next", "no engine comes after STORE">,
    PushPrev, NoFlag<"push_next", "no engine comes after STORE">,
    Choice<"source", StoreSource, "memory to read", Suffix>,
    Unsigned<"address", 16, "words", "where the first comes from", show_=Always>,
    Choice<"region", Region, "region to write", Always>,
    Unsigned<"dest", 26, "beats", "first beat, from the region's start", show_=Always>,
    Unsigned<"beats", 16, "beats", "how many", 1, show_=Always>
  ];
  let layout = [
    "opcode | pop_prev | pop_next | push_prev | push_next | source | address | region | dest",
    "beats"
  ];
  let rules = [
    Rule<"S1", "source", ["Output", "Lanes"], "region", 2, 3>
  ];
}

def End : Instruction<6, "Wait until everything before has retired; the window is done."> {
  let layout = ["opcode", ""];
}
