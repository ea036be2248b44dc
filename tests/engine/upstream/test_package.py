"""What is wrong with upstream's packages is loud."""

import subprocess
import sys


def test_perths_silent_import_failure_is_loud_here() -> None:
    """Without pkg_resources, as under setuptools 82, perth hides that it cannot be imported."""
    program = (
        "import sys; sys.modules['pkg_resources'] = None\n"
        "from engine.errors import WorkerUnavailable\n"
        "try:\n    import engine.upstream.package\n"
        "except WorkerUnavailable as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("WatermarkMissing"), done.stdout + done.stderr
    assert "setuptools<82" in done.stdout
