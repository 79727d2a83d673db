from waypost.storage.migrations.step import apply

revision = "0009_webhooks"
down_revision = "0008_otp"


def upgrade() -> None:
    apply(__file__)
