from waypost.storage.migrations.step import apply

revision = "0010_asking"
down_revision = "0009_webhooks"


def upgrade() -> None:
    apply(__file__)
