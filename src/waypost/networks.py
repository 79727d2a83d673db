import contextlib

from waypost.engine.port import Network
from waypost.errors import SANDBOX_UNREACHABLE, EngineError, SandboxError
from waypost.instances.instance import NetworkName
from waypost.sandbox.client import SandboxClient


class Networks:
    """Implements `instances.networks.Networks`: the sandbox, which may be a new one, is asked each time."""

    def __init__(self, stack: contextlib.AsyncExitStack, sandbox_url: str) -> None:
        """`stack` closes the sandbox's client in the end."""
        self._stack = stack
        self._url = sandbox_url
        self._sandbox: SandboxClient | None = None

    async def get(self, name: NetworkName) -> Network:
        """The network as the engine needs it. Raises EngineError(SANDBOX_UNREACHABLE)."""
        if name == "whatsapp":
            return Network(name="whatsapp")
        try:
            view = await self.sandbox().network()
        except SandboxError as error:
            raise EngineError(SANDBOX_UNREACHABLE, error.detail) from error
        return Network(
            name="sandbox", proxy_url=view.proxy_url, ca_pem=view.ca_pem, noise_root=view.noise_root_public
        )

    def sandbox(self) -> SandboxClient:
        """The sandbox of the settings."""
        if self._sandbox is None:
            # One for all: a client reads the machine's certificates, which takes 25 ms.
            self._sandbox = SandboxClient(self._url)
            self._stack.push_async_callback(self._sandbox.close)
        return self._sandbox
