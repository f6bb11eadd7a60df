// Microcode as text: one word per line, and the routines that ship with it.
#pragma once

#include "bnn/isa/Isa.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bnn::isa {

/// Assembles lines `[label:] item ... [; comment]`. An item is a flag's name or
/// field=value: a number, a value's name, a set of loops (reduce=0-2,5), a
/// label (near, far); ends=LO-HI sets ends, lo and hi; `nop` is the word of
/// zeros. Labels and addresses count from the text's first word. On failure
/// returns false and sets `error` to "line N: ...".
bool assemble(std::string_view text, std::vector<Microword> &words,
              std::map<std::string, uint32_t> &labels, std::string &error);

/// A routine, assembled for address 0.
struct Routine {
  std::string name;
  std::string doc; ///< the comment it starts with
  std::vector<Microword> words;
  uint32_t shifts = 0; ///< RUN.shifts that it needs
};

/// A shipped routine (isa/microcode) or a generated one: planes_AxW,
/// planes_AxW_value, planes_AxW_multi with A activation and W weight bits in
/// 1..8. Null if there is none of this name.
const Routine *findRoutine(std::string_view name);

/// All of them, in the order of their names.
std::vector<const Routine *> allRoutines();

/// The words of `routine` as they are loaded at control store address `base`.
std::vector<Microword> placeRoutine(const Routine &routine, uint32_t base);

} // namespace bnn::isa
