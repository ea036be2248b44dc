import pytest

from tests.stock import shared_weights


@pytest.fixture
def quick_stock_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bots inherit the environment of who measures them."""
    for name, value in shared_weights().items():
        monkeypatch.setenv(name, value)
