#!/usr/bin/env python3
"""Timbre's one command: sets up `.venv` beside this file if need be, then runs something in it.

    python timbre.py demo    hear the bot, without Discord: a Discord on 127.0.0.1 plays its part
    python timbre.py test    lint, types and all tests; more arguments go to pytest
    python timbre.py run     the bot on Discord, with DISCORD_TOKEN in .env
    python timbre.py say "Hello" --out hello.ogg
    python timbre.py doctor  what works on this machine, and what to do about the rest
    python timbre.py cache list|clear|verify
    python timbre.py database move postgresql|sqlite
    python timbre.py files move bucket|folder
    python timbre.py statistics    what the bot did on each of the last 30 days
    python timbre.py languages ...    check translations, or begin one
    python timbre.py weights ...   fetch or check Chatterbox's weights
    python timbre.py bench ...     measure the engine

`python timbre.py COMMAND --help` tells more. Uses the standard library alone, and must parse on
Python 3.8, to be able to say which Python it needs. It is longer than 300 lines because it is one
file that a bare Python runs: before the set-up there is nothing that it could import.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
COMMANDS = {
    **{
        name: ("-m", "bot", name)
        for name in (
            *("demo", "run", "say", "doctor", "cache", "database", "files", "statistics"),
            *("languages", "weights"),
        )
    },
    "bench": ("-m", "engine.bench"),
}
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
#: pip's settings that uv is told of, and by which variable; and those that pip alone can follow.
UV_VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_INDEX_URL",
    "no-cache-dir": "UV_NO_CACHE",
}
PIP_ALONE = {"client-cert", "no-binary", "no-index", "only-binary", "proxy", "trusted-host"}
#: Folders of packages of which nothing is ever imported, or a handful, which is compiled then: half
#: of all source. Patterns.
SELDOM = (
    "(.*/)?tests?|(transformers|diffusers)/(models|(modular_)?pipelines)|onnx/(backend|reference)",
    "diffusers/(loaders|schedulers)|torch/(_inductor|_vendor|testing)|openai/(resources|types)",
    "onnxruntime/(quantization|tools|transformers)|sympy/(combinatorics|parsing|physics|stats)",
    "huggingface_hub/(cli|inference)|numba/cuda|numpy/distutils|pygments/lexers|sklearn/ensemble",
    "fontTools|fsspec|mypyc?|networkx|torchgen|transformers/exporters",
)
_SELDOM = f"/site-packages/({'|'.join(SELDOM)})/".replace("/", r"[/\\]")
#: pip would compile one file after the other; what does not compile is of no Python that runs here.
COMPILE = (
    "import compileall, re, sysconfig; compileall.compile_dir("
    f"sysconfig.get_path('purelib'), quiet=2, workers=0, rx=re.compile({_SELDOM!r}))"
)


class SetUpFailed(Exception):
    """The environment could not be made; `str(error)` says why and where to read more."""


class Wanted(NamedTuple):
    """What is to be installed: torch as pyproject.toml asks for it, all else as it is locked.

    The locks hold exact versions and the hashes of their files, for every system and Python.
    `dev` is `runtime` and what the tests need; `uv` is that alone, which installs them.
    """

    torch: list[str]
    runtime: Path
    dev: Path
    uv: Path


class Machine(NamedTuple):
    """What the choice of packages depends on: "3.11", "Linux", and whether there is a driver."""

    python: str
    system: str
    has_nvidia: bool


def wrong_python(version: Sequence[int]) -> str | None:
    """Why this Python cannot be used, None if it can."""
    if (3, 11) <= tuple(version[:2]) <= (3, 13):
        return None
    found = f"{version[0]}.{version[1]} ({sys.executable})"
    return f"Timbre needs Python 3.11, 3.12 or 3.13, and this is {found}."


def this_machine() -> Machine:
    has_nvidia = bool(shutil.which("nvidia-smi")) or Path("/proc/driver/nvidia/version").exists()
    return Machine("{}.{}".format(*sys.version_info), platform.system(), has_nvidia)


def read_wanted(root: Path) -> Wanted:
    import tomllib  # noqa: PLC0415 - older Pythons have none, and get as far as `wrong_python`

    content = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    packages = content["project"]["dependencies"]
    torch = [package for package in packages if re.match(r"torch(?![\w.-])", package)]
    return Wanted(torch, *(root / "locks" / f"{name}.txt" for name in ("runtime", "dev", "uv")))


def pip_settings(pip_config_list: str) -> dict[str, str]:
    """What `pip install` goes by, from the output of `pip config list`."""
    lines = re.findall(r"^(.+?)\.([\w-]+)=(.*)$", pip_config_list, re.MULTILINE)
    order = ("global", "install", ":env:")  # the last one counts
    settings = [line for section in order for line in lines if line[0] == section]
    return {name: ast.literal_eval(value) for _, name, value in settings}


def names_an_index(settings: dict[str, str]) -> bool:
    """Whether pip's settings say where packages come from."""
    return bool(settings.keys() & {"index-url", "extra-index-url", "find-links", "no-index"})


