from waypost.storage.migrations.step import apply

revision = "0012_long_chats"
down_revision = "0011_recipients"


def upgrade() -> None:
    apply(__file__)
