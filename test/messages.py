"""Holds the list of error messages in the code against those that tests expect: messages.py SOURCE-ROOT.

A message is a statement that makes an error (emitOpError, fail, error = ...). Its pieces are what no value interrupts;
its mark is the longest of those that no other message has, remedies ("; ...") left out. It is reached if the start of its
mark stands in an expectation of a test: a line of a lit test that is no RUN line, a string of a unit test, or a table of
broken models. messages-internal.txt names the marks of errors that only a fault of bnncc's own can cause, or that the
tests cannot bring forth, each with the reason. A message that is neither reached nor there fails, and so does an entry
that is no message any more."""

import re
import sys
from collections import Counter
from pathlib import Path

FOLDERS = ("compiler", "dialects", "isa/lib", "runtime")
MAKES_ERROR = re.compile(
    r"\b(?:emitOpError|emitError|createStringError|fail|failWith|failAt|trouble|usageError|reportError|refuse)\s*\(|\b(?:error|problem|text|why|message)\s*=(?!=)|\breturn\s*\{\s*BNN_ERROR"
)
LITERAL = re.compile(r'R"(\w*)\((.*?)\)\1"|"((?:[^"\\\n]|\\.)*)"', re.S)
START, LEAST = 24, 10


def without_comments(code: str) -> str:
    """The code with comments blanked, literals kept."""
    token = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'|//[^\n]*|/\*.*?\*/', re.S)
    return token.sub(lambda m: " " if m.group().startswith(("//", "/*")) else m.group(), code)


def literals(code: str) -> list[str]:
    """Its string literals; those that only space separates are one."""
    texts, end = [], None
    for match in LITERAL.finditer(code):
        text = match.group(2) if match.group(3) is None else match.group(3)
        text = text.replace('\\"', '"').replace("\\'", "'").replace("\\\\", "\\")
        if end is not None and not code[end : match.start()].strip():
            texts[-1] += text
        else:
            texts.append(text)
        end = match.end()
    return texts


def statement(code: str, begin: int) -> str:
    """From `begin` to the semicolon that ends it, or to where its block ends."""
    depth, at = 0, begin
    while at < len(code):
        if match := LITERAL.match(code, at):
            at = match.end()
            continue
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and code[at] == ";"):
            break
        at += 1
    return code[begin:at]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def pieces(texts: list[str]) -> list[str]:
    """What stands between values, remedies left out."""
    found = []
    for text in texts:
        for piece in re.split(r"\{[^{}]*\}|\\n|%\w+", text.replace("{{", "{").replace("}}", "}")):
            rule = squeezed(piece.split(";")[0]).strip(" '\":,()")
            if len(rule) >= LEAST and " " in rule:
                found.append(rule)
    return found


def messages(root: Path) -> dict[str, str]:
    """Marks of all messages, with where they stand."""
    everywhere: list[tuple[list[str], str]] = []
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.cpp")) + sorted((root / folder).rglob("*.h")):
            code = without_comments(path.read_text())
            for match in MAKES_ERROR.finditer(code):
                line = code.count("\n", 0, match.start()) + 1
                if found := pieces(literals(statement(code, match.start()))):
                    everywhere.append((found, f"{path.relative_to(root)}:{line}"))
    common = Counter(piece for found, _ in everywhere for piece in set(found))
    marks: dict[str, str] = {}
    for found, where in everywhere:
        own = [piece for piece in found if common[piece] == 1]
        marks.setdefault(max(own or found, key=len), where)
    return marks


def expectations(root: Path) -> str:
    texts = []
    for path in sorted((root / "test").rglob("*")):
        if path.suffix in (".test", ".mlir", ".sh"):
            lines = [line for line in path.read_text().splitlines() if "RUN:" not in line]
            texts.append(re.sub(r"\{\{\[(.)\]\}\}", r"\1", "\n".join(lines)))
        elif path.suffix == ".py" and path.name != "messages.py":
            texts.append(path.read_text())
        elif path.suffix == ".cpp":
            texts += literals(without_comments(path.read_text()))
    return squeezed("\n".join(texts))


def entries(path: Path) -> dict[str, str]:
    """Marks with what stands behind them: "MARK # REASON"."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {text.strip(): reason for text, _, reason in (line.partition(" # ") for line in lines)}


def main() -> int:
    root = Path(sys.argv[1])
    found, reached = messages(root), expectations(root)
    internal = entries(root / "test" / "messages-internal.txt")
    missing = {text for text in found if text[:START].rstrip() not in reached}
    problems = [f"{found[text]}: no test expects: {text}" for text in missing if text not in internal]
    for text, reason in internal.items():
        if text not in found:
            problems.append(f"messages-internal.txt: no message of the code is: {text}")
        elif not reason:
            problems.append(f"messages-internal.txt: no reason is given for: {text}")
    print("\n".join(sorted(problems)))
    print(f"{len(found)} messages, {len(found) - len(missing)} reached by tests, {len(missing & set(internal))} internal, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
