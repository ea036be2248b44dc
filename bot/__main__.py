"""`python -m bot`, and `timbre` where pip installed it.

Gives over to `bot.commands.command_line` before anything slow is imported.
"""

import logging
import os
import sys

from engine.command import carry_out


def _main() -> int:
    from bot.commands.command_line import main  # noqa: PLC0415 - Ctrl-C while it is imported is caught

    return main(sys.argv[1:])


def main() -> int:
    """The console script of the installed package; returns the exit code.

    Where a bucket was used the process ends here: a request that was given up may be answered yet,
    and obstore's thread would bring that to an interpreter that is being taken down.
    """
    code = carry_out(_main)
    if "obstore" in sys.modules:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
