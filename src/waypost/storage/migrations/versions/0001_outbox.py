from waypost.storage.migrations.step import apply

revision = "0001_outbox"
down_revision = None


def upgrade() -> None:
    apply(__file__)