def uv_environment(settings: dict[str, str]) -> dict[str, str] | None:
    """Variables that have uv, which reads none of pip's settings, go by them; None if it can't."""
    if PIP_ALONE & settings.keys():
        return None
    return {
        variable: ("," if name == "find-links" else " ").join(settings[name].split())
        for name, variable in UV_VARIABLES.items()
        if name in settings
    }


def torch_build(machine: Machine, pip_is_configured: bool) -> str:
    """Which torch suits a machine: "uv-auto", "cpu", or "default" for whatever pip finds.

    PyPI's torch brings gigabytes of CUDA on Linux, and none on Windows. A machine whose pip is told
    where packages come from is left to that.
    """
    if machine.system == "Windows" and machine.has_nvidia:
        return "uv-auto"
    if machine.system == "Linux" and not machine.has_nvidia and not pip_is_configured:
        return "cpu"
    return "default"


def steps(
    python: str, wanted: Wanted, build: str, dev: bool, uv_can: bool
) -> list[tuple[str, list[list[str]]]]:
    """What fills an environment, in order: each label with a command and those for where it fails.

    The lock comes after torch: it also settles the versions of what that brought along. uv takes a
    fifth of pip's time for it; pip does what uv can't, over what uv may have half done.
    """
    pip = [python, "-m", "pip", "install", "--progress-bar=off", "--no-input", "--no-compile"]
    get_uv = [*pip, "--only-binary=:all:", "--require-hashes", "-r", str(wanted.uv)]
    uv = [python, "-m", "uv", "pip", "install", "--python", python, "--no-config", "--system-certs"]
    # As with pip, any index may have a file: all but torch is locked, and known by its hash.
    by_uv = [*uv, "--index-strategy=unsafe-best-match"]
    locked = ["--no-deps", "--require-hashes", "-r", str(wanted.dev if dev else wanted.runtime)]
    torch = ["--index-url", PYTORCH_CPU_INDEX, *wanted.torch] if build == "cpu" else wanted.torch
    name = "torch for CPU" if build == "cpu" else "torch"

    def either(what: list[str]) -> list[list[str]]:
        if not uv_can:
            return [[*pip, *what]]
        return [[*by_uv, *what], [*pip, "--force-reinstall", *what]]

    if build == "uv-auto":  # without uv there is none for this GPU
        plan = [("uv", [get_uv])]
        plan.append(("torch for this GPU", [[*uv, "--torch-backend=auto", *wanted.torch]]))
    else:
        plan = [("uv", [get_uv, []])] if uv_can else []
        plan.append((name, either(torch)))
    compiling = ("bytecode, on all cores", [[python, "-c", COMPILE]])
    return [*plan, ("packages", either(locked)), compiling]


def stamp_for(wanted: Wanted, machine: Machine, pip_is_configured: bool) -> dict[str, object]:
    """What a finished environment with the dev group in it is known by."""

    def digest(lock: Path) -> str:
        return hashlib.sha256(json.dumps(wanted.torch).encode() + lock.read_bytes()).hexdigest()

    return {
        "python": machine.python,
        "torch": torch_build(machine, pip_is_configured),
        "pip_is_configured": pip_is_configured,  # to ask pip again would take half a second
        "runtime": digest(wanted.runtime),
        "dev": digest(wanted.dev),
    }


def what_to_do(stamp: str | None, wanted: Wanted, machine: Machine, dev: bool) -> str:
    """Answer "nothing", "install" or "anew", by the text of the stamp; None: there is no stamp.

    A set-up empties the stamp first and writes it last. An empty one was left by a set-up that did
    not finish: pip may then take a half-written package for a whole one. An environment without any
    stamp was made by hand: it is completed, never removed.
    """
    if stamp is None:
        return "install"
    try:
        found = json.loads(stamp)
        want = stamp_for(wanted, machine, found["pip_is_configured"])
    except (ValueError, TypeError, KeyError):
        return "anew"
    if any(found.get(name) != want[name] for name in ("python", "torch")):
        return "anew"  # neither can be changed by installing over it
    enough = ("dev",) if dev else ("dev", "runtime")
    return "nothing" if any(found.get(name) == want[name] for name in enough) else "install"


