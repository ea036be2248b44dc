"""`python -m engine.cluster ADDRESS NAME HOLDER`: the relay of one worker on the cluster.

With `--check ADDRESS` it prints what `doctor` shows of the cluster instead.
"""

import sys

from engine.worker.pipes import claim


def _main() -> None:
    if sys.argv[1] == "--check":
        from engine.cluster.checking import check  # noqa: PLC0415

        check(sys.argv[2])
        return
    stdin, stdout = claim()
    from engine.cluster.relay import run  # noqa: PLC0415 - Ray comes with it, after `claim`

    run(stdin, stdout, *sys.argv[1:4])


if __name__ == "__main__":
    _main()
