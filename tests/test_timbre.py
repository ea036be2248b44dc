"""The one command: what it decides."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

import timbre

SOURCE = Path(timbre.__file__)
WANTED = timbre.Wanted(
    ["torch==2.13.0"], *(Path("locks", name) for name in ("runtime.txt", "dev.txt", "uv.txt"))
)
#: Folders of what speaks of the commands.
ROOMS = ("bot", "cogs", "data", "docs", "engine")
LINUX = timbre.Machine("3.11", "Linux", has_nvidia=False)


def test_it_parses_where_it_can_only_apologise() -> None:
    """An interpreter that is too old must get as far as the sentence about it."""
    ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_it_imports_the_standard_library_alone() -> None:
    imported = re.findall(r"^ *(?:import|from) (\w+)", SOURCE.read_text("utf-8"), re.MULTILINE)
    assert {"subprocess", "tomllib"} <= set(imported) <= sys.stdlib_module_names


def test_every_command_that_is_told_of_is_there() -> None:
    """In papers and in sentences of the program, `python timbre.py COMMAND` is one that it has.

    So is `timbre COMMAND`, which somebody with this folder types as `python timbre.py COMMAND`.
    """
    root = SOURCE.parent
    told: set[str] = set()
    for place in (root.glob("*"), *((root / room).rglob("*") for room in ROOMS)):
        for path in place:
            if path.suffix in (".py", ".md", ".po"):
                told |= set(
                    re.findall(r"(?:python3? timbre\.py|`timbre) ([a-z]+)", path.read_text("utf-8"))
                )
    assert {"demo", "test", "run", "files", "languages"} <= told
    assert told - timbre.COMMANDS.keys() == {"test"}


def test_other_pythons_than_3_11_to_3_13_get_one_sentence_that_names_them() -> None:
    complaints = {minor: timbre.wrong_python((3, minor, 9)) for minor in range(8, 16)}
    assert [minor for minor, complaint in complaints.items() if not complaint] == [11, 12, 13]
    assert all(f"3.{minor}" in said for minor, said in complaints.items() if said)
    assert "\n" not in complaints[14]


@pytest.mark.parametrize(
    ("system", "has_nvidia", "configured", "build"),
    [
        ("Windows", True, False, "uv-auto"),
        ("Windows", True, True, "uv-auto"),
        ("Windows", False, False, "default"),
        ("Linux", False, False, "cpu"),
        ("Linux", False, True, "default"),
        ("Linux", True, False, "default"),
        ("Linux", True, True, "default"),
        ("Darwin", False, False, "default"),
    ],
)
def test_the_torch_build_suits_the_machine(
    system: str, has_nvidia: bool, configured: bool, build: str
) -> None:
    """CUDA where there is a card, none where there is not, and a configured pip is obeyed."""
    assert timbre.torch_build(timbre.Machine("3.12", system, has_nvidia), configured) == build


@pytest.mark.parametrize(
    ("listing", "configured"),
    [
        ("", False),
        ("global.cert='/etc/ca.pem'\nglobal.timeout='60'\n", False),
        ("global.index-url='https://pypi.example/simple'\n", True),
        (":env:.extra-index-url='file:///wheels'", True),
        ("global.timeout='60'\ninstall.find-links='/wheels'", True),
        (":env:.no-index='1'", True),
    ],
)
def test_pip_is_configured_if_it_is_told_where_packages_come_from(
    listing: str, configured: bool
) -> None:
    """Certificates and time-outs alone say nothing about that."""
    assert timbre.names_an_index(timbre.pip_settings(listing)) == configured


@pytest.mark.parametrize(
    ("listing", "told"),
    [
        ("", {}),
        (
            ":env:.disable-pip-version-check='1'\n:env:.find-links='/a  /b'\n"
            "global.constraint='/c.txt'\nglobal.cert='/ca.pem'\nglobal.find-links='/old'\n"
            "global.extra-index-url='\\nhttps://one\\nhttps://two'\ndownload.proxy='p'\n"
            "install.index-url=\"https://it's\"\nglobal.index-url='https://other'\n",
            {
                "SSL_CERT_FILE": "/ca.pem",
                "UV_EXTRA_INDEX_URL": "https://one https://two",
                "UV_FIND_LINKS": "/a,/b",
                "UV_INDEX_URL": "https://it's",
            },
        ),
        ("global.proxy='http://proxy'\n", None),
        (":env:.no-index='1'\nglobal.cert='/ca.pem'\n", None),
    ],
)
def test_uv_goes_by_pips_settings_or_is_not_asked(
    listing: str, told: dict[str, str] | None
) -> None:
    """Variables come before `install`, that before `global`; what is no setting of uv is pip's."""
    assert timbre.uv_environment(timbre.pip_settings(listing)) == told


