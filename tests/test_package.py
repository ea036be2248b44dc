"""The package that pip installs: all of Timbre is in it, and it works away from its source."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from bot import __version__
from bot.speech.audio.opus import read_packets

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "cogs", "data", "engine")
MADE_OF = ("pyproject.toml", "README.md", "LICENSE", ".env.example")


def carried_out(*command: str | Path, **options: object) -> str:
    """What a command prints. It has to succeed."""
    ended = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return str(ended.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made from a copy: setuptools leaves a folder of its own beside the source."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    for name in MADE_OF:
        shutil.copy(ROOT / name, source)
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    carried_out(sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", out, source)
    (made,) = out.glob("timbre-*.whl")
    return made


class Installed(NamedTuple):
    """An environment with the package in it, and the user whose it is."""

    folder: Path
    scripts: Path
    environment: dict[str, str]

    def timbre(self, *arguments: str | Path) -> str:
        """What `timbre` prints, in a folder that has nothing to do with it."""
        script = self.scripts / ("timbre.exe" if os.name == "nt" else "timbre")
        return carried_out(script, *arguments, cwd=self.folder, env=self.environment)

    def python(self, code: str) -> str:
        python = self.scripts / ("python.exe" if os.name == "nt" else "python")
        return carried_out(python, "-c", code, cwd=self.folder, env=self.environment).strip()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """What Timbre needs is taken from here: it is not downloaded again."""
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "environment"
    carried_out(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    carried_out(*pip, "install", "--no-deps", "--no-index", "--no-compile", wheel)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = Path(carried_out(python, "-c", code).strip())
    (own / "needed.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    left_out = ("TIMBRE_", "DISCORD_", "XDG_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    user = str(folder / "user")
    return Installed(
        folder, python.parent, {**kept, "HOME": user, "LOCALAPPDATA": user, "COLUMNS": "500"}
    )


def test_all_files_of_the_packages_are_in_it_and_no_test(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*")]
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert expected <= names, f"missing: {sorted(expected - names)}"
    others = {name.partition("/")[0] for name in names - expected}
    assert others == {f"timbre-{__version__}.dist-info", f"timbre-{__version__}.data"}
    assert f"timbre-{__version__}.data/data/share/timbre/.env.example" in names


def test_it_speaks_and_keeps_what_it_keeps_in_a_folder_of_the_user(installed: Installed) -> None:
    assert installed.timbre("--version") == f"Timbre {__version__}\n"
    assert installed.timbre("--help").startswith("usage: timbre ")
    place = Path(installed.python("import bot; print(bot.__file__)"))
    assert place.is_relative_to(installed.folder), "this is the source and not the package"
    root = Path(installed.python("from bot.settings import ROOT; print(ROOT)"))
    assert root.is_relative_to(installed.folder / "user")
    root.mkdir(parents=True)
    (root / ".env").write_text("TIMBRE_ENGINE=stock\nTIMBRE_HOME=kept\n", "utf-8")
    installed.timbre("say", "Hello.", "--out", "said.ogg")
    assert read_packets((installed.folder / "said.ogg").read_bytes())
    assert (root / "kept" / "timbre.db").is_file()
    # Nothing was written into the package, which may be another user's.
    assert not list(place.parents[1].glob("var"))
