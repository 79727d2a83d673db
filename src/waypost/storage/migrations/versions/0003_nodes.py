from waypost.storage.migrations.step import apply

revision = "0003_nodes"
down_revision = "0002_instances"


def upgrade() -> None:
    apply(__file__)
