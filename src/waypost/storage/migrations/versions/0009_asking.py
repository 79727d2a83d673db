from waypost.storage.migrations.step import apply

revision = "0009_asking"
down_revision = "0008_webhooks"


def upgrade() -> None:
    apply(__file__)
