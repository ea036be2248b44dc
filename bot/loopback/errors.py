"""What REST answers when it refuses: HTTP status, Discord's code, Discord's sentence."""


class ApiError(Exception):
    """A refusal with one of Discord's documented JSON error codes."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def unknown(what: str) -> ApiError:
    """404 for something that is not there (any more)."""
    codes = {
        "Channel": 10003,
        "Guild": 10004,
        "Member": 10007,
        "Message": 10008,
        "User": 10013,
        "Webhook": 10015,
        "Interaction": 10062,
        "application command": 10063,
    }
    return ApiError(404, codes[what], f"Unknown {what}")


def missing_access() -> ApiError:
    """The bot cannot see it."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """The bot may not do it."""
    return ApiError(403, 50013, "Missing Permissions")


def invalid_form(reason: str) -> ApiError:
    """The request's body is not what it should be."""
    return ApiError(400, 50035, f"Invalid Form Body: {reason}")


def already_acknowledged() -> ApiError:
    """An interaction was answered twice."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def empty_message() -> ApiError:
    """A message with nothing in it."""
    return ApiError(400, 50006, "Cannot send an empty message")


def too_large() -> ApiError:
    """An upload above the limit."""
    return ApiError(413, 40005, "Request entity too large")


def invalid_webhook_token() -> ApiError:
    """An interaction's token after its 15 minutes."""
    return ApiError(401, 50027, "Invalid Webhook Token")
