import logging.config

from alembic import context
from sqlalchemy import engine_from_config

from trails import models

logging.config.fileConfig(context.config.config_file_name)
engine = engine_from_config(
    context.config.get_section(context.config.config_ini_section),
    prefix="sqlalchemy.")
with engine.connect() as connection:
    context.configure(connection=connection,
                      target_metadata=models.Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
