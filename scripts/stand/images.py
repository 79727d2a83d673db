"""The images that deploy/compose names, under the names that it has for them: Waypost's own from the
Dockerfile, those of others made of Debian's packages, since no registry is asked."""

import re
import shutil
import subprocess
from pathlib import Path

import yaml
from scripts.package.build import ROOT
from scripts.stand.packages import NEXT

_FOLDER = Path(__file__).parent / "stand_ins"
_OWN = "waypost:local"
_CERTIFICATES = "/etc/ssl/certs:/etc/ssl/certs:ro"


def make(folder: Path) -> dict[str, Path]:
    """Archives for `docker load` by what they hold: `waypost`, `next` (the same, calling itself the next
    release), `postgres`, `caddy`, `objects`. Takes some minutes, as root. Raises CalledProcessError."""
    subprocess.run([str(ROOT / "scripts" / "image")], check=True)
    found = {"waypost": _saved(folder, "waypost", f"localhost/{_OWN}", _OWN)}
    _buildah("tag", f"localhost/{_OWN}", "localhost/waypost:this")
    work = _buildah("from", "--pull-never", f"localhost/{_OWN}")
    root = Path(_buildah("mount", work))
    (package,) = root.glob("opt/waypost/lib/python3.*/site-packages/waypost/__init__.py")
    package.write_text(re.sub(r"(?m)^__version__ = .*", f'__version__ = "{NEXT}"', package.read_text()))
    _buildah("commit", "--quiet", "--format", "docker", "--rm", work, "localhost/waypost:next")
    found["next"] = _saved(folder, "next", "localhost/waypost:next", _OWN)
    for name, image in _others().items():
        context = folder / "contexts" / name
        shutil.copytree(_FOLDER / name, context, dirs_exist_ok=True)
        lock = (ROOT / "requirements-dev.lock").read_text()
        (context / "versions").write_text("\n".join(re.findall(r"(?m)^[\w.-]+==[\w.]+", lock)) + "\n")
        options = ["--quiet", "--layers", "--format", "docker", "--pull-never", "--isolation", "chroot"]
        # The machine's own certificates, for its package index; Debian's packages would write to them.
        certificates = ["--volume", _CERTIFICATES] if name == "objects" else []
        _buildah("build", *options, *certificates, "-t", image, str(context))
        found[name] = _saved(folder, name, image, image)
    return found


def _others() -> dict[str, str]:
    """The images of others in the compose files, by the folder here that stands in for them."""
    services = yaml.safe_load((ROOT / "deploy" / "compose" / "three-nodes.yml").read_text())["services"]
    return {
        "postgres": services["postgres"]["image"],
        "objects": services["objects"]["image"],
        "caddy": services["tls"]["image"],
    }


def _saved(folder: Path, name: str, image: str, known_as: str) -> Path:
    archive = folder / f"{name}.image"
    archive.unlink(missing_ok=True)
    _buildah("push", "--quiet", image, f"docker-archive:{archive}:{known_as}")
    return archive


def _buildah(*words: str) -> str:
    done = subprocess.run(["buildah", *words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
