"""The disk of the machine: Debian 13 with systemd, Docker and Compose, and Debian's own kernel."""

import shutil
import subprocess
from pathlib import Path

SUITE = "trixie"
# Its Python, of which the wheels have to be.
PYTHON = "3.13"
_PACKAGES = (
    "ca-certificates",
    "curl",
    "dbus",
    "docker-cli",
    "docker-compose",
    "docker.io",
    "iproute2",
    "iptables",
    "linux-image-cloud-amd64",
    "openssh-server",
    "procps",
    "python3-venv",
    "systemd-sysv",
)
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_NETWORK = "[Match]\nType=ether\n[Network]\nDHCP=yes\n"
_SIZE = 12 << 30


def make(folder: Path) -> None:
    """Leaves `tree`, a `disk.img` of it, `vmlinuz`, `initrd` and `key` (for ssh) in `folder`, unless they are
    there: a minute or two, as root. Raises CalledProcessError."""
    if (folder / "disk.img").exists():
        return
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for old in folder.glob("key*"):
        old.unlink()
    words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--keyring={_KEYRING}"]
    subprocess.run([*words, f"--include={','.join(_PACKAGES)}", SUITE, str(tree)], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
    _put(tree / "root/.ssh/authorized_keys", (folder / "key.pub").read_text())
    (tree / "root/.ssh").chmod(0o700)
    _put(tree / "etc/systemd/network/20-wired.network", _NETWORK)
    _put(tree / "etc/hostname", "stand\n")
    _systemctl(tree, "enable", "systemd-networkd", "docker", "ssh")
    for name, kind in (("vmlinuz", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        shutil.copy(next((tree / "boot").glob(kind)), folder / name)
    made = folder / "disk.part"
    with made.open("wb") as image:
        image.truncate(_SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", str(tree), str(made)], check=True)
    made.rename(folder / "disk.img")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _systemctl(tree: Path, *words: str) -> None:
    subprocess.run(["chroot", str(tree), "systemctl", *words], check=True, stderr=subprocess.DEVNULL)
