"""`python -m bot`: gives over to `bot.commands.command_line` before anything slow is imported."""

import sys

from engine.command import carry_out


def _main() -> int:
    from bot.commands.command_line import main  # noqa: PLC0415 - Ctrl-C while it is imported is caught

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(carry_out(_main))
