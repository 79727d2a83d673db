from pathlib import Path

import pytest

from waypost.engine.hosts.whatsmeow.library import (
    PINNED_HASHES,
    LibraryUnusable,
    library_name,
    package_folder,
    verified,
)


def test_the_installed_library_is_the_pinned_one() -> None:
    path = package_folder() / library_name("Linux", "x86_64")
    if path.exists():
        assert verified(path, PINNED_HASHES) == path


def test_a_library_with_another_hash_is_refused(tmp_path: Path) -> None:
    """Trap 12: it would be loaded, or fetched from the internet, without a question."""
    path = tmp_path / "neonize-linux-amd64.so"
    path.write_bytes(b"something else")
    with pytest.raises(LibraryUnusable, match="not the pinned file"):
        verified(path, PINNED_HASHES)


def test_a_library_that_is_missing_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(LibraryUnusable, match="can't be read"):
        verified(tmp_path / "neonize-linux-amd64.so", PINNED_HASHES)


def test_a_library_without_a_pinned_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryUnusable, match="no hash"):
        verified(tmp_path / "neonize-plan9-mips.so", PINNED_HASHES)


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "neonize-linux-amd64.so"),
        ("Linux", "aarch64", "neonize-linux-arm64.so"),
        ("Darwin", "arm64", "neonize-darwin-arm64.dylib"),
    ],
)
def test_each_system_has_its_library(system: str, machine: str, name: str) -> None:
    assert library_name(system, machine) == name
    assert name in PINNED_HASHES


def test_a_system_without_a_build_says_so() -> None:
    with pytest.raises(LibraryUnusable, match="no build"):
        library_name("Linux", "riscv64")


def test_the_library_can_not_ask_a_phone_for_a_file_again() -> None:
    """Once it can, `media_gone` need not be the last word (docs/chats.md)."""
    folder = package_folder()
    assert "SendMediaRetryReceipt" not in (folder / "_binder.py").read_text(encoding="utf-8")
    assert "MediaRetry" not in (folder / "events.py").read_text(encoding="utf-8")
