"""The command line: `python -m bot COMMAND`, or `timbre COMMAND` where pip installed it."""

import sys
from pathlib import Path

#: What a person typed. `timbre.py` becomes `python -m bot`, and `timbre` is a script of pip's.
PROGRAM = "timbre" if Path(sys.argv[0]).stem == "timbre" else "timbre.py"
