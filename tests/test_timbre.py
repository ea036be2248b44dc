"""The one command: what it decides, and a real set-up from wheels made on the spot."""

import ast
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[1] / "timbre.py"


def load() -> ModuleType:
    """Import timbre.py, which is no package."""
    spec = importlib.util.spec_from_file_location("timbre", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


timbre = load()
DECLARED = timbre.Declared(["torch==2.13.0"], ["torch==2.13.0", "rich"], ["odd==1"], ["pytest"])
LINUX = timbre.Machine("3.11", "Linux", has_nvidia=False)


def test_it_parses_where_it_can_only_apologise() -> None:
    """An interpreter that is too old must get as far as the sentence about it."""
    ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_it_imports_the_standard_library_alone() -> None:
    """Nothing is imported that a bare Python does not have."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("version", "welcome"),
    [
        ((3, 8, 20), False),
        ((3, 10, 0), False),
        ((3, 11, 0), True),
        ((3, 12, 9), True),
        ((3, 13, 1), True),
        ((3, 14, 0), False),
    ],
)
def test_other_pythons_get_one_sentence(version: tuple[int, ...], welcome: bool) -> None:
    """Only Python 3.11 to 3.13 will do; the sentence names what was found."""
    complaint = timbre.wrong_python(version)
    assert (complaint is None) == welcome
    if complaint:
        assert f"{version[0]}.{version[1]}" in complaint
        assert "\n" not in complaint


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
        ("global.timeout='60'\nuser.find-links='/wheels'", True),
        (":env:.no-index='1'", True),
    ],
)
def test_pip_is_configured_if_it_is_told_where_packages_come_from(
    listing: str, configured: bool
) -> None:
    """Certificates and time-outs alone say nothing about that."""
    assert timbre.names_an_index(listing) == configured


def test_torch_comes_first_and_the_odd_ones_last() -> None:
    """Each build has its commands; dev packages are for tests only."""
    cpu = [command for _, command in timbre.steps("python", DECLARED, "cpu", dev=False)]
    assert cpu[0][-3:] == ["--index-url", timbre.PYTORCH_CPU_INDEX, "torch==2.13.0"]
    assert cpu[1][-2:] == ["torch==2.13.0", "rich"]
    assert cpu[2][-2:] == ["--no-deps", "odd==1"]

    default = [command for _, command in timbre.steps("python", DECLARED, "default", dev=True)]
    assert "--index-url" not in default[0]
    assert default[0][-1] == "torch==2.13.0"
    assert default[1][-3:] == ["torch==2.13.0", "rich", "pytest"]

    windows = [command for _, command in timbre.steps("python", DECLARED, "uv-auto", dev=False)]
    assert windows[0][:4] == ["python", "-m", "pip", "install"]
    assert windows[0][-1] == "uv"
    assert windows[1][:5] == ["python", "-m", "uv", "pip", "install"]
    assert windows[1][-2:] == ["--torch-backend=auto", "torch==2.13.0"]
    assert [command[1:4] for command in windows[2:]] == [["-m", "pip", "install"]] * 2


def test_the_projects_own_requirements_are_read() -> None:
    declared = timbre.read_declared(SOURCE.parent / "pyproject.toml")
    assert [re.split("[=<>]", name)[0] for name in declared.torch] == ["torch"]
    assert declared.torch[0] in declared.packages
    assert any(name.startswith("torchaudio") for name in declared.packages)
    assert "chatterbox-tts==0.1.7" in declared.no_deps
    assert any(name.startswith("pytest") for name in declared.dev)


def test_set_up_is_redone_only_for_a_reason() -> None:
    """By stamp: what was declared, which Python, which torch, and whether it came to its end."""

    def decide(
        stamp: str | None,
        *,
        dev: bool = False,
        machine: object = LINUX,
        declared: object = DECLARED,
    ) -> str:
        return str(timbre.what_to_do(stamp, declared, machine, dev))

    full = timbre.stamp_for(DECLARED, LINUX, pip_is_configured=False)
    without_dev = json.dumps({**full, "dev": None})
    assert decide(json.dumps(full)) == "nothing"
    assert decide(json.dumps(full), dev=True) == "nothing"
    assert decide(without_dev) == "nothing"
    assert decide(without_dev, dev=True) == "install"
    assert decide(None) == "install"
    assert decide("") == "anew"
    assert decide("[]") == "anew"
    assert decide('{"python": ') == "anew"

    newer = DECLARED._replace(packages=["torch==2.13.0", "rich>=14"])
    assert decide(json.dumps(full), declared=newer) == "install"
    assert decide(json.dumps(full), declared=DECLARED._replace(no_deps=[])) == "install"
    more_tests = DECLARED._replace(dev=["pytest", "mypy"])
    assert decide(json.dumps(full), declared=more_tests, dev=True) == "install"
    assert decide(json.dumps(full), declared=more_tests) == "nothing"
    shuffled = DECLARED._replace(packages=["rich", "torch==2.13.0"])
    assert decide(json.dumps(full), declared=shuffled) == "nothing"

    assert decide(json.dumps(full), machine=LINUX._replace(python="3.12")) == "anew"
    assert decide(json.dumps(full), machine=LINUX._replace(has_nvidia=True)) == "anew"
    from_own_index = json.dumps(timbre.stamp_for(DECLARED, LINUX, pip_is_configured=True))
    assert decide(from_own_index, machine=LINUX._replace(has_nvidia=True)) == "nothing"


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
            "Installing b (1 of 3 done)",
        ),
    ],
)
def test_progress_is_what_the_current_step_is_at(tmp_path: Path, log: str, said: str) -> None:
    """The log's last word, or the next of the packages that pip installs without one."""
    installed = "Lib/site-packages" if os.name == "nt" else "lib/python3.11/site-packages"
    for name, changed in (("old-1.dist-info", 50.0), ("a-1.dist-info", 150.0)):
        package = tmp_path / installed / name
        package.mkdir(parents=True)
        os.utime(package, (changed, changed))
    (tmp_path / "log").write_text(log)
    assert timbre.activity(tmp_path / "log", since=100.0) == said


# A real set-up


def make_wheel(folder: Path, name: str, version: str, requires: str = "") -> None:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": metadata + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, content)


class Project:
    """A copy of timbre.py beside a small project, in a folder whose name has spaces."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my projects" / "timbre"
        self.elsewhere = folder / "elsewhere"
        self.wheels = folder / "wheels"
        for made in (self.root / "bot", self.elsewhere, self.wheels):
            made.mkdir(parents=True)
        shutil.copy(SOURCE, self.root)
        (self.root / "bot" / "__main__.py").write_text(
            "import json, os, sys, torch, leaf\n"
            "print(json.dumps([sys.argv[1:], os.getcwd(), torch.VERSION, leaf.VERSION]))\n"
            "sys.exit(7)\n"
        )
        (self.elsewhere / "bot").mkdir()
        (self.elsewhere / "bot" / "__main__.py").write_text("raise SystemExit('the wrong bot')\n")
        make_wheel(self.wheels, "torch", "2.13.0")
        make_wheel(self.wheels, "leaf", "1.0")
        make_wheel(self.wheels, "leaf", "2.0")
        make_wheel(self.wheels, "odd", "1.0", requires="nowhere-to-be-found")
        self.declare("leaf==1.0")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.wheels.as_uri(),
        }

    def declare(self, *packages: str) -> None:
        (self.root / "pyproject.toml").write_text(
            f"[project]\nname = 'x'\ndependencies = {['torch==2.13.0', *packages]}\n"
            "[dependency-groups]\nno-deps = ['odd==1.0']\n"
        )

    def pretend_to_be_set_up(self) -> None:
        """Leave what a finished set-up leaves, with this interpreter and no packages."""
        environment = self.root / ".venv"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(sys.executable)
        declared = timbre.read_declared(self.root / "pyproject.toml")
        machine = timbre.this_machine()
        stamp = timbre.stamp_for(declared, machine, pip_is_configured=True)
        (environment / "timbre-stamp.json").write_text(json.dumps(stamp))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.root / "timbre.py"), *arguments],
            cwd=self.elsewhere,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=100)
        return process.returncode, output, errors


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_set_up_from_nothing_to_a_change_and_through_a_failure(project: Project) -> None:
    """Two at once set up once; then only a change does, and a failed set-up is begun anew."""
    both = [project.start("say", "hello", "--out", "x.ogg"), project.start("say", "hello")]
    outputs = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [7, 7], outputs
    assert sum("Set up in" in output for output, _ in outputs) == 1
    assert sum("waiting" in output for output, _ in outputs) == 1
    told = json.loads(outputs[0][0].splitlines()[-1])
    here = str(project.elsewhere.resolve())
    assert told == [["say", "hello", "--out", "x.ogg"], here, "2.13.0", "1.0"]

    code, output, _ = project.run("say")
    assert (code, len(output.splitlines())) == (7, 1), "the second time there is nothing to set up"

    project.declare("leaf==2.0")
    code, output, _ = project.run("say")
    assert code == 7
    assert "[2/3] 2 packages" in output
    assert "environment" not in output
    assert json.loads(output.splitlines()[-1])[3] == "2.0"

    project.declare("leaf==3.0")
    unfinished = project.root / ".venv" / "half-written"
    unfinished.touch()
    code, output, errors = project.run("say")
    assert code == 1
    assert "No matching distribution found for leaf==3.0" in errors
    assert "Set-up failed at [2/3] 2 packages" in errors
    assert str(project.root.resolve() / ".venv" / "timbre-setup.log") in errors
    assert "Traceback" not in errors

    make_wheel(project.wheels, "leaf", "3.0")
    code, output, _ = project.run("say")
    assert code == 7
    assert "environment" in output
    assert not unfinished.exists(), "what a set-up left that did not finish is not built upon"
    assert json.loads(output.splitlines()[-1])[3] == "3.0"


def test_what_it_does_not_know_it_says_without_setting_up(project: Project) -> None:
    """Help is for free, and a slip of the pen costs no gigabytes."""
    code, output, _ = project.run("--help")
    assert code == 0
    assert "python timbre.py demo" in output
    code, _, errors = project.run("dmeo")
    assert code == 2
    assert "demo" in errors
    assert project.run()[0] == 2
    assert not (project.root / ".venv").exists()


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


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX signal")
def test_ctrl_c_reaches_the_command_and_shows_no_traceback(project: Project) -> None:
    """The command ends in its own way, and its exit code is passed on."""
    # A shell has what it starts in the background ignore it, and that is inherited.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    (project.root / "bot" / "__main__.py").write_text(
        "import time\n"
        "try:\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('goodbye')\n    raise SystemExit(5)\n"
    )
    project.pretend_to_be_set_up()
    process = project.start("run")
    signal.signal(signal.SIGINT, handler)
    assert process.stdout is not None
    while (line := process.stdout.readline()) != "ready\n":
        assert line, "it ended before it was ready"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (5, "goodbye\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes and modes")
def test_help_that_nobody_reads_is_no_traceback(project: Project) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, str(project.root / "timbre.py"), "--help"]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_a_folder_that_cannot_be_written_is_one_line(project: Project) -> None:
    """A file stands where the environment would be made: root may write everywhere else."""
    (project.root / ".venv").write_text("")
    code, _, errors = project.run("say")
    assert code == 1
    assert len(errors.splitlines()) == 1
    assert str(project.root.resolve() / ".venv") in errors
