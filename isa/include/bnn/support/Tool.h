// What every command-line tool does alike: error lines, standard output, and
// what ends a process from outside.
#pragma once

#include <string>
#include <string_view>

namespace bnn::support {

/// Exit codes of all tools.
enum ExitCode { success = 0, failure = 1, wrongUsage = 2 };

/// To be called first in main(). Memory that runs out ends the tool by the line
/// "error: out of memory" and exit code 1; a file size limit and a closed pipe
/// become errors of the write that meets them; a crash says in one line that it
/// is one before the signal ends the process.
void startTool();

/// Ends the process by that line; allocates nothing.
[[noreturn]] void outOfMemory();

/// Prints "error: TEXT" as one line on standard error, nothing in it that a
/// terminal would obey, and returns `code`.
int reportError(std::string_view text, ExitCode code = failure);

/// Writes all of `text` on standard output. On failure returns false and sets
/// `error` to one line ("standard output cannot be written: No space left on
/// device").
bool print(std::string_view text, std::string &error);

/// print() as the last thing that a tool does: returns its exit code.
int printAndExit(std::string_view text);

} // namespace bnn::support
