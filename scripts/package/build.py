import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build(out: Path) -> tuple[Path, Path]:
    """The sdist of the clone, and the wheel that is made of it alone; both in `out`, emptied first."""
    out = out.absolute()
    out.mkdir(exist_ok=True)
    for old in [*out.glob("waypost-*.tar.gz"), *out.glob("waypost-*.whl")]:
        old.unlink()
    _hatch("sdist", ROOT, out)
    sdist = next(out.glob("waypost-*.tar.gz"))
    with tempfile.TemporaryDirectory(prefix="waypost-sdist-") as folder:
        with tarfile.open(sdist) as packed:
            packed.extractall(folder, filter="data")
        _hatch("wheel", next(Path(folder).iterdir()), out)
    return sdist, next(out.glob("waypost-*.whl"))


def _hatch(kind: str, source: Path, out: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(out)]
    subprocess.run(words, cwd=source, check=True, stdout=subprocess.DEVNULL)
