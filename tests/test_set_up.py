"""A real set-up by timbre.py, from wheels made on the spot."""

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import timbre


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


def make_uv_wheel(folder: Path) -> str:
    """Make a wheel of the uv that is installed here; returns its version, "0" if there is none."""
    try:
        uv = distribution("uv")
    except PackageNotFoundError:
        return "0"
    info = f"uv-{uv.version}.dist-info"
    names = {file: str(file) for file in uv.files or [] if file.suffix != ".pyc"}
    names |= {
        file: f"uv-{uv.version}.data/scripts/{file.name}" for file in names if ".." in str(file)
    }
    record = f"{info}/RECORD"
    with zipfile.ZipFile(folder / f"uv-{uv.version}-py3-none-any.whl", "w") as wheel:
        for file, name in names.items():
            if name.startswith(info) and file.name not in ("METADATA", "WHEEL"):
                continue
            wheel.write(str(file.locate()), name)
        wheel.writestr(record, "".join(f"{name},,\n" for name in [*wheel.namelist(), record]))
    return uv.version


class Project:
    """A copy of timbre.py beside a small project, in a folder whose name has spaces."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my projects" / "timbre"
        self.elsewhere = folder / "elsewhere"
        self.wheels = folder / "wheels"
        for made in (self.root / "bot", self.root / "locks", self.elsewhere, self.wheels):
            made.mkdir(parents=True)
        shutil.copy(timbre.__file__, self.root)
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
        (self.root / "pyproject.toml").write_text(
            "[project]\nname = 'x'\ndependencies = ['torch==2.13.0']\n"
        )
        (self.root / "locks" / "dev.txt").touch()
        self.uv = make_uv_wheel(self.wheels)
        self.lock("uv", uv=self.uv)
        self.lock("runtime", leaf="1.0", odd="1.0")
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PIP_", "UV_"))
            },
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": (folder / "an empty index").as_uri(),
            "PIP_FIND_LINKS": self.wheels.as_uri(),
            "UV_CACHE_DIR": str(folder / "cache"),
        }

    def lock(self, lock: str, **versions: str) -> None:
        """Ask for these, with the hash of the wheel of each where there is one."""
        lines = []
        for name, version in versions.items():
            wheel = self.wheels / f"{name}-{version}-py3-none-any.whl"
            content = wheel.read_bytes() if wheel.exists() else b"none yet"
            lines.append(f"{name}=={version} --hash=sha256:{sha256(content).hexdigest()}\n")
        (self.root / "locks" / f"{lock}.txt").write_text("".join(lines))

    def log(self) -> str:
        return (self.root / ".venv" / "timbre-setup.log").read_text()

    def pretend_to_be_set_up(self) -> None:
        """Leave what a finished set-up leaves, with this interpreter and no packages."""
        environment = self.root / ".venv"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(sys.executable)
        wanted = timbre.read_wanted(self.root)
        machine = timbre.this_machine()
        stamp = timbre.stamp_for(wanted, machine, pip_is_configured=True)
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


@pytest.mark.slow
def test_a_set_up_from_nothing_to_a_change_and_through_a_failure(project: Project) -> None:
    """Two at once set up once; then only a change does, and a failed set-up is begun anew.

    uv installs where there is one, and where it fails pip does.
    """
    has_uv = project.uv != "0"
    both = [project.start("say", "hello", "--out", "x.ogg"), project.start("say", "hello")]
    outputs = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [7, 7], outputs
    assert sum("Set up in" in output for output, _ in outputs) == 1
    assert sum("waiting" in output for output, _ in outputs) == 1
    assert sum(output.count("pip does it") for output, _ in outputs) == (0 if has_uv else 2), (
        outputs
    )
    assert ("Successfully installed leaf-1.0 odd-1.0" in project.log()) != has_uv
    assert list((project.root / ".venv").rglob("leaf.*.pyc"))
    told = json.loads(outputs[0][0].splitlines()[-1])
    here = str(project.elsewhere.resolve())
    assert told == [["say", "hello", "--out", "x.ogg"], here, "2.13.0", "1.0"]

    code, output, _ = project.run("say")
    assert (code, len(output.splitlines())) == (7, 1), "the second time there is nothing to set up"

    project.lock("runtime", leaf="2.0", odd="1.0")
    project.environment["UV_CONCURRENT_DOWNLOADS"] = "more than uv can"
    code, output, _ = project.run("say")
    assert code == 7
    assert (
        output.count("[3/4] packages\nThat failed; pip does it, more slowly\n[3/4] packages\n") == 1
    )
    assert "environment" not in output
    assert json.loads(output.splitlines()[-1])[3] == "2.0"

    del project.environment["UV_CONCURRENT_DOWNLOADS"]
    project.lock("runtime", leaf="3.0", odd="1.0")
    make_wheel(project.wheels, "leaf", "3.0")
    unfinished = project.root / ".venv" / "half-written"
    unfinished.touch()
    code, output, errors = project.run("say")
    assert code == 1
    assert "DO NOT MATCH THE HASHES" in errors, "a file that is not the one that was locked"
    assert ("Hash mismatch for `leaf==3.0`" in project.log()) == has_uv
    assert "Set-up failed at [3/4] packages" in errors
    assert str(project.root.resolve() / ".venv" / "timbre-setup.log") in errors
    assert "Traceback" not in errors

    project.lock("runtime", leaf="3.0", odd="1.0")
    project.environment["PIP_NO_INDEX"] = "1"
    code, output, _ = project.run("say")
    assert code == 7
    assert "environment" in output
    assert "[2/3] packages" in output, "uv, which cannot do without an index, is not asked"
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
    while (line := process.stdout.readline()) != "ready\n":
        assert line, "it ended before it was ready"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=100)
    assert (process.returncode, output, errors) == (5, "goodbye\n", "")


def test_a_folder_that_cannot_be_written_is_one_line(project: Project) -> None:
    """A file stands where the environment would be made: root may write everywhere else."""
    (project.root / ".venv").write_text("")
    code, _, errors = project.run("say")
    assert code == 1
    assert len(errors.splitlines()) == 1
    assert str(project.root.resolve() / ".venv") in errors
