"""`python -m engine.bench.scale`: hands over to `engine.bench.scale.report`."""

import sys

from engine.command import carry_out


def _main() -> int:
    from engine.bench.scale.report import main  # noqa: PLC0415 - Ctrl-C is caught while it imports

    return main()


if __name__ == "__main__":
    sys.exit(carry_out(_main))
