"""Starts what deploy/ has, for real, in a Debian that reaches nothing outside: the systemd unit in a virtual
machine, the compose files under a Docker in namespaces of its own.

`python -m scripts.stand` (as root; the first time it makes the disk and the images, ten minutes) walks
through all; `service`, `one-node` and `three-nodes` name parts. What the machine is made of stays in .stand.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.package.build import ROOT
from scripts.stand import disk, images, one_node, packages, service, three_nodes
from scripts.stand.den import Den
from scripts.stand.machine import Machine

_TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "buildah": "buildah",
    "mkfs.ext4": "e2fsprogs",
    "ssh": "openssh-client",
}
_PARTS = ("service", "one-node", "three-nodes")
Walk = Callable[[Machine], Iterator[str]]


def main() -> None:
    """Exit code 1 with a sentence when something is missing; a traceback when something does not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", help=", ".join(_PARTS))
    options.add_argument("--tcg", action="store_true", help="without KVM: twenty times slower")
    given = options.parse_args()
    if unknown := set(given.parts) - set(_PARTS):
        options.error(f"there is no part {', '.join(sorted(unknown))}")
    missing = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if missing:
        sys.exit(f"It needs {', '.join(missing)}: apt install --no-install-recommends {' '.join(missing)}")
    folder = ROOT / ".stand"
    folder.mkdir(exist_ok=True)
    disk.make(folder)
    walks = _walks(folder, given.parts or _PARTS)
    for name, walk in walks.items():
        began = time.monotonic()
        found = Machine(folder, "tcg" if given.tcg else "kvm") if name == "service" else Den(folder)
        with found as machine:
            try:
                for step in walk(machine):
                    print(f"{name}, {time.monotonic() - began:.0f} s: {step}", flush=True)
            except subprocess.CalledProcessError as failed:
                sys.exit(f"{failed.output}\n{failed.cmd}: exit code {failed.returncode}")


def _walks(folder: Path, parts: tuple[str, ...] | list[str]) -> dict[str, Walk]:
    walks: dict[str, Walk] = {}
    if "service" in parts:
        made = packages.make(folder)
        walks["service"] = lambda machine: service.walk(machine, made)
    if {"one-node", "three-nodes"} & set(parts):
        archives = images.make(folder)
        if "one-node" in parts:
            walks["one-node"] = lambda machine: one_node.walk(machine, archives)
        if "three-nodes" in parts:
            walks["three-nodes"] = lambda machine: three_nodes.walk(machine, archives)
    return walks


if __name__ == "__main__":
    main()
