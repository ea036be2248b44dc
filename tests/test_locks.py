"""The locks and the bill of materials are those of what pyproject.toml asks for."""

import json
from importlib.metadata import distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.locking import LOCKS, SBOM, Locked, bill_of, in_lock, read_declared, read_lock

AGAIN = "python -m tests.locking makes them anew"


def locked(name: str) -> list[Locked]:
    return read_lock((LOCKS / f"{name}.txt").read_text("utf-8"))


@pytest.mark.parametrize("name", ["runtime", "dev", "uv"])
def test_what_is_asked_for_is_locked_with_hashes(name: str) -> None:
    declared = read_declared()
    packages = declared.set_up if name == "uv" else declared.runtime + declared.no_deps
    if name == "dev":
        packages += declared.dev + declared.dev_no_deps
    found: dict[str, set[str]] = {}
    for one in locked(name):
        found.setdefault(canonicalize_name(one.requirement.name), set()).add(one.version)
        assert one.hashes, one
        assert in_lock(one.requirement.name, name), one
    for package in map(Requirement, packages):
        versions = found.pop(canonicalize_name(package.name), set())
        if in_lock(package.name, name):
            assert versions, f"{package} is not locked: {AGAIN}"
            assert all(map(package.specifier.contains, versions)), f"{package}: {AGAIN}"


def test_what_is_locked_is_what_is_installed() -> None:
    # The first counts: setuptools has copies of some that it puts behind the others.
    found = reversed([(canonicalize_name(one.metadata["Name"]), one) for one in distributions()])
    installed = {name: one.version for name, one in found}
    for requirement, _ in locked("dev"):
        if requirement.marker is None or requirement.marker.evaluate():
            version = installed.get(canonicalize_name(requirement.name), "no version")
            assert requirement.specifier.contains(version), f"{version} is here, not {requirement}"


def test_the_bill_of_materials_is_that_of_the_lock() -> None:
    assert json.loads(SBOM.read_text("utf-8")) == bill_of(locked("runtime"))
