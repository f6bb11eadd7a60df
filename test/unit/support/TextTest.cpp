// What comes out of a file reaches no terminal raw.
#include "bnn/support/Text.h"

#include <gtest/gtest.h>

using namespace bnn::support;

namespace {

TEST(Printable, TextStaysWhatItIs) {
  for (const char *text :
       {"", "/conv1/Conv", "a'b\"c\\d %s {}", "\u0432\u0445\u043e\u0434/\u5fc3",
        "\U0001f493", "C:\\models\\x.onnx"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, ControlsAreEscaped) {
  EXPECT_EQ(printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(printable("\x1b[31mred\x1b]0;title\x07"),
            "\\x1b[31mred\\x1b]0;title\\x07");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("\u009b31m"), "\\u{9b}31m"); // C1: another spelling of ESC [
}

TEST(Printable, InvisibleCharactersAreEscaped) {
  EXPECT_EQ(printable("a\u202eb"), "a\\u{202e}b"); // right-to-left override
  EXPECT_EQ(printable("a\u2028b"), "a\\u{2028}b"); // line separator
  EXPECT_EQ(printable("a\u200bb\ufeff"), "a\\u{200b}b\\u{feff}");
}

TEST(Printable, BytesThatAreNoUtf8AreEscaped) {
  EXPECT_EQ(printable("/c\xfb"), "/c\\xfb");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                     // cut off
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");            // overlong
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");   // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");   // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); // too large
  EXPECT_EQ(printable("\xe2\x82x"), "\\xe2\\x82x");
}

TEST(Printable, TwiceIsOnce) {
  for (const char *text : {"a\nb", "\xfb\xfe", "\u202e", "\\x1b", "\x1b"})
    EXPECT_EQ(printable(printable(text)), printable(text));
}

TEST(PrintableName, LongNamesAreCutWithAMark) {
  std::string exact(nameLimit, 'a');
  EXPECT_EQ(printableName(exact), exact);
  EXPECT_EQ(printableName(exact + "b"), exact + "...(201 characters)");
  EXPECT_EQ(printableName("\u5fc3\u7535\u56fe", 2),
            "\u5fc3\u7535...(3 characters)"); // never within a character
  EXPECT_EQ(printableName("\n\n\n", 2), "\\n\\n...(3 characters)");
}

} // namespace
