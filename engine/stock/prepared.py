"""The stock voice's model as onnxruntime runs it, kept on disk once it was made.

To rewrite and to optimise it takes more than a second of a core, which every start would pay. What
is kept gives the same sound, to the last bit.
"""

import importlib.resources
import logging
import platform
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np

from engine.kept_files import KeptFiles
from engine.onnx import VERSION, InferenceSession, cpu_session, optimise

#: A model and a check of two versions of onnxruntime; a model has 92 MB.
_MOST_FILES = 4
#: What is made of a model depends on these.
_SOURCES = ("onnx.py", "stock/prepared.py", "stock/convolutions.py")

_log = logging.getLogger(__name__)


def load(
    digest: str, read: Callable[[], bytes], threads: int, folder: Path | None
) -> InferenceSession:
    """Load the model that has the SHA-256 `digest` and that `read` reads. Raises what that does.

    Nothing of it is read where `folder` has what was made of it earlier, by this version, for such
    a processor. With None for a folder all is done anew and nothing is kept.
    """
    if folder is None:
        return cpu_session(_rewritten(read(), _is_exact(_check())), threads)
    files = KeptFiles(folder, what="the stock voice's model", suffix=".onnx", most=_MOST_FILES)
    sources = importlib.resources.files("engine")
    made_by = sha256(b"".join((sources / name).read_bytes() for name in _SOURCES)).hexdigest()
    check = files.read(of_check := ("check", made_by))
    if check is None:
        files.keep(of_check, check := _check())
    exact = _is_exact(check)
    key = (digest, VERSION, made_by, platform.system(), platform.machine(), str(exact))
    if (kept := files.read(key)) is not None:
        return cpu_session(kept, threads)
    model = _rewritten(read(), exact)
    try:
        with files.unfinished(2 * len(model)) as new:
            optimise(model, new)
            optimised = new.read_bytes()
        session = cpu_session(optimised, threads)
    except Exception as error:  # onnxruntime's exceptions have no common kind
        _log.warning("the stock voice's model is not kept in %s: %s", folder, error)
        return cpu_session(model, threads)
    files.keep(key, optimised)
    return session


def _rewritten(model: bytes, exact: bool) -> bytes:
    """The model with products, but for other processors than x86, where nobody measured it."""
    if not exact or platform.machine().lower() not in ("x86_64", "amd64"):
        return model
    from engine.stock.convolutions import with_products  # noqa: PLC0415 - it imports onnx

    return with_products(model)


def _check() -> bytes:
    from engine.stock.convolutions import largest_products  # noqa: PLC0415 - likewise

    return largest_products()


def _is_exact(check: bytes) -> bool:
    """Whether the sums of `largest_products` are right on this processor.

    One without dot products of bytes adds pairs in 16 bits, which hold no such sum.
    """
    (sums,) = cpu_session(check, 1).run(None, {"left": np.full((16, 128), 255, np.uint8)})
    return bool((np.asarray(sums) == 128 * 255 * 127).all())
