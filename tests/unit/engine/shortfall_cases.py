"""Run by test_translation.py: lines of the library's log that tell of messages for nobody."""

from waypost.engine.hosts.whatsmeow.library import allow_protobufs, package_folder

allow_protobufs(package_folder())

from neonize.proto import Neonize_pb2 as proto  # noqa: E402
from structlog.testing import CapturingLogger  # noqa: E402

from waypost.engine.hosts.whatsmeow.logs import LibraryLog  # noqa: E402
from waypost.engine.hosts.whatsmeow.shortfalls import Shortfalls  # noqa: E402
from waypost.engine.store import FENCED  # noqa: E402


def line(message: str) -> bytes:
    return bytes(proto.LogEntry(Name="Client", Level="WARN", Message=message).SerializeToString())


shortfalls = Shortfalls()
shortfalls.read(
    line("Failed to encrypt 3EB01 for 1@lid: cipher encryption failed: failed to save identity of 1: x")
)
assert shortfalls.take("3EB01")
assert not shortfalls.take("3EB01")

shortfalls.read(
    line("Failed to encrypt 3EB02 for 1@lid: can't encrypt message for device: no signal session")
)
assert not shortfalls.take("3EB02")

shortfalls.read(
    line("Failed to encrypt 3EB03 for 1@lid: failed to process prekey bundle: pq: connection refused")
)
for number in range(1500):
    shortfalls.read(line(f"Failed to encrypt N{number} for 1@lid: failed to store session: disk full"))
assert not shortfalls.take("3EB03")
assert shortfalls.take("N1499")

ends: list[None] = []
log = LibraryLog(CapturingLogger(), lambda: ends.append(None))
missing = "Failed to store message secret key for outgoing message 3EB04: "
log.write(line(f"{missing}pq: {FENCED} (WP001)"))
log.write(line("Failed to store message secret key for 3EB05: disk full"))
assert not ends
log.write(line(f"{missing}disk full"))
assert len(ends) == 1
print("4 cases")
