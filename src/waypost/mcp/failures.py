"""What goes wrong in a tool, as one sentence that a model can act on."""

import contextlib
from collections.abc import Iterator

from mcp.server.mcpserver.exceptions import ToolError

from waypost.client import CallRefused, ClientError, NoAnswer, RequestFailed, Unauthenticated


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Say what the gateway said. Raises ToolError."""
    try:
        yield
    except NoAnswer:
        raise ToolError("The gateway does not answer; it may be stopped. Try again later.") from None
    except Unauthenticated:
        raise ToolError("The gateway does not know this token; the person has to set another.") from None
    except CallRefused as refused:
        again = " The same call may succeed later." if refused.retryable else ""
        raise ToolError(f"{refused.message}{_code(refused.code)}{again}") from None
    except RequestFailed as failed:
        raise ToolError(f"{failed.message} Request {failed.uuid} failed{_code(failed.code)}.") from None
    except ClientError as error:
        raise ToolError(str(error)) from None


@contextlib.contextmanager
def accepted(uuid: str) -> Iterator[None]:
    """The same for a request that the gateway has: whatever fails from here on, it is not to be sent again.
    Raises ToolError.
    """
    try:
        with told():
            yield
    except ToolError as error:
        if isinstance(error.__context__, RequestFailed):
            raise
        raise ToolError(
            f"It was accepted as request {uuid} and goes on: don't send it again. {error}"
        ) from None


def _code(code: str) -> str:
    return f" (code {code})" if code else ""
