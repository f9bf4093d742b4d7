#!/usr/bin/env python3
"""Databases as sources: rows of SQLite, DuckDB and PostgreSQL become a dataset, each once; what a
query may not do is refused; no password comes to light.

usage: sql_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from databases import PASSWORD, Postgres, fill_duckdb, fill_sqlite, postgres_folder  # noqa: E402
from project import Project, rows  # noqa: E402

SETTINGS = """[project]
name = "toy"
target = "y"

[collect]
source = "sql:events"
{collect}
[collect.sql.events]
driver = "{driver}"
uri = "{uri}"
query = "{query}"

[train]
budget = "1 candidate"
rounds = 20
min_leaf = 5

[evaluate]
metric = "mae"

[monitor]
label_delay = "1d"

[deploy]
listen = "127.0.0.1:0"
"""
POINTS = ("manifest_write=crash", "facts_before_commit=crash", "worker_result=error@1")
MORE = ("segment_write=crash", "attempt_output=crash", "object_rename=crash", "step_finish=crash",
        "facts_after_commit=crash", "rejects_write=crash", "step_start=crash")
FULL = bool(os.environ.get("RONDO_FULL"))


def project(collect, driver="sqlite", uri="shop.db", query="SELECT * FROM events"):
    made = Project(PROGRAM)
    made.write("rondo.toml", SETTINGS.format(collect=collect, driver=driver, uri=uri, query=query))
    return made


def toy(made, table):
    fill_sqlite(made.path("shop.db"), [
        "CREATE TABLE IF NOT EXISTS events (at TEXT, x REAL, kind TEXT, y REAL)"],
        [("INSERT INTO events VALUES (?, ?, ?, ?)", [tuple(row.values()) for row in table])])


def small(made, values, begin=()):
    fill_sqlite(made.path("shop.db"), list(begin),
                [("INSERT INTO events VALUES (?, ?, ?)", values)])


SMALL = 'min_rows = 1000000\ncursor = "c"\n'
TABLE = ["CREATE TABLE events (id INTEGER, c INTEGER, y REAL)"]


def ids(made):
    shown = made.json("data", "show", "--rows", "1000000")["shown"]
    return sorted(row["id"] for row in shown)


class Sqlite(unittest.TestCase):
    def test_a_cycle_from_a_database_and_then_nothing_new(self):
        with project('time = "at"') as made:
            toy(made, rows(20))
            said = made.run("check", check=0).stdout
            self.assertIn("the source has 480 rows", said)
            made.run("run", check=0)
            shown = made.json("data", "show", "--rows", "1", "--origin")
            self.assertEqual(shown["rows"], 480)
            self.assertEqual(made.json("models")[0]["version"], 1)
            facts = len(made.facts())
            self.assertIn("nothing new", made.run("run", check=0).stdout)
            self.assertEqual(len(made.facts()), facts)
            toy(made, rows(20, seed=2, first=20))
            made.run("run", check=0)
            self.assertEqual([v["rows"] for v in made.json("data")], [480, 960])

    def test_a_thousand_rows_of_one_value_come_once_each_in_three_readings(self):
        with project(SMALL) as made:
            small(made, [(i, 5, i) for i in range(300)], TABLE)
            made.run("run", check=0)
            small(made, [(i, 5, i) for i in range(300, 650)])
            made.run("run", check=0)
            small(made, [(i, 5, i) for i in range(650, 1000)])
            made.run("run", check=0)
            self.assertEqual(ids(made), list(range(1000)))
            self.assertEqual([v["rows"] for v in made.json("data")], [300, 650, 1000])
            self.assertIn("nothing new", made.run("run", check=0).stdout)

    def test_each_failpoint_leaves_each_row_once(self):
        for point in POINTS + (MORE if FULL else ()):
            with self.subTest(point=point), project(SMALL) as made:
                small(made, [(i, i // 4, i) for i in range(20)], TABLE)
                made.run("run", check=0)
                small(made, [(i, 4, i) for i in range(20, 30)])
                made.run("run", env={"RONDO_FAILPOINTS": point})
                made.run("trigger", check=0)  # a step that failed waits for a person or news
                made.run("run")
                self.assertEqual(ids(made), list(range(30)))
                self.assertEqual([v["rows"] for v in made.json("data")], [20, 30])
                self.assertEqual(made.run("fsck").returncode, 0)

    def test_a_row_without_a_cursor_is_rejected_once_with_its_cells(self):
        with project(SMALL) as made:
            small(made, [(1, 5, 1.5), (2, None, 2.5), (3, 6, "many")], TABLE)
            made.run("run", check=0)
            rejects = made.json("data", "rejects")
            self.assertEqual([r["code"] for r in rejects], ["cursor", "type"][:len(rejects)])
            self.assertEqual(rejects[0]["file"], "sql:events")
            self.assertEqual(rejects[0]["raw"], '{"c":null,"id":2,"y":"2.5"}')
            small(made, [(4, 7, 1.5)])
            made.run("run", check=0)
            self.assertEqual(made.json("data")[-1]["rejected"], 0)

    def test_rows_that_are_committed_late_come_within_the_lag(self):
        settings = 'min_rows = 1000000\ntime = "t"\nlag = "1h"\n'
        with project(settings) as made:
            table = ["CREATE TABLE events (id INTEGER, t TEXT, y REAL)"]
            small(made, [(1, "2024-05-01 10:00:00", 1), (2, "2024-05-01 12:00:00", 1)], table)
            made.run("run", check=0)
            small(made, [(3, "2024-05-01 11:30:00", 1), (4, "2024-05-01 10:30:00", 1)])
            made.run("run", check=0)
            self.assertEqual(ids(made), [1, 2, 3])
            self.assertIn("nothing new", made.run("run", check=0).stdout)

    def test_a_range_is_collected_again_and_the_database_asked_for_no_other(self):
        query = ("SELECT id, t, CASE WHEN t < '2024-05-01' THEN abs(-9223372036854775808) "
                 "ELSE y END AS y FROM events")  # no row before May can be computed
        with project('min_rows = 1000000\ntime = "t"\n', query=query) as made:
            table = ["CREATE TABLE events (id INTEGER, t TEXT, y REAL)"]
            small(made, [(i, "2024-05-%02d 10:00:00" % i, 1.5) for i in (1, 2, 8, 9)], table)
            made.run("run", check=0)
            small(made, [(5, "2024-05-05 23:59:59", 1.5), (6, "2024-05-06 00:00:00", 1.5),
                         (7, "2024-04-07 10:00:00", 1.5)])
            self.assertIn("integer overflow", made.run("run", "--backfill",
                                                       "2024-04-01..2024-05-06").stderr)
            made.run("run", "--backfill", "2024-05-03..2024-05-06", check=0)
            self.assertEqual(sorted(ids(made)), [1, 2, 5, 8, 9])
            made.run("run", "--backfill", "2024-05-05T12:00:00Z..2024-05-06T00:00:01Z", check=0)
            self.assertEqual(sorted(ids(made)), [1, 2, 5, 6, 8, 9])

    def test_a_range_is_collected_again_by_times_and_by_dates(self):
        for kind in ("TIMESTAMP", "DATE"):
            with self.subTest(kind=kind), project('min_rows = 1000000\ntime = "t"\n',
                                                  driver="duckdb") as made:
                add = "INSERT INTO events VALUES (%d, DATE '2024-05-%02d', 1.5)"
                fill_duckdb(SOURCE, made.path("shop.db"), [
                    "CREATE TABLE events (id INTEGER, t %s, y DOUBLE)" % kind,
                    *[add % (day, day) for day in (1, 2, 8, 9)]])
                made.run("run", check=0)
                fill_duckdb(SOURCE, made.path("shop.db"),
                            [add % (day, day) for day in (3, 5, 6, 7)])
                made.run("run", "--backfill", "2024-05-05T00:00:00Z..2024-05-06T12:00:00Z",
                         check=0)
                self.assertEqual(ids(made), [1, 2, 5, 6, 8, 9])

    def test_a_table_without_a_cursor_is_read_whole(self):
        with project('min_rows = 1000000\nmode = "replace"\n') as made:
            small(made, [(1, 1, 1), (2, 2, 2)], TABLE)
            made.run("run", check=0)
            self.assertIn("nothing new", made.run("run", check=0).stdout)
            fill_sqlite(made.path("shop.db"), ["DELETE FROM events WHERE id = 1"])
            made.run("run", check=0)
            self.assertEqual(ids(made), [2])

    def test_faults_are_told_and_nothing_is_written_to_the_database(self):
        cases = [  # query, more settings, what is said
            ("SELECT * FROM events; SELECT 1", SMALL, "has more than one statement"),
            ("DELETE FROM events", SMALL, "begins with DELETE, not with SELECT"),
            ("WITH a AS (SELECT 1) DELETE FROM events", SMALL, "syntax error"),
            ("SELECT * FROM gone", SMALL, "no such table: gone"),
            ("SELECT * FROM events", 'min_rows = 1000000\ncursor = "cc"\n',
             'no column "cc", the cursor'),
            ("SELECT * FROM events", "", "cursor: is missing"),
            ("", SMALL, "query: is missing"),
        ]
        for query, settings, said in cases:
            with self.subTest(query=query, said=said), project(settings, query=query) as made:
                small(made, [(1, 1, 1)], TABLE)
                for command in ("check", "run"):
                    done = made.run(command)
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertIn(said, done.stderr)
                fill_sqlite(made.path("shop.db"), ["INSERT INTO events VALUES (2, 2, 2)"])
        with project(SMALL, uri="no.db") as made:
            self.assertIn("no.db was not found", made.run("run").stderr)
            self.assertFalse(os.path.exists(made.path("no.db")))

    def test_a_cursor_that_changes_its_type_is_refused(self):
        with project(SMALL) as made:
            small(made, [(1, 5, 1)], TABLE)
            made.run("run", check=0)
            fill_sqlite(made.path("shop.db"), ["UPDATE events SET c = 'five'"])
            self.assertIn("was of type integer and is of type category now", made.run("run").stderr)

    def test_up_looks_for_news_by_itself(self):
        with project(SMALL, query='SELECT * FROM events"\nevery = "1s') as made:
            small(made, [(i, i, i) for i in range(10)], TABLE)
            made.up()
            for versions in ([10], [10, 12]):
                for _ in range(600):
                    if [v["rows"] for v in made.json("data")] == versions:
                        break
                    time.sleep(0.1)
                self.assertEqual([v["rows"] for v in made.json("data")], versions)
                small(made, [(i, i, i) for i in range(10, 12)])

    def test_init_looks_and_proposes_what_runs(self):
        with project("") as made:
            toy(made, rows(10))
            os.remove(made.path("rondo.toml"))
            made.run("init", "sql:shop", "--driver", "sqlite", "--uri", "shop.db", "--query",
                     "SELECT * FROM events", "--target", "y", check=0)
            with open(made.path("rondo.toml")) as file:
                text = file.read()
            self.assertIn('[collect.sql.shop]\ndriver = "sqlite"\nuri = "shop.db"\n', text)
            made.run("run")
            self.assertEqual(made.json("data")[0]["rows"], 240)


class SixFormats(unittest.TestCase):
    """One table, by six ways into one content digest; and PostgreSQL's own faults."""
    NAMES = ["id", "n", "s", "moment"]
    ROWS = [(1, 2.5, "red", "2024-05-01 10:00:00"), (2, None, "a,b", None),
            (9007199254740993, -0.125, "gr\u00fcn", "2024-05-02 00:00:00.25"),
            (9007199254740995, 4, None, "2024-05-03 00:00:00")]
    CREATE = "CREATE TABLE t (id BIGINT, n %s, s VARCHAR(20), moment TIMESTAMP)"
    SETTINGS = """[project]
name = "toy"
target = "n"
[collect]
source = "%s"
min_rows = 1000000
%s
"""
    DATABASE = """cursor = "id"
[collect.sql.t]
driver = "%s"
uri = "%s"
query = "SELECT * FROM t"
"""

    @classmethod
    def setUpClass(cls):
        cls.server = Postgres() if postgres_folder() else None

    @classmethod
    def tearDownClass(cls):
        if cls.server:
            cls.server.close()

    def setUp(self):
        if self.server is None:
            print("SKIPPED: PostgreSQL is not installed here (deps/install)", file=sys.stderr)

    def values(self):
        text = lambda v: "NULL" if v is None else repr(v)  # noqa: E731
        return ", ".join("(%s)" % ", ".join(text(v) for v in row) for row in self.ROWS)

    def content(self, source, more="", env=None, prepare=lambda made: None):
        with Project(PROGRAM) as made:
            made.write("rondo.toml", self.SETTINGS % (source, more))
            prepare(made)
            made.run("run", check=0, env=env)
            step = [f for f in made.facts() if f["kind"] == "step_finished"][0]
            return step["body"]["evidence"]["content"]

    def lines(self, made):
        made.write("t.jsonl", "".join(json.dumps(dict(zip(self.NAMES, row))) + "\n"
                                      for row in self.ROWS))

    def csv(self, made):
        cell = lambda v: "" if v is None else '"%s"' % v if "," in str(v) else str(v)  # noqa: E731
        made.write("t.csv", "".join(",".join(map(cell, row)) + "\n"
                                    for row in [self.NAMES, *self.ROWS]))

    def duck(self, made):
        fill_duckdb(SOURCE, made.path("t.duckdb"), [
            self.CREATE % "DECIMAL(9,3)", "INSERT INTO t VALUES " + self.values(),
            "COPY t TO '%s' (FORMAT parquet)" % made.path("t.parquet")])

    def lite(self, made):
        fill_sqlite(made.path("t.db"), [self.CREATE % "REAL", "INSERT INTO t VALUES " +
                                        self.values()])

    def test_one_table_has_one_content_digest_in_six_formats(self):
        wanted = self.content("t.jsonl", prepare=self.lines)
        found = {
            "csv": self.content("t.csv", prepare=self.csv),
            "parquet": self.content("t.parquet", prepare=self.duck),
            "duckdb": self.content("sql:t", self.DATABASE % ("duckdb", "t.duckdb"),
                                   prepare=self.duck),
            "sqlite": self.content("sql:t", self.DATABASE % ("sqlite", "t.db"), prepare=self.lite)}
        if self.server:
            self.server.sql("DROP TABLE IF EXISTS t; " + self.CREATE % "NUMERIC(9,3)")
            self.server.sql("INSERT INTO t VALUES " + self.values())
            found["postgresql"] = self.content(
                "sql:t", self.DATABASE % ("postgresql", "env:PG_URI"),
                env={"PG_URI": self.server.uri()})
        self.assertEqual(found, dict.fromkeys(found, wanted))

    def postgres(self, query="SELECT * FROM t", more=SMALL):
        return project(more, driver="postgresql", uri="env:PG_URI", query=query)

    def test_postgresql_is_read_on_behind_the_cursor(self):
        if not self.server:
            return
        env = {"PG_URI": self.server.uri()}
        self.server.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id int, c timestamptz, y numeric,"
                        " kind text, extra jsonb)")
        add = "INSERT INTO t SELECT i, '2024-05-01 10:00+02', i / 8.0, 'k', '{\"a\": 1}' FROM " \
              "generate_series(%d, %d) AS i"
        with self.postgres(more=SMALL + 'lag = "1h"\n') as made:
            for first, last in ((0, 299), (300, 649), (650, 999)):
                self.server.sql(add % (first, last))
                made.run("run", check=0, env=env)
            self.assertEqual(ids(made), list(range(1000)))
            row = made.json("data", "show", "--rows", "1")["shown"][0]
            self.assertEqual(row["c"], "2024-05-01T08:00:00Z")
            self.assertEqual(row["extra"], '{"a": 1}')
            self.assertIsInstance(row["y"], (int, float))
            self.assertIn("nothing new", made.run("run", check=0, env=env).stdout)
            self.server.sql("INSERT INTO t VALUES (1000, '2024-05-01 07:30Z', 1, 'late', NULL),"
                            " (1001, '2024-05-01 06:30Z', 1, 'too late', NULL)")
            made.run("run", check=0, env=env)
            self.assertEqual(ids(made)[-1], 1000)

    def test_faults_of_postgresql_are_told_without_the_password(self):
        if not self.server:
            return
        self.server.sql("DROP TABLE IF EXISTS t; CREATE TABLE t (id int, c int, y int);"
                        "INSERT INTO t VALUES (1, 1, 1)")
        good = {"PG_URI": self.server.uri()}
        wrong = {"PG_URI": self.server.uri("canary-wrong")}
        cases = [  # query, environment, what is said
            ("SELECT * FROM t", {}, "the environment has no PG_URI"),
            ("SELECT * FROM t", wrong, "password authentication failed"),
            ("SELECT * FROM t", {"PG_URI": "host=x password=canary-word"}, "no address of Postgre"),
            ("SELECT * FROM t", {"PG_URI": self.server.uri() + "&passfile=/x"}, "a parameter that"),
            ("SELECT * FROM t", {"PG_URI": self.server.uri() + "&port=70000"}, "port"),
            ("SELECT * FROM gone", good, 'relation "gone" does not exist'),
            ("WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", good, "WITH clause"),
            ("SELECT id, c, y, nextval('counter') AS n FROM t", good, "read-only"),
            ("SELECT id, c, y, pg_sleep(0) IS NULL AS n FROM t WHERE c = 'x'", good, "invalid inp"),
        ]
        self.server.sql("CREATE SEQUENCE IF NOT EXISTS counter")
        for query, env, said in cases:
            with self.subTest(query=query, said=said), self.postgres(query) as made:
                for command in ("check", "run"):
                    done = made.run(command, env=env)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(said, done.stderr)
                self.clean(made)
        self.assertEqual(self.server.sql("SELECT count(*) FROM t").strip(), "1")
        with self.postgres() as made:
            made.run("run", check=0, env=good)
            self.server.stop()
            try:
                done = made.run("run", env=good)
                self.assertIn("sql:events", done.stderr)
                self.assertNotEqual(done.returncode, 0)
            finally:
                self.server.start()
            self.assertIn("nothing new", made.run("run", check=0, env=good).stdout)
            self.clean(made)

    def clean(self, made):
        """No password in anything that was written or said."""
        said = "".join(made.errors)
        for word in (PASSWORD, "canary"):
            self.assertNotIn(word, said)
            for folder, _, names in os.walk(made.folder):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as file:
                        self.assertNotIn(word.encode(), file.read(), name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
