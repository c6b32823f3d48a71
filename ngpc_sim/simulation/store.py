"""The store of a sweep: finished and failed design points in ``points.sqlite``, by everything that they follow from.

A point is there whole or not at all, whatever ends the process that writes it, and processes of one machine may share a
store. A store is believed only as far as this version would have written it: other tables are refused, and a result
that is damaged or has other fields is missing. Which sweep was asked last stands in it too, so that a sweep can be read
while it runs.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.network_folders import on_network
from ngpc_sim.results.result import Result
from ngpc_sim.results.stored import MAX_BYTES, NotStoredError, unpacked

NAME = "points.sqlite"
#: label of the columns that a row has beside those of its result
BESIDE = "beside"
#: ends of the names of the files that SQLite keeps beside a store in use
COMPANIONS = ("-wal", "-shm", "-journal")
#: what a point is called: names and types of its labels, those of ``BESIDE`` apart
LABELS = {"overrides": dict, "workload": str, "trace": str, "arch_sha256": str}
#: marks a database as a store: the letters NGPC
APPLICATION = 0x4E475043
SCHEMA = 1
TABLES = (
    "CREATE TABLE asked (number INTEGER PRIMARY KEY, key BLOB NOT NULL, labels TEXT NOT NULL)",
    "CREATE TABLE points (key BLOB PRIMARY KEY, sentence TEXT, result BLOB)",
)
#: seconds that a process waits for another one that writes
BUSY_S = 60
#: keys of one question to the database; SQLite takes 32,766 values
KEYS = 1000
#: SQLite's names of what keeps a store that is whole from being emptied
NOT_NOW = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_READONLY")
#: sentences by SQLite's name of what went wrong
REASONS = {
    "SQLITE_FULL": "the disk is full; what was finished is kept, and the same command goes on once there is room",
    "SQLITE_READONLY": "it is read-only; make it writable, or choose another folder with --out",
    "SQLITE_CANTOPEN": "it cannot be opened; choose another folder with --out",
    "SQLITE_NOTADB": "it is no database; move it away, or choose another folder with --out",
    "SQLITE_CORRUPT": "it is damaged; move it away, or start anew with --fresh",
    "SQLITE_BUSY": f"another process has been writing to it for {BUSY_S} seconds",
}


class PointStore:
    """Results and failures by key, in a database that is open.

    Every method raises `UserError` with the file and the reason where the database refuses.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self._database = database

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, fresh: bool = False) -> Iterator[PointStore]:
        """The store at ``path``, made where it is missing; ``fresh`` empties an earlier one first.

        What ``fresh`` finds damaged or of another schema is deleted. Any other store may be in use by another process.

        Raises
        ------
        UserError
            When it cannot be read or written, or is no store of this schema.
        """
        if fresh:
            _forget(path)
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        with closing(database):
            with _told(path):
                database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
                database.execute("PRAGMA trusted_schema = OFF")
                _check(path, database)
                if on_network(path.parent):
                    database.execute("PRAGMA journal_mode = DELETE")
                else:
                    database.execute("PRAGMA journal_mode = WAL")
                    database.execute("PRAGMA synchronous = NORMAL")
            yield cls(path, database)

    def finished(self, keys: Iterable[str]) -> dict[str, Result]:
        """Results by key, of those of ``keys`` that are finished; what the points are called is not in them."""
        found: dict[str, Result] = {}
        for key, content in self._of("result", keys):
            with suppress(NotStoredError, TypeError):
                found[key] = unpacked(content)
        return found

    def failed(self, keys: Iterable[str]) -> dict[str, str]:
        """Sentences by key, of those of ``keys`` that failed."""
        return {key: str(sentence) for key, sentence in self._of("sentence", keys)}

    def put(self, results: Mapping[str, bytes], failures: Mapping[str, str]) -> None:
        """Keep results, each as :func:`ngpc_sim.results.stored.packed` gives it, and sentences: all or nothing."""
        rows: list[tuple[bytes, str | None, bytes | None]] = []
        rows += [(bytes.fromhex(key), None, content) for key, content in results.items()]
        rows += [(bytes.fromhex(key), sentence, None) for key, sentence in failures.items()]
        with self._changing():
            self._database.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", rows)

    def ask(self, keys: Sequence[str], labels: Iterable[Mapping[str, Any]]) -> None:
        """Note which sweep is asked: keys in their order, and what each point is called."""
        rows = (
            (number, bytes.fromhex(key), json.dumps(dict(own)))
            for number, (key, own) in enumerate(zip(keys, labels, strict=True))
        )
        with self._changing():
            self._database.execute("DELETE FROM asked")
            self._database.executemany("INSERT INTO asked VALUES (?, ?, ?)", rows)

    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """Keys of the sweep that was asked last, in order, and what each point is called."""
        with _told(self.path):
            rows = self._database.execute("SELECT key, labels FROM asked ORDER BY number").fetchall()
            try:
                return [(key.hex(), _labels(labels)) for key, labels in rows]
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise _refused(self.path, REASONS["SQLITE_CORRUPT"]) from error

    def _of(self, column: str, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Key and value of a column, of those of ``keys`` that have one."""
        wanted = [bytes.fromhex(key) for key in keys]
        with _told(self.path):
            for first in range(0, len(wanted), KEYS):
                part = wanted[first : first + KEYS]
                marks = ", ".join("?" * len(part))
                question = f"SELECT key, {column} FROM points WHERE {column} IS NOT NULL AND key IN ({marks})"  # noqa: S608 - names of our own
                for key, value in self._database.execute(question, part):
                    yield key.hex(), value

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """All changes of the block, or none."""
        with _told(self.path), _transaction(self._database):
            yield


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _check(path: Path, database: sqlite3.Connection) -> None:
    """Make the tables of a new store, and refuse what is none of this schema."""
    if _described(database) == (0, 0, ()):
        with _transaction(database):
            if _described(database) == (0, 0, ()):
                for table in TABLES:
                    database.execute(table)
                database.execute(f"PRAGMA application_id = {APPLICATION}")
                database.execute(f"PRAGMA user_version = {SCHEMA}")
    application, schema, tables = _described(database)
    if application == APPLICATION and schema > SCHEMA:
        raise _refused(path, f"a newer ngpc-sim wrote it (schema {schema}, this one has {SCHEMA}); --fresh starts anew")
    if (application, schema, tables) != (APPLICATION, SCHEMA, TABLES):
        raise _refused(path, "it is no store of this ngpc-sim; move it away, or choose another folder with --out")


def _described(database: sqlite3.Connection) -> tuple[int, int, tuple[str, ...]]:
    """Application, schema and all that is defined in a database."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (schema,) = database.execute("PRAGMA user_version").fetchone()
    defined = database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()
    return application, schema, tuple(sql for (sql,) in defined)


def _labels(text: str) -> dict[str, Any]:
    """Labels of a point from the text that :meth:`PointStore.ask` wrote; a `ValueError` where it is another."""
    labels = json.loads(text)
    known = LABELS | ({BESIDE: dict} if BESIDE in labels else {})
    if labels.keys() != known.keys() or not all(isinstance(labels[name], known[name]) for name in known):
        raise ValueError(text)
    return dict(labels)


def _forget(path: Path) -> None:
    """Empty a store of this schema, and delete one that is not; another file is not ours to delete."""
    with _told(path):
        if not path.exists():
            return
        with path.open("rb") as file:
            head = file.read(100)
        # https://www.sqlite.org/fileformat.html, 1.3: the application id stands at byte 68
        if head and not (head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION.to_bytes(4, "big")):
            raise _refused(path, "it is no store of ngpc-sim, so --fresh does not delete it; move it away")
        if _emptied(path):
            return
        for suffix in ("", *COMPANIONS):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _emptied(path: Path) -> bool:
    """Delete the rows of a whole store of this schema: another process may be writing to the file."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as database, _transaction(database):
            if _described(database) != (APPLICATION, SCHEMA, TABLES):
                return False
            for table in ("asked", "points"):
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            return bool(database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "").startswith(NOT_NOW):
            raise
        return False


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the database or the disk refuses into a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        known = next((reason for start, reason in REASONS.items() if name.startswith(start)), str(error))
        raise _refused(path, known) from error
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error


def _refused(path: Path, reason: str) -> UserError:
    return UserError(f"the store {path} cannot be used: {reason}.")
