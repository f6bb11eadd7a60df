"""Exits 0 if FILE holds the text of NEEDLE once, and COUNT of "exactly": contains.py FILE NEEDLE COUNT."""

import sys
from pathlib import Path

text, needle = Path(sys.argv[1]).read_text(), Path(sys.argv[2]).read_text()
if text.count(needle) != 1 or text.count("exactly") != int(sys.argv[3]):
    sys.exit(f"expected '{needle}' and no other place, found: {text}")
