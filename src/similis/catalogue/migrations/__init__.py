"""Alembic's migrations of the catalogue; never change one that was released."""
