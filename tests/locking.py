"""Locks of all packages with their hashes, and the bill of materials (SBOM) made from them.

    python -m tests.locking    resolve anew, for every system and Python that Timbre runs on

Needs `uv`, which set-up brings. torch, and what it brings for a GPU, is in no lock: which build of
it suits is known on the machine alone. Format of the bill: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "locks"
SBOM = LOCKS / "sbom.cdx.json"
#: Comes with torch's own build, or not at all.
OF_TORCH = re.compile(r"(torch|triton|nvidia-.*|cuda-.*)")
#: What the tests compile with, also where torch's own build brings no such thing.
COMPILER = "nvidia-cuda-nvrtc"
_LINE = re.compile(r"(?P<requirement>[A-Za-z0-9][^\\]*?) \\")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Declared(NamedTuple):
    """What pyproject.toml asks for: `..no_deps` without what those packages ask for themselves.

    `set_up` is what installs the others.
    """

    runtime: list[str]
    no_deps: list[str]
    dev: list[str]
    dev_no_deps: list[str]
    set_up: list[str]


def read_declared() -> Declared:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = content["dependency-groups"]
    return Declared(
        content["project"]["dependencies"],
        groups["no-deps"],
        groups["dev"],
        groups["dev-no-deps"],
        groups["set-up"],
    )


class Locked(NamedTuple):
    """One package: its exact version, where it counts, and the SHA-256 of each of its files."""

    requirement: Requirement
    hashes: list[str]

    @property
    def version(self) -> str:
        (only,) = self.requirement.specifier
        return only.version


def read_lock(text: str) -> list[Locked]:
    """The packages of a lock. A package may be in it twice, for different systems."""
    found: list[Locked] = []
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            found.append(Locked(Requirement(match["requirement"]), []))
        elif match := _HASH.search(line):
            found[-1].hashes.append(match[1])
    return found


def bill_of(locked: list[Locked]) -> dict[str, Any]:
    """The bill of materials of what whoever runs Timbre has installed."""
    components = [
        {
            "type": "library",
            "name": one.requirement.name,
            "version": one.version,
            "purl": f"pkg:pypi/{one.requirement.name.lower()}@{one.version}",
            "bom-ref": f"pkg:pypi/{one.requirement.name.lower()}@{one.version}",
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in one.hashes],
        }
        for one in locked
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "timbre"}},
        "components": components,
    }


def written(locked: list[Locked]) -> str:
    """A lock as pip reads it."""
    lines = []
    for one in locked:
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in one.hashes)
        lines.append(f"{one.requirement}{hashes}\n")
    return "".join(lines)


def in_lock(package: str, lock: str) -> bool:
    """Whether a package belongs in a lock, `runtime` or `dev`."""
    return not OF_TORCH.fullmatch(package) or (lock == "dev" and package == COMPILER)


def resolve(requirements: list[str], *options: str) -> list[Locked]:
    """Ask uv for exact versions. Raises `CalledProcessError` where there are none."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", "--universal", *options]
    command += ["--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    asked = "\n".join(requirements)
    answer = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    return read_lock(answer.stdout)


def main() -> None:
    declared = read_declared()
    for name, packages, no_deps in (
        ("runtime", declared.runtime, declared.no_deps),
        ("dev", declared.runtime + declared.dev, declared.no_deps + declared.dev_no_deps),
        ("uv", declared.set_up, []),
    ):
        resolved = resolve(packages) + resolve(no_deps, "--no-deps")
        found = [one for one in resolved if in_lock(one.requirement.name, name)]
        locked = sorted(found, key=lambda one: str(one.requirement).lower())
        (LOCKS / f"{name}.txt").write_text(written(locked), encoding="utf-8")
        if name == "runtime":
            SBOM.write_text(json.dumps(bill_of(locked), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