def set_up(root: Path, dev: bool) -> str:
    """Make or complete `root/.venv` where that is needed; returns its interpreter.

    Only one process at a time works on it, others wait. Raises `SetUpFailed`.
    """
    environment = root / ".venv"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = environment / "timbre-stamp.json"
    log = environment / "timbre-setup.log"
    lock = environment / "timbre-setup.lock"
    wanted = read_wanted(root)
    machine = this_machine()

    def due() -> str:
        text = stamp.read_text(encoding="utf-8") if stamp.exists() else None
        lost = text is not None and not python.exists()  # the Python that it was made with is gone
        return "anew" if lost else what_to_do(text, wanted, machine, dev)

    if due() == "nothing":
        return str(python)
    environment.mkdir(exist_ok=True)
    with only_one(lock) as held:
        action = due()  # whoever held the lock may have done it
        if action == "nothing":
            return str(python)
        begun = time.monotonic()
        print(f"Setting up {environment}", flush=True)
        if action == "anew":
            empty(environment, keep={stamp, lock})
        stamp.write_text("", encoding="utf-8")
        log.write_bytes(b"")
        if not python.exists():
            # Not by this interpreter: it may be the very one that has just been removed.
            base = getattr(sys, "_base_executable", sys.executable)
            follow("environment", [[base, "-m", "venv", str(environment)]], log, held, {})
        asked = [str(python), "-m", "pip", "config", "list"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        settings = pip_settings(answer.stdout)
        configured = names_an_index(settings)
        for_uv = uv_environment(settings)
        plan = steps(str(python), wanted, torch_build(machine, configured), dev, for_uv is not None)
        for number, (label, commands) in enumerate(plan, start=1):
            follow(f"[{number}/{len(plan)}] {label}", commands, log, held, for_uv or {})
        done = stamp_for(wanted, machine, configured)
        new = stamp.with_suffix(".new")
        new.write_text(json.dumps(done if dev else {**done, "dev": None}), encoding="utf-8")
        new.replace(stamp)
        print(f"Set up in {time.monotonic() - begun:.0f} s", flush=True)
    return str(python)


def empty(folder: Path, keep: set[Path]) -> None:
    """Remove what is in a folder but for `keep`. Raises `SetUpFailed` if something is in use."""
    try:
        for path in set(folder.iterdir()) - keep:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise SetUpFailed(f"{folder} has to be made anew, and something uses it: {error}") from None


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[int]:
    """Hold a lock, given as a file descriptor, waiting for it if need be.

    The system frees it when its holders end, in whatever way: it is never stale.
    """
    with path.open("a+b") as file:
        if not try_lock(file.fileno()):
            print("Another timbre.py is setting up; waiting for it", flush=True)
            while not try_lock(file.fileno()):
                time.sleep(0.2)
        yield file.fileno()


def try_lock(descriptor: int) -> bool:
    """Take an exclusive lock on an open file unless somebody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - Windows alone has it

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - Windows has none

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def follow(
    label: str, commands: list[list[str]], log: Path, lock: int, environment: dict[str, str]
) -> None:
    """Run one step with its output in the log, showing what it is at and for how long.

    Where it fails the next command is run in its place, if there is one; an empty one does nothing.

    On POSIX it inherits the lock, so that a step that outlives a killed timbre.py still holds it.
    Raises `SetUpFailed` with the end of the log.
    """
    command, *others = commands
    begun = shown = time.monotonic()
    terminal = sys.stdout.isatty()
    always = {"PYTHONUNBUFFERED": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    print(label, end="" if terminal else "\n", flush=True)
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(command)}\n".encode())
        sink.flush()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment, **always},
            pass_fds=() if os.name == "nt" else (lock,),
        )
    while wait(process, 0.3) is None:
        now = time.monotonic()
        line = f"{label} {now - begun:.0f} s {activity(log)}"
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]:{width}}", end="", flush=True)
        elif now - shown >= 10:
            shown = now
            print(line, flush=True)
    if terminal:
        print()
    if process.returncode != 0 and not others:
        tail = "\n".join(end_of(log)[-20:])
        raise SetUpFailed(f"{tail}\n\nSet-up failed at {label}. All that was printed is in {log}")
    if process.returncode != 0 and others[0]:
        print("That failed; pip does it, more slowly", flush=True)
        follow(label, others, log, lock, environment)


def wait(process: subprocess.Popen[bytes], seconds: float | None) -> int | None:
    """The exit code of a process, None if it still runs after so long.

    Ctrl-C in a terminal reaches the process too; it gets ten seconds to end in its own way.
    """
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        raise


def end_of(log: Path) -> list[str]:
    """The last lines of a log, in what every console can show."""
    return log.read_bytes()[-8000:].decode("ascii", "backslashreplace").splitlines()


def activity(log: Path) -> str:
    """What pip or uv was last heard to do, by the log."""
    at_work = re.compile(
        r"\s*(Collecting|Downloading|Using cached|Processing|Building|Installing) "
    )
    for line in reversed(end_of(log)):
        if at_work.match(line):
            return line.strip()[:70]
        if line.startswith("$ "):
            break
    return ""


def run_instead(command: list[str], environment: dict[str, str]) -> int:
    """Become this command, or where a process cannot, wait for it; returns its exit code."""
    sys.stdout.flush()
    if os.name != "nt":
        # Signals and the exit code are then its own.
        os.execve(command[0], command, environment)  # noqa: S606
    process = subprocess.Popen(command, env=environment)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # it got that too, and ends when it likes
            return process.wait()


def run_tests(python: str, pytest_arguments: list[str]) -> int:
    """Run every stage even if one fails; returns 0 if all passed. mypy works beside the others."""
    # Tests start hundreds of processes: each would compile what it imports, were it not written.
    left_out = {"DISCORD_TOKEN", "PYTHONDONTWRITEBYTECODE"}
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in left_out and not name.startswith("TIMBRE_")
    }
    environment.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TIMBRE_ENV_FILE="")
    packages = ["-p", "bot", "-p", "engine", "-p", "cogs", "-p", "data"]
    stages = {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "pytest": ["pytest", "-n", "auto", "--max-worker-restart", "0", *pytest_arguments],
    }
    verdicts = []

    def judge(name: str, process: subprocess.Popen[bytes]) -> str:
        verdicts.append(f"{name} {'passed' if wait(process, None) == 0 else 'FAILED'}")
        return f"== {verdicts[-1]}"

    with tempfile.TemporaryFile() as printed:
        mypy = subprocess.Popen(
            [python, "-m", "mypy", *packages],
            env=environment,
            stdout=printed,
            stderr=subprocess.STDOUT,
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
        )
        if os.name == "posix":
            # Tests measure times. Lower than this process's own: to raise one takes root.
            nice = os.getpriority(os.PRIO_PROCESS, 0) + 5
            os.setpriority(os.PRIO_PROCESS, mypy.pid, min(nice, 19))
        for name, command in stages.items():
            print(f"== {name}", flush=True)
            begun = time.monotonic()
            verdict = judge(name, subprocess.Popen([python, "-m", *command], env=environment))
            print(f"{verdict} in {time.monotonic() - begun:.1f} s", flush=True)
        print("== mypy", flush=True)
        verdict = judge("mypy", mypy)
        printed.seek(0)
        print(f"{printed.read().decode(errors='replace')}{verdict}", flush=True)
    failed = any(verdict.endswith("FAILED") for verdict in verdicts)
    print(f"{'FAILED' if failed else 'PASSED'}: {', '.join(verdicts)}")
    return 1 if failed else 0


def show_help(code: int) -> int:
    """Print what there is and return `code`, or 1 where nobody reads it to the end."""
    try:
        print(__doc__, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushed again at the end
        return 1
    return code


def main(arguments: list[str]) -> int:
    """Carry out one command line; returns the exit code."""
    if complaint := wrong_python(tuple(sys.version_info[:3])):
        print(complaint, file=sys.stderr)
        return 2
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return show_help(0 if arguments else 2)
    command, rest = arguments[0], arguments[1:]
    if command != "test" and command not in COMMANDS:
        print(f"No command {command!r}; there are test, {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        python = set_up(ROOT, dev=command == "test")
        if command == "test":
            os.chdir(ROOT)
            return run_tests(python, rest)
        paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        # -P: what lies in the caller's folder is not imported.
        return run_instead([python, "-P", *COMMANDS[command], *rest], environment)
    except SetUpFailed as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or ROOT} cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
