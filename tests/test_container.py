"""The container's files agree with each other and with the project. No image is built here."""

import fnmatch
import json
import re
import shlex
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pytest
import yaml

import timbre
from bot.commands.command_line import parser
from bot.settings import variable_names

ROOT = Path(__file__).parents[1]
_FLAG = re.compile(r"--[a-z-]+=\S+")


class Instruction(NamedTuple):
    """One of a container file, with its continued lines as one."""

    name: str
    rest: str


def instructions() -> list[Instruction]:
    text = (ROOT / "Containerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def stages() -> dict[str, list[Instruction]]:
    """The instructions of each stage, those of the stages that it is built upon first."""
    found: dict[str, list[Instruction]] = {}
    name = ""
    for instruction in instructions():
        if instruction.name == "FROM":
            source, _, name = instruction.rest.partition(" AS ")
            found[name] = list(found.get(source, []))
        found.setdefault(name, []).append(instruction)
    return found


STAGES = stages()
TARGETS = ("cpu", "cuda")


def last(stage: str, name: str) -> str:
    return [each.rest for each in STAGES[stage] if each.name == name][-1]


def reaches_the_builder(path: str) -> bool:
    """By .dockerignore, whose last line that fits decides; a folder's line fits what is in it."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        places = [str(place) for place in (PurePosixPath(path), *PurePosixPath(path).parents)]
        if line.startswith("**/"):
            fits = any(fnmatch.fnmatch(part, pattern) for part in PurePosixPath(path).parts)
        else:
            fits = any(fnmatch.fnmatch(place, pattern) for place in places if place != ".")
        if line and not line.startswith("#") and fits:
            ignored = not line.startswith("!")
    return not ignored


def composed(*names: str) -> dict[str, Any]:
    """The one service, with later files laid over earlier ones."""

    def laid_over(below: Any, above: Any) -> Any:
        if not (isinstance(below, dict) and isinstance(above, dict)):
            return above
        both = {key: laid_over(below[key], above[key]) for key in below.keys() & above.keys()}
        return {**below, **above, **both}

    service: Any = {}
    for name in names:
        content = yaml.safe_load((ROOT / name).read_text("utf-8"))
        service = laid_over(service, content["services"]["timbre"])
    return dict(service)


COMPOSED = {"cpu": ("compose.yaml",), "cuda": ("compose.yaml", "compose.cuda.yaml")}


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and "--from=" not in rest
        for source in shlex.split(_FLAG.sub("", rest))[:-1]
    ]
    assert {"pyproject.toml", "timbre.py", "locks/runtime.txt", "."} <= set(copied)
    for source in set(copied) - {"."}:
        assert (ROOT / source).is_file(), source
        assert reaches_the_builder(source), source


@pytest.mark.parametrize(
    ("path", "reaches"),
    [
        ("bot/clips/speaker.safetensors", True),
        ("data/migrations/V1__initial.sql", True),
        ("README.md", True),
        (".env.example", True),
        (".env", False),
        ("var/timbre.db", False),
        ("tests/test_container.py", False),
        (".git/config", False),
        ("bot/__pycache__/settings.cpython-312.pyc", False),
    ],
)
def test_no_secret_and_no_voice_gets_into_an_image(path: str, reaches: bool) -> None:
    assert reaches_the_builder(path) == reaches


def test_all_that_the_package_is_made_of_reaches_the_builder() -> None:
    for package in ("bot", "cogs", "data", "engine"):
        files = [path for path in (ROOT / package).rglob("*") if path.is_file()]
        names = [path.relative_to(ROOT).as_posix() for path in files]
        assert names
        kept = [name for name in names if "__pycache__" not in name]
        assert [name for name in kept if not reaches_the_builder(name)] == []


@pytest.mark.parametrize("target", TARGETS)
def test_packages_are_installed_by_hash_but_for_torch(target: str) -> None:
    runs = " && ".join(rest for name, rest in STAGES[f"packages-{target}"] if name == "RUN")
    installs = re.findall(r"pip install ([^&]*)", runs)
    assert len(installs) == 3
    torch, locked, own = installs
    assert torch.split()[-2:] == ["-r", "torch.txt"]
    assert "--require-hashes -r locks/runtime.txt" in locked
    assert {"--no-deps", "--no-build-isolation", "."} <= set(own.split())
    assert ("whl/cpu" in torch) == (target == "cpu")
    assert f"--from=packages-{target} " in last(target, "COPY")


@pytest.mark.parametrize("target", TARGETS)
def test_it_runs_a_command_that_there_is_as_nobody_who_may_do_anything(target: str) -> None:
    user, _, group = last(target, "USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert f"--uid {user} " in " ".join(rest for name, rest in STAGES[target] if name == "RUN")
    entry = json.loads(last(target, "ENTRYPOINT"))
    assert entry == ["timbre"]
    assert parser().parse_args(json.loads(last(target, "CMD"))).command == "run"
    health = json.loads(last(target, "HEALTHCHECK").partition("CMD ")[2])
    assert health[:1] == entry
    asked = parser().parse_args(health[1:])
    assert (asked.command, asked.health) == ("doctor", True)


def test_the_python_is_one_that_timbre_runs_on() -> None:
    default = dict(rest.split("=") for name, rest in instructions() if name == "ARG")["PYTHON"]
    assert timbre.wrong_python(tuple(map(int, default.split(".")))) is None
    for name, rest in instructions():
        if name == "FROM" and "/" in rest:
            assert ":${PYTHON}-" in rest, "the environment of one Python does not run in another"


@pytest.mark.parametrize("target", TARGETS)
def test_the_composed_service_keeps_its_home_and_can_do_nothing_else(target: str) -> None:
    service = composed(*COMPOSED[target])
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert service["build"]["target"] == target
    assert target in STAGES
    volumes = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["volumes"]
    (mounted,) = service["volumes"]
    volume, _, place = mounted.partition(":")
    assert volume in volumes
    assert place == service["environment"]["TIMBRE_HOME"] == last(target, "VOLUME")
    assert place == dict(re.findall(r"(\w+)=(\S+)", last("base", "ENV")))["TIMBRE_HOME"]
    assert service["environment"].keys() <= set(variable_names())
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert "ports" not in service
    assert ("deploy" in service) == (target == "cuda")
