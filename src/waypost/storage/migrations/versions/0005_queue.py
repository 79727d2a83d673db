from waypost.storage.migrations.step import apply

revision = "0005_queue"
down_revision = "0004_pacing"


def upgrade() -> None:
    apply(__file__)
