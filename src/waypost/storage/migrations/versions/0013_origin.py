from waypost.storage.migrations.step import apply

revision = "0013_origin"
down_revision = "0012_long_chats"


def upgrade() -> None:
    apply(__file__)
