"""`python -m engine.bench`: hands over to `engine.bench.command`, whose imports take seconds."""

import sys

from engine.command import carry_out


def _main() -> int:
    from engine.bench.command import main  # noqa: PLC0415 - Ctrl-C while it is imported is caught

    return main()


if __name__ == "__main__":
    sys.exit(carry_out(_main))
