from waypost.storage.migrations.step import apply

revision = "0007_otp"
down_revision = "0006_lids"


def upgrade() -> None:
    apply(__file__)
