// The words the description is written in: enumerations, fields, bit layouts,
// rules, and byte layouts of the program file.
//
// A field's place is never a number here: `layout` names the fields from bit 0
// upwards, one string per 64-bit word, and the generator counts. A field never
// crosses a 64-bit word, bits that no field takes are reserved and must be 0.

/// One value of an enumeration. A reserved value has a name and a number, and
/// an engine that lacks it traps with Unsupported.
class Case<string name_, int value_, string doc_, bit reserved_ = 0> {
  string name = name_;
  int value = value_;
  string doc = doc_;
  bit reserved = reserved_;
}

class Enum<int width_, string doc_, list<Case> cases_> {
  int width = width_;
  string doc = doc_;
  list<Case> cases = cases_;
}

/// When a field is printed: Plain if it differs from its default, Always, as
/// the mnemonic's Suffix, or With another field that is not 0.
class Show<string kind_, string with_ = ""> {
  string kind = kind_;
  string with = with_;
}
def Plain : Show<"Plain">;
def Always : Show<"Always">;
def Suffix : Show<"Suffix">;
class With<string other> : Show<"With", other>;

/// A field. Values run from `min` to `max`; `min` above 0 is the default, else
/// 0 is. `below` names the target size that bounds the value (docs/engine.md,
/// section 1); the program verifier checks it.
class Field<string name_, int width_, string doc_> {
  string name = name_;
  int width = width_;
  string doc = doc_;
  bit isSigned = 0;
  bit isMask = 0;
  string unit = "";
  string below = "";
  string enumName = "";
  int min = 0;
  int max = !sub(!shl(1, width_), 1);
  Show show = Plain;
}

class Unsigned<string name_, int width_, string unit_, string doc_,
               int min_ = 0, int max_ = !sub(!shl(1, width_), 1),
               string below_ = "", Show show_ = Plain>
    : Field<name_, width_, doc_> {
  let unit = unit_;
  let min = min_;
  let max = max_;
  let below = below_;
  let show = show_;
}

class Signed<string name_, int width_, string unit_, string doc_,
             Show show_ = Plain> : Field<name_, width_, doc_> {
  let isSigned = 1;
  let unit = unit_;
  let min = !sub(0, !shl(1, !sub(width_, 1)));
  let max = !sub(!shl(1, !sub(width_, 1)), 1);
  let show = show_;
}

class Flag<string name_, string doc_> : Field<name_, 1, doc_>;

/// A flag that this instruction has no use for: its place is kept, its value 0.
class NoFlag<string name_, string doc_> : Flag<name_, doc_> { let max = 0; }

/// A set of loops, bit j for loop j.
class Mask<string name_, int width_, string doc_> : Field<name_, width_, doc_> {
  let isMask = 1;
  let unit = "loops";
}

class Choice<string name_, Enum enum, string doc_, Show show_ = Plain>
    : Field<name_, enum.width, doc_> {
  let enumName = !cast<string>(enum);
  let show = show_;
}

/// While field `when` has one of the values `is` (case names or numbers), field
/// `target` must be within min..max.
class Rule<string label_, string when_, list<string> is_, string target_,
           int min_, int max_> {
  string label = label_;
  string when = when_;
  list<string> is = is_;
  string target = target_;
  int min = min_;
  int max = max_;
}

/// A struct of fields in 64-bit words. `layout` lists them from bit 0.
class Layout<string doc_> {
  string doc = doc_;
  list<Field> fields = [];
  list<string> layout = [];
  list<Rule> rules = [];
}

class Instruction<int opcode_, string doc_> : Layout<doc_> {
  int opcode = opcode_;
}

class Microword<string doc_> : Layout<doc_>;

/// A field of the program file, little endian.
class Bytes<string name_, int size_, string doc_> {
  string name = name_;
  int size = size_;
  string doc = doc_;
}

class ByteLayout<string doc_, list<Bytes> fields_> {
  string doc = doc_;
  list<Bytes> fields = fields_;
}

/// A named number.
class Constant<int value_, string doc_> {
  int value = value_;
  string doc = doc_;
}
