from waypost.storage.migrations.step import apply

revision = "0014_untold"
down_revision = "0013_origin"


def upgrade() -> None:
    apply(__file__)
