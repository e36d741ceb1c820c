"""Opening the database: SQLite (WAL) by default, PostgreSQL for teams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.migrations import migrate

_BUSY_SECONDS = 60.0
#: A server that goes away without a word is noticed (https://www.postgresql.org/docs/current/libpq-connect.html).
_LIMITS = {
    "connect_timeout": 15,
    "tcp_user_timeout": 60_000,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_SETUP_LOCK = 0x6465706C6F79  # any number that every DeployForge takes for "the ledger is being set up"
_WRITE = "deployforge_write"


def open_engine(url: str) -> Engine:
    """An engine whose tables exist.

    Raises:
        ConfigError: the URL cannot be used, the database does not answer, or its schema is newer than this program.
    """
    engine = _engine(url)
    try:
        _set_up(engine)
    except Timeout as error:
        engine.dispose()
        raise ConfigError(
            f"another process has been setting up the ledger for {_BUSY_SECONDS:.0f} s ({error.lock_file})",
            hint="see what holds that file, and stop it",
            code="DF1356",
        ) from error
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise _cannot_open(engine, error) from error
    except ConfigError:
        engine.dispose()
        raise
    return engine


def sqlite_file(engine: Engine) -> Path | None:
    """The database file of a SQLite ledger, None for a server."""
    if engine.dialect.name != "sqlite":
        return None
    return Path(engine.url.database or "")


@contextmanager
def writing(engine: Engine, *, durable: bool = True) -> Iterator[Connection]:
    """One transaction that writes, committed at the end.

    durable: it also survives a power cut (a killed process never loses what was committed).
    """
    mode = "FULL" if durable else "NORMAL"
    with engine.execution_options(**{_WRITE: mode}).begin() as connection:
        yield connection


def alone(connection: Connection, name: str) -> None:
    """Let nobody else write what goes by this name until the transaction ends (SQLite has one writer anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url)
        if parsed.get_backend_name() == "postgresql":
            connect = {name: value for name, value in _LIMITS.items() if name not in parsed.query}
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=connect)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ConfigError("the ledger's URL is no database URL", hint=_URL_HINT, code="DF1050") from error
    except ModuleNotFoundError as error:
        raise ConfigError(
            "a PostgreSQL ledger needs the `psycopg` package",
            hint="install it with `pip install 'deployforge[postgresql]'`",
            code="DF1051",
        ) from error
    raise ConfigError(f"the ledger cannot live in {parsed.get_backend_name()}", hint=_URL_HINT, code="DF1050")


_URL_HINT = "write `sqlite:///.deployforge/ledger.db` or `postgresql://user@host/database`"


def _sqlite(url: str) -> Engine:
    file = make_url(url).database
    if not file or file == ":memory:":
        raise ConfigError("a ledger in memory remembers nothing", hint=_URL_HINT, code="DF1050")
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"the ledger's folder {Path(file).parent} cannot be made ({error.strerror})",
            hint="choose another place with `ledger:` or DEPLOYFORGE_LEDGER",
            code="DF1052",
        ) from error
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _: object) -> None:
    # The driver would begin transactions by itself, and late: two writers could then deadlock instead of waiting.
    connection.isolation_level = None
    connection.execute(
        "PRAGMA journal_mode=WAL"
    )  # changes something on the first connection only, which `_set_up` makes
    connection.execute("PRAGMA foreign_keys=ON")


def _on_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_WRITE)
    if mode is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={mode}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up(engine: Engine) -> None:
    """Make the tables or bring them up to date, one process at a time."""
    file = sqlite_file(engine)
    if file is None:
        with writing(engine) as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_BUSY_SECONDS:.0f}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SETUP_LOCK})
            _make_tables(connection)
        return
    with FileLock(f"{file}.setup", timeout=_BUSY_SECONDS), writing(engine) as connection:
        _make_tables(connection)


def _make_tables(connection: Connection) -> None:
    if inspect(connection).has_table(tables.ledger_schema.name):
        found = connection.scalar(select(tables.ledger_schema.c.version)) or 0
        if found > tables.SCHEMA_VERSION:
            raise ConfigError(
                f"the ledger has schema {found}, and this DeployForge knows schema {tables.SCHEMA_VERSION}",
                hint="a newer DeployForge wrote it: install that one, or point `ledger:` at another database",
                code="DF1053",
            )
        if found < tables.SCHEMA_VERSION:
            migrate(connection, found)
        return
    tables.metadata.create_all(connection)
    connection.execute(insert(tables.ledger_schema).values(version=tables.SCHEMA_VERSION))


def _cannot_open(engine: Engine, error: SQLAlchemyError | OSError) -> ConfigError:
    cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    first = cause.strip().splitlines()[0] if cause.strip() else type(error).__name__
    return ConfigError(
        f"the ledger at {engine.url.render_as_string(hide_password=True)} cannot be opened: {first}",
        hint="check `ledger:` or DEPLOYFORGE_LEDGER, and that the database can be reached and written",
        code="DF1052",
    )
