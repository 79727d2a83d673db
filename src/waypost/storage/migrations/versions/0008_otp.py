from waypost.storage.migrations.step import apply

revision = "0008_otp"
down_revision = "0007_chats"


def upgrade() -> None:
    apply(__file__)
