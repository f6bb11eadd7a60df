// The program file (.bnn): a header, a table of sections, the sections one behind
// the other in the table's order.

def FormatVersion : Constant<2, "Version of the program file format.">;
def MaxSections : Constant<16, "Sections a file may have.">;
def MaxSectionBytes : Constant<268435456, "Bytes of a section, unpacked, at most.">;
def MaxRatio : Constant<1032, "Bytes that one byte of DEFLATE can stand for at most.">;

def FileHeader : ByteLayout<"The start of the file.", [
  Bytes<"magic", 8, "the bytes BNNPROG and a zero byte">,
  Bytes<"format_version", 4, "version of this file format">,
  Bytes<"isa_version", 4, "version of the instruction set">,
  Bytes<"fingerprint", 4, "CRC-32 of the target's description">,
  Bytes<"sections", 4, "entries in the section table, which follows">,
  Bytes<"file_bytes", 4, "length of the whole file">,
  Bytes<"crc", 4, "CRC-32 of the whole file but these four bytes">
]>;

def SectionEntry : ByteLayout<"One entry of the section table.", [
  Bytes<"kind", 4, "which section">,
  Bytes<"size", 4, "bytes, unpacked">,
  Bytes<"stored", 4, "bytes in the file: below `size` raw DEFLATE (RFC 1951), else as they are">
]>;

def Section : Enum<4, "The sections of a program file.", [
  Case<"Target", 1, "sizes of the engine the program is for">,
  Case<"Info", 2, "ranges and sizes of the image and the regions">,
  Case<"Image", 3, "region Program: code, microcode, weights, thresholds">,
  Case<"Io", 4, "JSON: what the loader does around the engine">,
  Case<"Debug", 5, "JSON: instruction to ONNX node; may be missing">
]>;

def TargetSection : ByteLayout<"The target section; the name's bytes follow.", [
  Bytes<"clusters", 4, "clusters">,
  Bytes<"lane_words", 4, "32-bit words per lane memory">,
  Bytes<"weight_rows", 4, "256-bit rows per weight memory">,
  Bytes<"threshold_rows", 4, "rows of 8 entries per threshold memory">,
  Bytes<"control_words", 4, "64-bit words of the control store">,
  Bytes<"output_words", 4, "64-bit words of the output buffer">,
  Bytes<"accumulator_bits", 4, "bits per accumulator">,
  Bytes<"clock_mhz", 4, "for reports only">
]>;

def InfoSection : ByteLayout<"The info section; byte offsets are from the image's start.", [
  Bytes<"cold_begin", 4, "code to run once after loading: first byte">,
  Bytes<"cold_end", 4, "and the byte behind it">,
  Bytes<"warm_begin", 4, "code to run once per window: first byte">,
  Bytes<"warm_end", 4, "and the byte behind it">,
  Bytes<"input_bytes", 4, "size of region Input per window">,
  Bytes<"output_bytes", 4, "size of region Output per window">,
  Bytes<"scratch_bytes", 4, "size of region Scratch">,
  Bytes<"code_bytes", 4, "of the image: instructions">,
  Bytes<"microcode_bytes", 4, "of the image: microwords">,
  Bytes<"weight_bytes", 4, "of the image: weights">,
  Bytes<"threshold_bytes", 4, "of the image: thresholds">
]>;
