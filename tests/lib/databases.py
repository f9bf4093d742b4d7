"""Databases of tests: files of SQLite and DuckDB, and a PostgreSQL server in a scratch folder, on a
Unix socket alone, that ends by its own pid.
"""
import glob
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile

PASSWORD = "s3cret-canary"


def fill_sqlite(path, statements, rows=()):
    """Runs statements; then (sql, list of values) pairs."""
    store = sqlite3.connect(path)
    try:
        for statement in statements:
            store.execute(statement)
        for sql, values in rows:
            store.executemany(sql, values)
        store.commit()
    finally:
        store.close()


def postgres_folder():
    """Where PostgreSQL's programs are; None where it is not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    """A cluster of its own. As root it belongs to nobody, since initdb refuses root."""

    def __init__(self):
        self.bin = postgres_folder()
        self.folder = tempfile.mkdtemp(prefix="rondo-pg-", dir="/tmp")
        self.process = None
        self.prefix = []
        if os.getuid() == 0:
            os.chmod(self.folder, 0o755)
            shutil.chown(self.folder, "nobody", "nogroup")
            self.prefix = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        with open(os.path.join(self.folder, "word"), "w") as out:
            out.write(PASSWORD)
        os.chmod(out.name, 0o644)
        self.call("initdb", "-D", self.data, "-U", "owner", "--pwfile", out.name, "-A",
                  "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    def call(self, name, *words):
        done = subprocess.run([*self.prefix, os.path.join(self.bin, name), *words], timeout=120,
                              cwd=self.folder, capture_output=True, text=True, env=self.env())
        if done.returncode:
            raise AssertionError("%s: %s%s" % (name, done.stdout, done.stderr))
        return done.stdout

    def env(self):
        return dict(os.environ, PGPASSWORD=PASSWORD, LC_ALL="C")

    def start(self):
        command = [*self.prefix, "timeout", "600", os.path.join(self.bin, "postgres"), "-D",
                   self.data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        with open(os.path.join(self.folder, "log"), "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.wait()

    def wait(self):
        import time
        for _ in range(600):
            done = subprocess.run([os.path.join(self.bin, "pg_isready"), "-h", self.folder, "-q"])
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("PostgreSQL did not start: " +
                             open(os.path.join(self.folder, "log")).read())

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text):
        return self.call("psql", "-h", self.folder, "-U", "owner", "-d", "postgres", "-qAt", "-v",
                         "ON_ERROR_STOP=1", "-c", text)

    def uri(self, word=PASSWORD):
        return "postgresql://owner:%s@/postgres?host=%s" % (word, self.folder)


def fill_duckdb(source, path, statements):
    """Runs statements in a file of DuckDB, by the library that the program uses."""
    import ctypes
    library = ctypes.CDLL(os.environ.get("RONDO_DUCKDB") or
                          os.path.join(source, "build", "deps", "lib", "libduckdb.so"))
    database, connection = ctypes.c_void_p(), ctypes.c_void_p()
    if library.duckdb_open(path.encode(), ctypes.byref(database)):
        raise AssertionError("DuckDB did not open " + path)
    library.duckdb_connect(database, ctypes.byref(connection))
    try:
        for statement in statements:
            if library.duckdb_query(connection, statement.encode(), None):
                raise AssertionError("DuckDB refused " + statement)
    finally:
        library.duckdb_disconnect(ctypes.byref(connection))
        library.duckdb_close(ctypes.byref(database))
