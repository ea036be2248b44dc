"""Where the HTTP server listens, and who may ask it."""

import ipaddress
from typing import Annotated

from msgspec import Meta, Struct
from pydantic import SecretStr

#: Nobody guesses so many characters.
TOKEN_MIN_CHARS = 16


class HttpSettings(Struct, frozen=True, kw_only=True):
    """`port` 0 is off. `names` are those that a browser may know it by, separated by commas.

    Raises `ValueError` where others than this machine could reach it without a token.
    """

    port: Annotated[int, Meta(ge=0, le=65_535), "TIMBRE_HTTP_PORT"] = 0
    host: Annotated[str, "TIMBRE_HTTP_HOST"] = "127.0.0.1"
    token: Annotated[SecretStr | None, "TIMBRE_HTTP_TOKEN"] = None
    names: Annotated[str | None, "TIMBRE_HTTP_NAMES"] = None

    def __post_init__(self) -> None:
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            raise ValueError(
                f"TIMBRE_HTTP_HOST must be an address, such as 127.0.0.1, not {self.host!r}"
            ) from None
        token = self.secret
        if token and (len(token) < TOKEN_MIN_CHARS or not all("!" <= one <= "~" for one in token)):
            raise ValueError(
                f"TIMBRE_HTTP_TOKEN must be {TOKEN_MIN_CHARS} characters or more: "
                "letters, digits and signs, no spaces"
            )
        if self.port and not token and not address.is_loopback:
            raise ValueError(
                f"TIMBRE_HTTP_TOKEN must be set where others can reach TIMBRE_HTTP_HOST {self.host}"
            )

    @property
    def secret(self) -> str:
        """The token; "" where none is set."""
        return self.token.get_secret_value() if self.token else ""
