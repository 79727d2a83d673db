from waypost.storage.migrations.step import apply

revision = "0010_recipients"
down_revision = "0009_asking"


def upgrade() -> None:
    apply(__file__)
