from waypost.storage.migrations.step import apply

revision = "0006_lids"
down_revision = "0005_queue"


def upgrade() -> None:
    apply(__file__)
