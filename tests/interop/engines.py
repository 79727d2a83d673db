"""The engines that play the other side."""

import base64
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from waypost.sandbox.views import NetworkView
from waypost.testing.phones import Engine

_DRIVER = Path(__file__).with_name("whatsmeow_driver.py")


def whatsmeow_engine() -> Engine:
    """A second whatsmeow, through neonize's own client and not through our engine."""
    return Engine("whatsmeow", f"neonize {version('neonize')}", _command)


def _command(state: Path, network: NetworkView) -> tuple[tuple[str, ...], Mapping[str, str]]:
    trusted = state / "trusted"
    trusted.mkdir(exist_ok=True)
    (trusted / "ca.pem").write_text(network.ca_pem)
    root = base64.b64encode(network.noise_root_public).decode()
    command = (sys.executable, str(_DRIVER), str(state), network.proxy_url, root)
    return command, {"SSL_CERT_DIR": str(trusted), "NEONIZE_BOT_TAG": "off", "PYTHONUNBUFFERED": "1"}
