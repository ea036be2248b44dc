"""`python -m bot`, and `timbre` where pip installed it.

Gives over to `bot.commands.command_line` before anything slow is imported.
"""

import sys

from engine.command import carry_out


def _main() -> int:
    from bot.commands.command_line import main  # noqa: PLC0415 - Ctrl-C while it is imported is caught

    return main(sys.argv[1:])


def main() -> int:
    """The console script of the installed package; returns the exit code."""
    return carry_out(_main)


if __name__ == "__main__":
    sys.exit(main())
