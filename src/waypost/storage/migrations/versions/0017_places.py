from waypost.storage.migrations.step import apply

revision = "0017_places"
down_revision = "0016_contacts_by_name"


def upgrade() -> None:
    apply(__file__)
