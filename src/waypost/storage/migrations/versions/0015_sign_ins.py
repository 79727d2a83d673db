from waypost.storage.migrations.step import apply

revision = "0015_sign_ins"
down_revision = "0014_untold"


def upgrade() -> None:
    apply(__file__)
