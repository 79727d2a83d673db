from waypost.storage.migrations.step import apply

revision = "0002_instances"
down_revision = "0001_outbox"


def upgrade() -> None:
    apply(__file__)
