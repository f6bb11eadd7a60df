// The ways in which a tool ends.
#include "bnn/support/Tool.h"

#include "bnn/support/Files.h"
#include "bnn/support/Text.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <unistd.h>

namespace bnn::support {

namespace {

/// Opens descriptors 0 to 2 where they are closed, so that no file of the tool's
/// own becomes its standard output; each such that its use still fails.
void occupyStandardDescriptors() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) < 0)
      ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// A crash is bnncc's fault, whatever the input was.
void reportCrash(int signal) {
  writeAll(STDERR_FILENO,
           "error: internal error: the tool crashed, which is its own fault; "
           "please report the command line and its files\n");
  ::raise(signal); // now at its default again
}

/// On a stack of its own, as the other one may be what has run out. Handlers
/// that are there already, as a sanitizer's, stay.
void reportCrashes() {
  alignas(16) static char room[1 << 14];
  stack_t stack{};
  stack.ss_sp = room;
  stack.ss_size = sizeof room;
  ::sigaltstack(&stack, nullptr);
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction before {}, action {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_DFL)
      continue;
    action.sa_handler = reportCrash;
    action.sa_flags = int(SA_ONSTACK | SA_RESETHAND);
    ::sigaction(signal, &action, nullptr);
  }
}

} // namespace

void startTool() {
  occupyStandardDescriptors();
  reportCrashes();
  std::set_new_handler(outOfMemory);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void outOfMemory() {
  writeAll(STDERR_FILENO, "error: out of memory\n");
  ::_exit(failure);
}

int reportError(std::string_view text, ExitCode code) {
  std::string line = "error: ";
  line += printable(text);
  line += '\n';
  writeAll(STDERR_FILENO, line);
  return code;
}

bool print(std::string_view text, std::string &error) {
  int code = writeAll(STDOUT_FILENO, text);
  if (code != 0)
    error = std::string("standard output cannot be written: ") +
            std::strerror(code);
  return code == 0;
}

int printAndExit(std::string_view text) {
  std::string error;
  return print(text, error) ? success : reportError(error);
}

} // namespace bnn::support
