from waypost.storage.migrations.step import apply

revision = "0016_contacts_by_name"
down_revision = "0015_sign_ins"


def upgrade() -> None:
    apply(__file__)
