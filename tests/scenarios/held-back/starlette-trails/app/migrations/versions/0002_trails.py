"""trails"""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "trails", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String), sa.Column("title", sa.String),
        sa.Column("region", sa.String), sa.Column("km", sa.Float),
        sa.Column("walked", sa.Date))
