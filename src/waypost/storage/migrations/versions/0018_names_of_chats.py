from waypost.storage.migrations.step import apply

revision = "0018_names_of_chats"
down_revision = "0017_places"


def upgrade() -> None:
    apply(__file__)
