"""`python -m engine.bench.cluster`: hands over to `engine.bench.cluster.command`."""

import sys

from engine.command import carry_out


def _main() -> int:
    from engine.bench.cluster.command import main  # noqa: PLC0415 - Ctrl-C is caught meanwhile

    return main()


if __name__ == "__main__":
    sys.exit(carry_out(_main))
