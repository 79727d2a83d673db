from waypost.storage.migrations.step import apply

revision = "0004_pacing"
down_revision = "0003_nodes"


def upgrade() -> None:
    apply(__file__)
