"""The ledger: results of trials in one SQLite file, so that a run resumes where it stopped and repeats nothing.

Write-ahead log, one writer: a lock on the file refuses a second process. Readers need no lock and see whole batches,
also while a process writes. Each batch is one transaction, so a run that is killed at any moment leaves whole batches.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agents.experiments.trial import Figures, Trial, canonical
from twin.console import write_target
from twin.errors import InputError

FORMAT = 1
"""Version of the tables; another one is refused."""
APPLICATION = 0x53574150
"""SQLite application id of a ledger ("SWAP"): no other database is taken for one."""
TABLES = """
CREATE TABLE IF NOT EXISTS trials (
    key TEXT PRIMARY KEY, configuration TEXT NOT NULL, figures TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS studies (key TEXT PRIMARY KEY, specification TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS candidates (
    study TEXT NOT NULL, number INTEGER NOT NULL, parameters TEXT NOT NULL, PRIMARY KEY (study, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    study TEXT NOT NULL, number INTEGER NOT NULL, seed INTEGER NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (study, number, seed)
) WITHOUT ROWID;
"""
DISK_FAULTS = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO}
"""SQLite's errors of a full or broken disk, as the system's."""
LOOKED_UP = 500
"""Keys of one query, below SQLite's limit of variables."""
NEEDED = {"outcome", "insert_attempts", "violations"}
KNOWN = {one.name for one in fields(Figures)}
"""Names of a trial's figures, and those that every one has."""
RETRY_S = 0.05


class Ledger:
    """Results by trial key, and the candidates of studies, in a file or (None) in memory.

    >>> with Ledger("study.sqlite") as ledger:
    ...     ledger.put(pairs)
    """

    def __init__(self, path: str | Path | None, key: str | None = None, read_only: bool = False) -> None:
        """Open or make the file.

        Args:
            path: of the file; None: in memory.
            key: the path's option, for messages.
            read_only: of a file that exists; another process may write to it meanwhile.

        Raises:
            InputError: the file is no ledger, of another format, or in use by another process and not to be read only.
        """
        self.path: Path | None = None
        self._lock: int | None = None
        if path is not None:
            self.path = Path(path) if read_only else write_target(path, key=key)
            if not read_only:
                self._take_lock(key)
        try:
            if read_only:
                self._db = self._connect_to_read()
                if self._check():
                    raise sqlite3.DatabaseError("it is empty")
            else:
                self._db = sqlite3.connect(":memory:" if self.path is None else self.path, isolation_level=None)
                self._prepare()
        except sqlite3.DatabaseError as error:
            self._drop_lock()
            raise self._refused(error, key) from None
        except BaseException:
            self._drop_lock()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_lock(self, key: str | None) -> None:
        """Lock a file beside the ledger: SQLite's own locks are held only while it writes."""
        tries = 2  # a reader takes the lock for an instant, to see whether it is free
        while self._lock is None:
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.exists(self._lock_path) and os.path.samestat(os.fstat(lock), os.stat(self._lock_path)):
                    self._lock = lock
                else:  # its last owner has removed it since it was opened
                    os.close(lock)
            except BlockingIOError:
                os.close(lock)
                tries -= 1
                if tries == 0:
                    raise InputError("another process writes to this ledger", key=key, value=str(self.path)) from None
                time.sleep(RETRY_S)

    @property
    def _lock_path(self) -> Path:
        assert self.path is not None
        return self.path.with_name(self.path.name + ".lock")

    def _drop_lock(self) -> None:
        """Remove the lock's file, then the lock itself."""
        if self._lock is not None:
            self._lock_path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    @property
    def in_use(self) -> bool:
        """True if a process writes to the file at this moment."""
        if self._lock is not None:
            return True
        if self.path is None:
            return False
        try:
            lock = os.open(self._lock_path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def _connect_to_read(self) -> sqlite3.Connection:
        """Connect beside a writer, or, where neither file nor folder can be written to, to the file alone."""
        assert self.path is not None
        name = f"file:{quote(str(self.path.absolute()))}"
        # a connection that may write removes the log when it is the last to close; it is told not to write
        found = sqlite3.connect(f"{name}?mode=rw", uri=True, isolation_level=None)
        try:
            found.execute("PRAGMA query_only=ON")
            found.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            found.close()
            if self.path.with_name(self.path.name + "-wal").exists():
                raise
            found = sqlite3.connect(f"{name}?immutable=1", uri=True, isolation_level=None)
        return found

    def _check(self) -> bool:
        """Return True if there is no table yet.

        Raises:
            sqlite3.DatabaseError: no ledger, or of another format.
        """
        application, version = self._value("PRAGMA application_id"), self._value("PRAGMA user_version")
        empty: bool = self._value("SELECT count(*) FROM sqlite_master") == 0
        if not empty and application != APPLICATION:
            raise sqlite3.DatabaseError("it is no ledger of trials")
        if not empty and version != FORMAT:
            raise sqlite3.DatabaseError(f"its format is {version}, this version has {FORMAT}")
        return empty

    def _prepare(self) -> None:
        self._check()
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(f"PRAGMA application_id={APPLICATION}")
        self._db.execute(f"PRAGMA user_version={FORMAT}")
        self._db.executescript(TABLES)

    def _value(self, query: str) -> Any:
        return self._db.execute(query).fetchone()[0]

    def _refused(self, error: sqlite3.DatabaseError, key: str | None) -> Exception:
        number = DISK_FAULTS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)  # without the extended code
        if number is not None:
            return OSError(number, os.strerror(number), str(self.path))
        return InputError(f"cannot be used as a ledger: {error}", key=key, value=str(self.path))

    # ---------------------------------------------------------------------------------------------------------- trials

    def figures(self, keys: Sequence[str]) -> dict[str, Figures]:
        """Return the stored results of those keys that have one."""
        found: dict[str, Figures] = {}
        for start in range(0, len(keys), LOOKED_UP):
            some = keys[start : start + LOOKED_UP]
            marks = ",".join("?" * len(some))
            for key, text in self._rows(f"SELECT key, figures FROM trials WHERE key IN ({marks})", some):
                found[key] = Figures.from_plain(self._figures(text, f"trial {key[:12]}"))
        return found

    def put(self, results: Iterable[tuple[Trial, Figures]]) -> None:
        """Store results in one transaction; a key that is there already keeps its result."""
        rows = [(trial.key, canonical(trial.as_plain()), canonical(figures.as_plain())) for trial, figures in results]
        self._write("INSERT OR IGNORE INTO trials VALUES (?, ?, ?)", rows)

    def __len__(self) -> int:
        return int(self._value("SELECT count(*) FROM trials"))

    def configurations(self) -> list[dict[str, Any]]:
        """Return names and settings of all stored trials, in the order of their keys."""
        rows = self._rows("SELECT configuration FROM trials ORDER BY key")
        return [self._mapping(text, "a trial's configuration") for (text,) in rows]

    # --------------------------------------------------------------------------------------------------------- studies

    def begin_study(self, key: str, specification: Mapping[str, Any]) -> None:
        """Note a study; one of the same key stays."""
        self._write("INSERT OR IGNORE INTO studies VALUES (?, ?)", [(key, canonical(specification))])

    def candidates(self, study: str) -> dict[int, dict[str, Any]]:
        """Return the parameters of a study's stored candidates by number."""
        rows = self._rows("SELECT number, parameters FROM candidates WHERE study = ? ORDER BY number", (study,))
        return {number: self._mapping(text, f"setting {number}") for number, text in rows}

    def put_candidates(self, study: str, candidates: Mapping[int, Mapping[str, Any]]) -> None:
        """Store candidates in one transaction."""
        rows = [(study, number, canonical(parameters)) for number, parameters in candidates.items()]
        self._write("INSERT OR IGNORE INTO candidates VALUES (?, ?, ?)", rows)

    def specifications(self) -> dict[str, dict[str, Any]]:
        """Return the specifications of all studies by key."""
        rows = self._rows("SELECT key, specification FROM studies ORDER BY key")
        return {key: self._mapping(text, "a specification") for key, text in rows}

    def put_runs(self, study: str, runs: Iterable[tuple[int, int, str]]) -> None:
        """Store which trial each candidate has on each seed: (number, seed, key), in one transaction."""
        self._write("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", [(study, *run) for run in runs])

    def runs(
        self, study: str, number: int | None = None, seeds: range | None = None
    ) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Yield (number of the candidate, seed, figures as plain data) of a study's runs that have a result, in order.

        Args:
            number: of the candidate; None: of all.
            seeds: of a candidate's runs; None: all.

        One run is in memory at a time.
        """
        where = "runs.study = ?"
        values: list[str | int] = [study]
        if number is not None:
            where, values = f"{where} AND runs.number = ?", [*values, number]
            if seeds is not None:
                where, values = f"{where} AND runs.seed BETWEEN ? AND ?", [*values, seeds.start, seeds.stop - 1]
        rows = self._rows(
            "SELECT runs.number, runs.seed, trials.figures FROM runs JOIN trials ON trials.key = runs.key "
            f"WHERE {where} ORDER BY runs.number, runs.seed",
            values,
        )
        for candidate, seed, text in rows:
            yield candidate, seed, self._figures(text, f"setting {candidate}, seed {seed}")

    def _rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query.

        Raises:
            InputError: the file is damaged.
        """
        cursor = self._db.execute(query, values)
        while True:
            try:
                row = cursor.fetchone()
            except sqlite3.DatabaseError as error:
                refused = self._refused(error, None)
                if isinstance(refused, OSError):
                    raise refused from None
                raise InputError(f"is damaged: {error}", file=self.path) from None
            if row is None:
                return
            yield row

    def _mapping(self, text: Any, what: str) -> dict[str, Any]:
        """Return the JSON object that `what` is stored as."""
        try:
            found = json.loads(text)
        except (TypeError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise InputError(f"is damaged: {what} cannot be read", file=self.path)
        return found

    def _figures(self, text: Any, what: str) -> dict[str, Any]:
        """Return the figures of a trial."""
        found = self._mapping(text, f"the result of {what}")
        if not (NEEDED <= found.keys() <= KNOWN):
            raise InputError(f"is damaged: the result of {what} has not the figures of a trial", file=self.path)
        return found

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(statement, rows)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise self._refused(error, None) from None

    def close(self) -> None:
        """Close the file; its write-ahead log is folded into it."""
        self._db.close()
        self._drop_lock()
