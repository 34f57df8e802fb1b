# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL cluster of its own, with a ledger, and a client that books or does not."""
import glob
import hashlib
import os
import pwd
import signal

import protocol

_ACCOUNTS = 10
_START = 1000
#: bookings that every run has
LEAST = 20
#: huge pages are of the machine: a server that takes them cannot be moved
_SETTINGS = {
    "huge_pages": "off", "listen_addresses": "", "shared_buffers": "16MB", "max_connections": "20", "fsync": "off",
    "autovacuum_naptime": "2s",
}
_SCHEMA = f"""
CREATE EXTENSION amcheck;
CREATE TABLE accounts (id integer PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE ledger (number integer PRIMARY KEY, giver integer NOT NULL, taker integer NOT NULL, amount bigint NOT NULL);
INSERT INTO accounts SELECT id, {_START} FROM generate_series(0, {_ACCOUNTS - 1}) AS id;
"""
#: accounts whose balance is not what was booked
_WRONG = f"""
SELECT id FROM accounts WHERE balance <> {_START}
  + coalesce((SELECT sum(amount) FROM ledger WHERE taker = id), 0)
  - coalesce((SELECT sum(amount) FROM ledger WHERE giver = id), 0)
"""


def booking(number):
    """Who gives how much to whom: another one for each number, and the same in every run."""
    giver = number * 7 % _ACCOUNTS
    return number, giver, (giver + 1 + number % (_ACCOUNTS - 1)) % _ACCOUNTS, number % 97


class Cluster:
    def __init__(self, busy):
        """@busy: somebody books until the end."""
        self._here = os.getcwd()
        self._server = self._client = None
        self._workers = protocol.Workers(1, LEAST, self._book) if busy else None
        self._booked = 0

    def start(self):
        _leave_root()
        protocol.output([_program("initdb"), "-D", "data", "-A", "trust", "-U", "app", "--locale=C",
                         "--encoding=UTF8", "--no-sync", "--no-instructions", "--wal-segsize=1"])
        # No shell between, and the socket in this directory, which all nodes have.
        with open("postgres.log", "w", encoding="utf-8") as log:
            self._server = protocol.spawn(
                [_program("postgres"), "-D", "data", "-k", self._here,
                 *(f"--{name}={value}" for name, value in _SETTINGS.items())], stdout=log, stderr=log)
        protocol.await_that(self._answers, "the server answers")
        self._query(_SCHEMA)
        self._client = protocol.Dialogue(self._psql())
        if self._workers:
            self._workers.start()
        else:
            for number in range(1, LEAST + 1):
                self._book(0, number)
            self._client.close()

    def work(self):
        protocol.need_running(self._server)
        return self._workers.work() if self._workers else {}

    def _answers(self):
        with open("postgres.log", encoding="utf-8") as log:
            return "ready to accept connections" in log.read()

    def _psql(self, *words):
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self._here, "-U", "app",
                "-d", "postgres", *words]

    def _query(self, text):
        return protocol.output(self._psql("-c", text)).strip()

    def _book(self, _, number):
        number, giver, taker, amount = booking(number)
        self._client.ask(f"BEGIN; UPDATE accounts SET balance = balance - {amount} WHERE id = {giver}; "
                         f"UPDATE accounts SET balance = balance + {amount} WHERE id = {taker}; "
                         f"INSERT INTO ledger VALUES ({number}, {giver}, {taker}, {amount}); COMMIT;\n"
                         f"\\echo booked {number}", f"booked {number}")
        self._booked = number

    def end(self):
        if self._workers:
            self._workers.stop()
            self._client.close()
        found = self._query("SELECT * FROM ledger ORDER BY number").splitlines()
        wanted = ["|".join(map(str, booking(number))) for number in range(1, self._booked + 1)]
        protocol.say(f"bookings: {self._booked} acknowledged, {len(found)} found")
        protocol.need(found == wanted, f"not what was booked: {sorted(set(found) ^ set(wanted))[:5]}")
        protocol.same(f"the first {LEAST} bookings", hashlib.sha256("\n".join(found[:LEAST]).encode()).hexdigest())
        protocol.same("sum of all balances", self._query("SELECT sum(balance) FROM accounts"))
        wrong = self._query(_WRONG)
        protocol.need(not wrong, f"balances of {wrong.split()} are wrong")
        protocol.output([_program("pg_amcheck"), "-h", self._here, "-U", "app", "--heapallindexed", "postgres"])
        protocol.same("amcheck", "clean")
        self._server.send_signal(signal.SIGINT)
        protocol.ended(self._server)
        with open("postgres.log", encoding="utf-8") as log:
            trouble = [line.strip() for line in log if "PANIC" in line or "terminated by signal" in line]
        protocol.need(not trouble, f"the server says: {trouble[:3]}")


def _program(name):
    """The path of one of the server's programs, which are on no search path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    protocol.need(found, f"there is no {name}")
    return found[-1]


def _leave_root():
    """A server does not run as root."""
    if os.geteuid() == 0:
        app = pwd.getpwnam("app")
        os.initgroups(app.pw_name, app.pw_gid)
        os.setgid(app.pw_gid)
        os.setuid(app.pw_uid)
        os.environ["HOME"] = app.pw_dir
