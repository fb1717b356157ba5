"""How the server's sessions reach SQLite."""

from __future__ import annotations

from argilla_server.database import AsyncSessionLocal
from argilla_server.settings import settings
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine


def one_connection_per_session() -> None:
    """The job worker's event loop is not the server's, and a connection that was made in one loop must not be used in another."""
    engine = create_async_engine(settings.database_url, poolclass=NullPool, **settings.database_engine_args)
    AsyncSessionLocal.configure(bind=engine)
