from waypost.storage.migrations.step import apply

revision = "0011_recipients"
down_revision = "0010_asking"


def upgrade() -> None:
    apply(__file__)
