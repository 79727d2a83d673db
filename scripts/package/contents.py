"""What is in the distributions, held against the clone."""

import email
import re
import subprocess
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

from scripts.package.build import ROOT

# Beside the package; an sdist has these at its top.
_TOP = ("LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "pyproject.toml")
# Where the clone lies.
_OF_HERE = re.compile(rb"(?<![\w./-])" + re.escape(f"{ROOT}/").encode())
_WANTED = ("Name", "Version", "Summary", "Author", "License-Expression", "Requires-Python", "Keywords")


def faults(sdist: Path, wheel: Path) -> list[str]:
    """What is missing or too much, one sentence each."""
    package = _tracked()
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        metadata = email.message_from_bytes(opened.read(_one(names, r"dist-info/METADATA")))
        of_here = {f"{wheel.name}: {name}" for name in names if _OF_HERE.search(opened.read(name))}
    in_wheel = {name for name in names if ".dist-info/" not in name}
    with tarfile.open(sdist) as packed:
        in_sdist = {name.partition("/")[2] for name in packed.getnames()}
        for member in packed:
            content = packed.extractfile(member)
            if content is not None and _OF_HERE.search(content.read()):
                of_here.add(f"{sdist.name}: {member.name}")
    found = [f"{wheel.name} has no {name}." for name in sorted(package - in_wheel)]
    found += [f"{wheel.name} has {name}, which the clone has not." for name in sorted(in_wheel - package)]
    found += [f"{sdist.name} has no src/{name}." for name in sorted(package) if f"src/{name}" not in in_sdist]
    found += [f"{sdist.name} has no {name}." for name in _TOP if name not in in_sdist]
    found += [f"{name} holds a path of this machine." for name in sorted(of_here)]
    found += _of_metadata(metadata, names)
    return found


def _of_metadata(metadata: Message, names: set[str]) -> list[str]:
    found = [f"The metadata does not say {name}." for name in _WANTED if not metadata[name]]
    found += [
        f"The wheel does not carry {licence}."
        for licence in ("LICENSE", "NOTICE")
        if not any(name.endswith(f"dist-info/licenses/{licence}") for name in names)
    ]
    # A URL in what is required would be refused by an index, an exact pin by most users' other packages; the
    # engine's library is checked by its hash and can't be another.
    for required in metadata.get_all("Requires-Dist", []):
        exact = "==" in required.partition(";")[0] and not required.startswith("neonize")
        if exact or "@" in required:
            found.append(f"{required} is no range.")
    return found


def _tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", "src/waypost"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return {name.removeprefix("src/") for name in listed.stdout.split("\0") if name}


def _one(names: set[str], pattern: str) -> str:
    return next(name for name in names if re.search(pattern, name))
