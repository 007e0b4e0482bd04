"""effort"""
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    with op.batch_alter_table("trails") as batch:
        batch.add_column(sa.Column("effort", sa.Float))
