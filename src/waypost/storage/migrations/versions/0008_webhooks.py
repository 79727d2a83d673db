from waypost.storage.migrations.step import apply

revision = "0008_webhooks"
down_revision = "0007_otp"


def upgrade() -> None:
    apply(__file__)