def test_torch_comes_first_and_then_what_is_locked() -> None:
    """Each build has its commands; dev packages are for tests only, and all is checked by hash."""
    pip, uv = ["python", "-m", "pip", "install"], ["python", "-m", "uv", "pip", "install"]
    hashed = ["--no-deps", "--require-hashes", "-r"]
    get_uv = ["--require-hashes", "-r", str(WANTED.uv)]

    def commands(build: str, dev: bool, uv_can: bool) -> list[list[list[str]]]:
        return [each for _, each in timbre.steps("python", WANTED, build, dev, uv_can)]

    [first, nothing], torch, locked, compiling = commands("cpu", dev=False, uv_can=True)
    assert (first[:4], first[-3:], nothing) == (pip, get_uv, [])
    for [by_uv, by_pip], what in (
        (torch, ["--index-url", timbre.PYTORCH_CPU_INDEX, "torch==2.13.0"]),
        (locked, [*hashed, str(WANTED.runtime)]),
    ):
        assert (by_uv[:5], by_uv[-len(what) :]) == (uv, what)
        assert (by_pip[:4], by_pip[-len(what) :]) == (pip, what)
        assert "--force-reinstall" in by_pip, "uv may have left half of it"
    assert compiling == [["python", "-c", timbre.COMPILE]]

    [torch_by_pip], [locked_by_pip], _ = commands("default", dev=True, uv_can=False)
    for by_pip in (torch_by_pip, locked_by_pip):
        assert by_pip[:4] == pip
        assert "--force-reinstall" not in by_pip
    assert torch_by_pip[-1] == "torch==2.13.0"
    assert "--index-url" not in torch_by_pip
    assert locked_by_pip[-4:] == [*hashed, str(WANTED.dev)]

    [first], [torch_by_uv], *_ = commands("uv-auto", dev=False, uv_can=False)
    assert (first[:4], first[-3:], torch_by_uv[:5]) == (pip, get_uv, uv)
    assert torch_by_uv[-2:] == ["--torch-backend=auto", "torch==2.13.0"]


def test_the_projects_own_requirements_are_read() -> None:
    wanted = timbre.read_wanted(SOURCE.parent)
    assert [re.split("[=<>]", name)[0] for name in wanted.torch] == ["torch"]
    assert wanted.runtime.is_file()
    assert wanted.dev.is_file()
    assert wanted.uv.is_file()


def test_set_up_is_redone_only_for_a_reason(tmp_path: Path) -> None:
    """By stamp: what is locked, which Python, which torch, and whether it came to its end."""
    locks = (tmp_path / f"{name}.txt" for name in ("runtime", "dev", "uv"))
    wanted = timbre.Wanted(["torch==2.13.0"], *locks)
    wanted.runtime.write_text("rich==14")
    wanted.dev.write_text("rich==14 pytest==9")

    def decide(stamp: object, machine: object = LINUX, *, tests: bool = False) -> str:
        text = json.dumps(stamp) if isinstance(stamp, dict) else stamp
        return timbre.what_to_do(text, wanted, machine, tests)

    full = timbre.stamp_for(wanted, LINUX, pip_is_configured=False)
    without_dev = {**full, "dev": None}
    assert decide(full) == decide(full, tests=True) == decide(without_dev) == "nothing"
    assert decide(without_dev, tests=True) == decide(None) == "install"
    assert decide("") == decide("[]") == decide('{"python": ') == "anew"

    with_card = LINUX._replace(has_nvidia=True)
    assert decide(full, LINUX._replace(python="3.12")) == decide(full, with_card) == "anew"
    from_own_index = timbre.stamp_for(wanted, LINUX, pip_is_configured=True)
    assert decide(from_own_index, with_card) == "nothing"

    wanted.dev.write_text("rich==14 pytest==9 mypy==2")
    assert decide(full, tests=True) == "install"
    assert decide(full) == "nothing"
    wanted.runtime.write_text("rich==15")
    assert decide(without_dev) == "install"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            "$ pip install a\nCollecting a\n  Downloading a-1.whl (3 MB)\n",
            "Downloading a-1.whl (3 MB)",
        ),
        ("Collecting a\n$ pip install b\n", ""),
        (
            "$ pip\nCollecting b\nInstalling collected packages: a, b, c\n",
            "Installing collected packages: a, b, c",
        ),
        ("$ uv\nDownloading a (2.0MiB)\n Downloaded b\n", "Downloading a (2.0MiB)"),
    ],
)
def test_progress_is_what_the_current_step_is_at(tmp_path: Path, log: str, said: str) -> None:
    """The log's last word about a package."""
    (tmp_path / "log").write_text(log)
    assert timbre.activity(tmp_path / "log") == said


def test_every_stage_of_the_tests_runs_although_one_fails(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder where there is nothing but a failing test: the verdict is the last line."""
    (tmp_path / "test_it.py").write_text(
        '"""A test."""\n\nimport os\nimport sys\n\n\ndef test_it() -> None:\n    """Fails."""\n'
        '    assert "DISCORD_TOKEN" not in os.environ\n'
        '    assert os.environ["HF_HUB_OFFLINE"] == "0"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    assert timbre.run_tests(sys.executable, ["-q", "-p", "no:cacheprovider"]) == 1
    lines = capfd.readouterr().out.strip().splitlines()
    assert lines[-1] == (
        "FAILED: ruff check FAILED, ruff format passed, pytest FAILED, mypy FAILED"
    )
    assert any("assert '1' == '0'" in line for line in lines), "offline, and without the token"
    assert [line for line in lines if re.fullmatch(r"== pytest FAILED in \d+\.\d s", line)]


def test_what_can_be_installed_beside_it_is_named_as_it_is_declared() -> None:
    """By its own name: on PyPI, `timbre` is a package of somebody else's."""
    root = SOURCE.parent
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {one for extra in project["optional-dependencies"].values() for one in extra}
    told: set[str] = set()
    for place in (root.glob("*"), *((root / room).rglob("*") for room in ROOMS)):
        for path in place:
            if path.suffix in (".py", ".md", ".example"):
                pinned = r"pip install '?([\w.-]+(?:\[|==[\d.]*\d))"
                told |= set(re.findall(pinned, path.read_text("utf-8")))
    assert told == declared
