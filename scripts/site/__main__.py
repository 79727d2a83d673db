"""Builds the documentation as a site in site/, and checks its links: `make docs`.

The generator comes into an environment of its own in .docs/, with the versions of requirements-docs.lock.
"""

import argparse
import re
import shutil
import subprocess
import sys

from scripts.site.links import broken, broken_outside
from scripts.site.pages import ROOT, assemble, unlisted

WORK = ROOT / ".docs"


def main() -> None:
    """Exit code 1 when a page can't be built or a link leads nowhere."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--external", action="store_true", help="follow links that lead elsewhere too")
    external = options.parse_args().external
    generator = _generator()
    pages = WORK / "pages"
    assemble(pages)
    for name in unlisted(pages):
        print(f"{name} is in no menu: add it to zensical.toml")
    shutil.copy(ROOT / "zensical.toml", WORK / "zensical.toml")
    _build(generator)
    site = ROOT / "site"
    shutil.rmtree(site, ignore_errors=True)
    (WORK / "site").rename(site)
    wrong = broken(site)
    if external:
        wrong += broken_outside(site)
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(list(site.rglob('*.html')))} pages in {site.name}/, every link inside leads somewhere")
    print(f"to read them: python3 -m http.server --bind 127.0.0.1 --directory {site.name}")


def _build(generator: list[str]) -> None:
    words = [*generator, "build", "--clean", "--strict"]
    done = subprocess.run(words, cwd=WORK, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # It draws each line that it speaks of, letter by letter in colours; what and where is enough.
        told = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
        found = re.findall(r"Warning: (.+)\n.*?\[ (\S+) \]", told)
        sys.exit("\n".join(f"{where}: {what}" for what, where in found) or told)


def _pip() -> list[str]:
    """This environment's own pip or, where it was made without one, that of who made it."""
    own = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    return [(ROOT / ".venv" / ".base").read_text().strip(), "-m", "pip"]


def _generator() -> list[str]:
    lock = ROOT / "requirements-docs.lock"
    venv = WORK / "venv"
    stamp = venv / ".stamp"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        shutil.rmtree(venv, ignore_errors=True)
        print("Installing what builds the pages into .docs (once) …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        packages = next((venv / "lib").glob("python*")) / "site-packages"
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
        words = [*_pip(), "install", *options, "--target", str(packages), "-r", str(lock)]
        subprocess.run(words, check=True)
        stamp.write_text(lock.read_text())
    return [str(venv / "bin" / "python"), "-c", "from zensical.main import cli; cli()"]


if __name__ == "__main__":
    main()
