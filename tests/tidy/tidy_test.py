"""What can be checked about the house without understanding it: layers, rooms, lengths, tables.

usage: tidy_test.py PROGRAM SOURCE_DIR [--update] [unittest's arguments]
Each check is one test; each message says what to do. --update writes the tables of the docs anew.
PROGRAM may be absent: then only the comparison with what it prints is skipped, aloud.
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import source  # noqa: E402
import tables  # noqa: E402

STAGES = ("collect", "prepare", "train", "evaluate", "deploy", "monitor")
MOST_COLUMNS, MOST_FUNCTION, MOST_FILE, MOST_LISTED_FILE = 100, 70, 400, 700
FEWEST_FAILPOINTS = 40
PROJECT = None  # set by main
PROGRAM = None


def read_exceptions(project):
    """{(rule, path): reason} and the number that the file names."""
    found, number = {}, 0
    for line in project.text("tests/tidy/exceptions").splitlines():
        if line.startswith("entries "):
            number = int(line.split()[1])
        elif line and not line.startswith("#"):
            head, _, reason = line.partition(": ")
            rule, _, path = head.partition(" ")
            found[(rule, path)] = reason.strip()
    return found, number


class Check(unittest.TestCase):
    """Gathers findings, leaves out those that the exceptions name, and fails with all others."""
    used = set()

    def setUp(self):
        self.findings = []

    def find(self, rule, path, line, what):
        if (rule, path) in EXCEPTIONS:
            Check.used.add((rule, path))
        else:
            self.findings.append("%s:%d: %s" % (path, line, what))

    def settle(self, advice):
        if self.findings:
            self.fail("%d found\n  %s\n  what to do: %s" % (
                len(self.findings), "\n  ".join(sorted(self.findings)[:60]), advice))

    def search(self, rule, paths, pattern, what):
        """A finding for each match in code that is no comment and no literal."""
        for path in paths:
            bare = PROJECT.bare(path)
            for match in re.finditer(pattern, bare, re.M):
                self.find(rule, path, bare.count("\n", 0, match.start()) + 1,
                          "%s (%s)" % (what, match.group(0).strip()))


def code():
    """The sources of the layers; src/precompiled.h is a list of headers for the compiler alone."""
    return [p for p in PROJECT.code("src") if source.layer_of(p)]


def outside(*folders):
    return [p for p in code() if source.layer_of(p) not in folders]


def plain(paths):
    return [p for p in paths if not source.is_test(p)]


def quoted_includes(path):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', PROJECT.text(path), re.M)


def foreign_includes(path):
    return re.findall(r"^\s*#\s*include\s+<([^>]+)>", PROJECT.text(path), re.M)


class Layers(Check):
    def setUp(self):
        super().setUp()
        self.sees, self.rooms = {}, {}
        for line in PROJECT.text("src/LAYERS").splitlines():
            if line.startswith("foreign "):
                name, _, rooms = line[len("foreign "):].partition(":")
                self.rooms[name] = rooms.split()
            elif line and not line.startswith("#"):
                layer, _, below = line.partition(":")
                self.sees[layer] = set(below.split()) | {layer}

    def test_layers_point_down(self):
        seen = set()
        for layer, sees in self.sees.items():
            for below in sees - {layer} - seen:
                self.find("layers", "src/LAYERS", 1, "%s sees %s, which stands below it in the "
                          "file" % (layer, below))
            if layer in STAGES:
                for other in sees & (set(STAGES) - {layer}):
                    self.find("layers", "src/LAYERS", 1, "stage %s sees stage %s" % (layer, other))
            seen.add(layer)
        self.settle("a layer sees only what stands above it in src/LAYERS; a stage sees no stage")

    def test_includes_follow_layers(self):
        for path in code():
            layer = source.layer_of(path)
            for name in quoted_includes(path):
                if name == "base/failpoints.def":
                    continue
                folder = name.split("/")[0]
                if folder not in self.sees.get(layer, ()):
                    self.find("layers", path, 1, "%s/ may not include \"%s\"" % (layer, name))
                elif not PROJECT.exists("src/" + name):
                    self.find("layers", path, 1, "there is no \"%s\"" % name)
        self.settle("move the shared part down to a layer that both may see (src/LAYERS)")

    def test_build_has_the_same_layers(self):
        build = re.search(r"set\(layers ([^)]*)\)", PROJECT.text("CMakeLists.txt")).group(1).split()
        self.assertEqual(build, list(self.sees), "CMakeLists.txt and src/LAYERS must list the same "
                         "layers in the same order")

    def test_every_source_is_built(self):
        for path in PROJECT.paths:
            if not path.startswith("src/") or path in ("src/LAYERS", "src/precompiled.h"):
                continue
            parts = path.split("/")
            if len(parts) > 3 and parts[2] == "testdata":
                continue
            if len(parts) != 3 or parts[1] not in self.sees or not path.endswith(source.CODE):
                self.find("build", path, 1, "no library takes this file in")
            if parts[-1] == "main.cc" and parts[1] != "cli":
                self.find("build", path, 1, "only src/cli/main.cc is a program")
        self.settle("sources are src/LAYER/name.cc; data of tests goes to src/LAYER/testdata/")

    def room_of(self, header):
        names = [n for n in self.rooms if header.startswith(n)]
        return max(names, key=len) if names else None

    def test_foreign_headers_stay_in_their_room(self):
        for path in code():
            layer = source.layer_of(path)
            for header in foreign_includes(path):
                if not os.path.splitext(header)[1] and "/" not in header:
                    continue  # the standard library
                name = self.room_of(header)
                if name is None:
                    if header in SYSTEM or header.startswith(("sys/", "linux/")):
                        continue
                    self.find("foreign", path, 1, "<%s> has no room in src/LAYERS" % header)
                    continue
                rooms = self.rooms[name]
                allowed = "all" in rooms or layer in rooms or path[len("src/"):] in rooms
                if not allowed and not ("tests" in rooms and source.is_test(path)):
                    self.find("foreign", path, 1, "<%s> may be included in %s only" % (
                        header, ", ".join(rooms)))
        self.settle("put a small type of ours around the library, in its room (src/LAYERS)")

    def test_rooms_are_used(self):
        used = {self.room_of(h) for p in code() for h in foreign_includes(p)}
        expected = {n for n in self.rooms if not n.startswith(("LightGBM", "openssl/ssl"))}
        self.assertFalse(expected - used, "src/LAYERS gives a room to headers that nobody includes:"
                         " remove these lines")

    def test_stages_show_few_headers(self):
        shown = {stage: set() for stage in STAGES}
        for path in PROJECT.code("src/loop", "src/api", "src/cli"):
            if source.is_test(path):
                continue
            for name in quoted_includes(path):
                if name.split("/")[0] in STAGES:
                    shown[name.split("/")[0]].add(name)
        for stage, names in shown.items():
            if len(names) > 3:
                self.find("headers", "src/" + stage, 1, "loop and above see %s" % sorted(names))
            for name in names:
                lines = PROJECT.text("src/" + name).count("\n")
                if lines > 250:
                    self.find("headers", "src/" + name, lines, "a contract of %d lines" % lines)
        self.settle("a stage shows at most three headers of at most 250 lines from loop upward")

    def test_public_headers_say_what_they_promise(self):
        """A function that returns a Result has a /// comment, or stands in a group that has one."""
        for path in PROJECT.code(*("src/" + stage for stage in STAGES)):
            if not path.endswith(".h") or source.is_test(path):
                continue
            lines, documented = PROJECT.text(path).splitlines(), False
            for number, line in enumerate(lines, 1):
                if line.startswith("///"):
                    documented = True
                elif re.match(r"Result<.*\w\(", line) and not re.search(
                        r"\b(\w+_from|restore)\(", line):
                    if not documented:
                        self.find("docstring", path, number, "no /// above this declaration")
                elif not line.strip() or line.startswith(("}", "#", "//")):
                    documented = False
        self.settle("write one sentence with ///, then Errors, Shape, Threads, Cost as they apply")


SYSTEM = {"unistd.h", "fcntl.h", "signal.h", "pthread.h", "sched.h", "time.h", "stdlib.h", "math.h",
          "pwd.h", "dirent.h", "errno.h", "stdio.h", "string.h"}


class Rooms(Check):
    """Threads, time, files, printing: each named in one folder."""

    def test_threads_are_named_in_base(self):
        self.search("threads", outside("base"),
                    r"std::(jthread|thread|this_thread|(shared_|recursive_)?(timed_)?mutex"
                    r"|atomic\w*|condition_variable\w*|(scoped|unique|shared)_lock|lock_guard"
                    r"|call_once|once_flag|future|promise|async|latch|barrier|\w*_semaphore"
                    r"|stop_token)\b|\bpthread_\w+\s*\(",
                     "threads and locks are named in base/ only")
        self.settle("use Worker, Guarded, Published, Counter or Stop of base/")

    def test_time_is_read_in_base(self):
        self.search("time", [p for p in code() if not p.startswith("src/base/clock")],
                    r"\b(clock_gettime|gettimeofday|getrusage|system_clock|steady_clock"
                    r"|high_resolution_clock|localtime\w*|gmtime\w*)\b|(?<![\w:.>])::time\s*\("
                    r"|std::time\b|\bCLOCK_[A-Z]+", "time is read in base/clock only")
        self.settle("take a Clock, or call monotonic_us() for a duration of the journal")

    def test_files_are_touched_in_io_and_ledger(self):
        self.search("files", plain(outside("io", "ledger")),
                    r"\b(std::)?(o|i|)fstream\b|\bfopen\b|\bmkstemp\b|\bopendir\b|\bmmap\s*\("
                    r"|(?<![\w:>])::(open|openat|read|write|pread|pwrite|unlink|rename|mkdir|rmdir"
                    r"|fsync|fdatasync|truncate|ftruncate|chmod|stat|fstat|remove)\s*\("
                    r"|std::filesystem::(create_\w+|remove\w*|rename|copy\w*|resize_file"
                    r"|permissions|exists|file_size|is_\w+|status|symlink_status|read_symlink"
                    r"|last_write_time|(recursive_)?directory_iterator|space)\b",
                    "files are touched through io::Fs")
        self.settle("take an io::Fs& and call it; a foreign library writes under attempts/ only")

    def test_only_cli_prints(self):
        self.search("print", plain(outside("cli")),
                    r"\bstd::(cout|cerr|clog|puts|fputs|fwrite)\b|(?<![\w:])(f|v|d|vf)?printf\s*\("
                    r"|(?<![\w.>:])(puts|fputs|fwrite|perror)\s*\(|\bfmt::print\w*\b"
                    r"|\bSTD(OUT|ERR)_FILENO\b", "only cli/ prints")
        self.settle("return the text or an Error; tell progress through an Observer")

    def test_nothing_is_thrown(self):
        self.search("throw", PROJECT.code("src", "tests"), r"\bthrow\b",
                    "`throw` is banned")
        self.settle("return fail(Code::..., message, hint); a broken invariant is a CHECK")

    def test_banned_calls(self):
        self.search("banned", PROJECT.code("src", "tests"),
                    r"\bstd::regex\b|\balloca\s*\(|\bstd::function<[^;]*>\s*\*|\bgets\s*\("
                    r"|\bstd::rand\b|\bsrand\s*\(|\brandom_device\b|\bsetjmp\b|\blongjmp\b",
                    "this call is banned")
        self.settle("write a small parser; take memory from a vector; take chance from base/seed")

    def test_no_mutable_globals(self):
        for path in plain(code()):
            for number, line in enumerate(PROJECT.bare(path).splitlines(), 1):
                if re.match(r"(static |inline )?(std::\w+(<.*>)?|int|bool|double|Json)\s+\w+"
                            r"(\s*=.*|\{.*\})?;", line):
                    self.find("globals", path, number, "a mutable global: " + line.strip())
        self.settle("make it constexpr, or hand it in")


class Proportion(Check):
    def texts(self):
        return [p for p in PROJECT.paths if PROJECT.is_text(p) and p.startswith(
            ("src/", "tests/", "cmake/", "bench/", "console/", "deps/fetch",
             "CMakeLists"))
            and not p.endswith((".md", ".json", ".case", ".csv", ".txt", ".html"))]

    def test_lines_are_short(self):
        for path in self.texts():
            for number, line in enumerate(PROJECT.text(path).split("\n"), 1):
                if len(line) > MOST_COLUMNS:
                    self.find("line", path, number, "%d columns" % len(line))
        self.settle("break the line at %d columns" % MOST_COLUMNS)

    def test_text_is_ascii(self):
        for path in self.texts() + [p for p in PROJECT.paths if p.startswith("docs/")]:
            for number, line in enumerate(PROJECT.text(path).split("\n"), 1):
                if not line.isascii():
                    self.find("ascii", path, number, line.strip()[:60])
        self.settle("write plain ASCII; in literals an escape like \\xE2\\x96\\x88")

    def test_no_blanks_at_line_ends(self):
        for path in self.texts() + [p for p in PROJECT.paths if p.endswith(".md")]:
            for number, line in enumerate(PROJECT.text(path).split("\n"), 1):
                if line != line.rstrip():
                    self.find("blanks", path, number, "ends with a blank")
        self.settle("remove them")

    def test_functions_are_short(self):
        for path in PROJECT.code("src", "tests"):
            for function in PROJECT.functions(path):
                if function.lines() > MOST_FUNCTION:
                    self.find("function", path, function.first, "%s has %d lines" % (
                        function.name, function.lines()))
        self.settle("name its parts: at most %d lines a function" % MOST_FUNCTION)

    def test_files_are_short(self):
        for path in PROJECT.code("src", "tests"):
            lines = PROJECT.text(path).count("\n")
            if lines > MOST_LISTED_FILE:
                self.findings.append("%s:%d: %d lines, whatever is listed" % (path, lines, lines))
            elif lines > MOST_FILE:
                self.find("file", path, lines, "%d lines" % lines)
        self.settle("split it by what it knows: at most %d lines, %d with a reason in "
                    "tests/tidy/exceptions" % (MOST_FILE, MOST_LISTED_FILE))

    def test_files_begin_with_a_comment(self):
        for path in PROJECT.code("src", "tests"):
            lines = PROJECT.text(path).split("\n")
            count = 0
            while count < len(lines) and lines[count].startswith("//"):
                count += 1
            words = " ".join(lines[:count]).replace("//", "").split()
            if not words or words[0].startswith("Copyright"):
                self.find("head", path, 1, "no comment at the head")
            elif len(words) < 5 and words[0] != "See":
                self.find("head", path, 1, "the head says only: %s" % " ".join(words))
        self.settle("say in a sentence or two why the file exists and what always holds in it")

    def test_headers_are_included_once(self):
        for path in code():
            if path.endswith(".h") and "#pragma once" not in PROJECT.text(path):
                self.find("pragma", path, 1, "no #pragma once")
        self.settle("add #pragma once below the head comment")

    def test_namespaces_are_folders(self):
        for path in code():
            layer = source.layer_of(path)
            names = set(re.findall(r"^namespace (rondo[\w:]*) \{", PROJECT.bare(path), re.M))
            strange = names - {"rondo", "rondo::" + layer}
            if strange:
                self.find("namespace", path, 1, "opens %s" % ", ".join(sorted(strange)))
        self.settle("code of src/FOLDER/ lives in namespace rondo::FOLDER")


class Leftovers(Check):
    def all_texts(self):
        return [p for p in PROJECT.paths if PROJECT.is_text(p)]

    def test_no_notes_to_self(self):
        pattern = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
        for path in self.all_texts():
            for match in pattern.finditer(PROJECT.text(path)):
                line = PROJECT.text(path).count("\n", 0, match.start()) + 1
                self.find("leftover", path, line, match.group(0))
        self.settle("do it, or write an issue")

    def test_no_paths_of_a_machine(self):
        pattern = re.compile(r"(?<![\w.~-])/(home|root|work|Users|mnt|media)/\w[\w./-]*")
        for path in self.all_texts():
            for match in pattern.finditer(PROJECT.text(path)):
                line = PROJECT.text(path).count("\n", 0, match.start()) + 1
                self.find("machine", path, line, match.group(0))
        self.settle("paths are relative to the project, or made in a scratch folder")

    def test_no_registry_hosts(self):
        hosts = ["py" "pi.org", "python" "hosted.org", "registry.npm" "js.org", "npm" "js.com",
                 "crates" ".io", "proxy.go" "lang.org", "deb.deb" "ian.org", "artifact" "ory",
                 "archive.ubu" "ntu.com", "github" "usercontent.com", "index-u" "rl",
                 "extra-ind" "ex"]
        pattern = re.compile("|".join(re.escape(h) for h in hosts))
        for path in self.all_texts():
            for match in pattern.finditer(PROJECT.text(path)):
                line = PROJECT.text(path).count("\n", 0, match.start()) + 1
                self.find("registry", path, line, match.group(0))
        self.settle("name package, version and digest in deps/packages.lock; the client of the "
                    "machine knows where to ask")


class Tests(Check):
    CLAIM = re.compile(r"\b(EXPECT|ASSERT)_\w+|\bADD_FAILURE\b|\bFAIL\(\)")

    def test_tests_claim_something(self):
        helpers = {}
        for path in PROJECT.code("src", "tests"):
            if path.endswith("_test.cc") or source.is_test(path):
                names = {f.name.split("::")[-1] for f in PROJECT.functions(path)
                         if self.CLAIM.search(f.body) and not f.name.startswith("TEST")}
                helpers.setdefault(os.path.dirname(path), set()).update(names)
        for path in PROJECT.code("src", "tests"):
            if not path.endswith("_test.cc"):
                continue
            if not self.CLAIM.search(PROJECT.bare(path)):
                self.find("claim", path, 1, "a test file without EXPECT or ASSERT")
            known = helpers.get(os.path.dirname(path), set())
            for function in PROJECT.functions(path):
                if not function.name.startswith("TEST"):
                    continue
                calls = set(re.findall(r"\b(\w+)\s*\(", function.body))
                if not self.CLAIM.search(function.body) and not calls & known:
                    self.find("claim", path, function.first, "a test that claims nothing")
        self.settle("a test fails when the behaviour that it names is broken: EXPECT it")

    def test_tests_sleep_not(self):
        self.search("sleep", [p for p in PROJECT.code("src", "tests") if p.endswith("_test.cc")
                              and not p.endswith("_threads_test.cc")],
                    r"\b(usleep|nanosleep|sleep)\s*\(|std::this_thread", "a test that waits")
        self.settle("use ManualClock, or wait for the event itself")

    def test_tests_have_their_files(self):
        for path in PROJECT.code("src", "tests"):
            for match in re.finditer(r"\.\./shared|/shared/", PROJECT.text(path)):
                line = PROJECT.text(path).count("\n", 0, match.start()) + 1
                self.find("shared", path, line, "reads outside of the repository")
        self.settle("ship a small file, or make the data; tests/acceptance alone may look outside")


class Failpoints(Check):
    HIT = re.compile(r"\bRONDO_FAILPOINT\(\s*(k\w+)\s*\)|\bFailpoint::(k\w+)")

    def hits(self, text):
        return {a or b for a, b in self.HIT.findall(text)}

    def test_there_are_enough(self):
        names = [name for name, _ in tables.failpoints(PROJECT)]
        self.assertEqual(len(names), len(set(names)), "a failpoint stands twice in failpoints.def")
        self.assertGreaterEqual(len(names), FEWEST_FAILPOINTS, "src/base/failpoints.def")

    def test_each_one_is_used(self):
        used = set()
        for path in plain(outside("base")):
            used |= self.hits(PROJECT.bare(path))
        for name, _ in tables.failpoints(PROJECT):
            if name not in used:
                self.find("unused", name, 1, "no code passes this failpoint")
        self.settle("put RONDO_FAILPOINT(name) before the act that it names, or remove it from "
                    "src/base/failpoints.def")

    DURABLE = re.compile(r"(?:\.|->)(?:sync|rename|sync_folder)\s*\(|\bexec\(\"\"\)"
                         r"|::(?:fsync|fdatasync|rename)\s*\(")

    def guarded(self, path, function):
        """In itself, in a function of this file that it calls, or in all that call it here."""
        short = function.name.split("::")[-1]
        others = [f for f in PROJECT.functions(path) if f is not function]
        calls = set(re.findall(r"\b(\w+)\s*\(", function.body))
        if self.hits(function.body):
            return True
        if any(self.hits(f.body) for f in others if f.name.split("::")[-1] in calls):
            return True
        callers = [f for f in others if re.search(r"\b%s\s*\(" % re.escape(short), f.body)]
        return bool(callers) and all(self.hits(f.body) for f in callers)

    def test_durable_acts_can_fail(self):
        for path in plain(code()):
            text = PROJECT.text(path).splitlines()
            for function in PROJECT.functions(path):
                body = "\n".join(text[function.first - 1:function.last])
                commits = re.search(r"exec\(\"COMMIT\"\)", body)
                acts = [m.group(0) for m in self.DURABLE.finditer(function.body)
                        if not m.group(0).startswith("exec")]
                if (acts or commits) and not self.guarded(path, function):
                    self.find("durable", path, function.first, "%s syncs, renames or commits where "
                              "no failpoint is near" % function.name)
        self.settle("put a failpoint before the act (src/base/failpoints.def)")


class Docs(Check):
    FILES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/API.md", "docs/ARCHITECTURE.md",
             "docs/CONFIG.md", "docs/FORMATS.md", "docs/GLOSSARY.md", "docs/KERNELS.md",
             "docs/RUNBOOK.md", "docs/SCRIPTS.md", "docs/STATISTICS.md", "docs/STYLE.md",
             "docs/TRAINING.md"]
    SHOWN = {"README.md": {"commands", "stages"}, "docs/ARCHITECTURE.md": {"stages", "lifecycle"},
             "docs/API.md": {"routes"}, "docs/CONFIG.md": {"settings"}}
    UPDATE = "run: python3 tests/tidy/tidy_test.py PROGRAM . --update"

    def test_docs_are_there(self):
        for path in self.FILES:
            if not PROJECT.exists(path):
                self.find("docs", path, 1, "is missing")
        self.settle("write it")

    RULES = "contrib/prometheus.rules.yml"

    def test_each_alert_has_its_paragraph_and_metrics_that_there_are(self):
        rules = PROJECT.text(self.RULES)
        names = re.findall(r"- alert: (\w+)", rules)
        told = re.findall(r"^## (\w+)$", PROJECT.text("docs/RUNBOOK.md"), re.M)
        self.assertGreater(len(names), 10)
        self.assertEqual(told, names, "docs/RUNBOOK.md tells the rules in their order")
        for name, link in zip(names, re.findall(r"runbook: (\S+)", rules)):
            self.assertEqual(link, "docs/RUNBOOK.md#" + name.lower())
        families = set(re.findall(r'family\("(\w+)"', PROJECT.text("src/api/metrics.cc")))
        for metric in re.findall(r"\brondo_(\w+)", rules):
            self.assertIn(metric, families, "%s has no family of this name" % self.RULES)
        if shutil.which("promtool"):
            for words in (["check", "rules", self.RULES],
                          ["test", "rules", "contrib/prometheus.rules_test.yml"]):
                done = subprocess.run(["promtool", *words], cwd=PROJECT.root, capture_output=True,
                                      text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_tables_are_those_of_the_code(self):
        for path in self.FILES:
            if not PROJECT.exists(path):
                continue
            text = PROJECT.text(path)
            blocks = [name for _, name, _, _ in tables.BLOCK.findall(text)]
            for name in self.SHOWN.get(path, set()) - set(blocks):
                self.find("table", path, 1, "does not show the table of %s: write the two lines "
                          "\"<!-- table: %s -->\" and \"<!-- end -->\"" % (name, name))
            for name in set(blocks) - set(tables.TABLES):
                self.find("table", path, 1, "there is no table \"%s\"" % name)
            if tables.updated(PROJECT, text) != text:
                self.find("table", path, 1, "a table is not what the code says")
        self.settle(self.UPDATE)

    def test_settings_are_those_of_the_program(self):
        if not PROGRAM or not os.access(PROGRAM, os.X_OK):
            self.skipTest("the program %s is not built" % PROGRAM)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "rondo.toml"), "w") as file:
                file.write('[project]\nname = "p"\ntarget = "t"\n[collect]\nsource = "s.csv"\n')
            done = subprocess.run([PROGRAM, "-C", folder, "config", "--json"], capture_output=True,
                                  text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        values = json.loads(done.stdout)
        own = {("project", "name"): "p", ("project", "target"): "t",
               ("collect", "source"): ["s.csv"]}
        expected = {}
        for section, key, _, value, _, _ in tables.settings(PROJECT):
            expected.setdefault(section, {})[key] = own.get((section, key), value)
        self.assertEqual(values, expected, "docs/CONFIG.md is made from the headers of the stages; "
                         "`rondo config` says otherwise: mend tests/tidy/tables.py")

    def joined(self, path):
        """The text with comments that run over several lines as one line."""
        return re.sub(r"\s*\n\s*(///?|#)?[ \t]*", " ", PROJECT.text(path))

    def test_named_sections_exist(self):
        pattern = re.compile(r'docs/([A-Z]+\.md)(?:, "([^"\n]{1,60})")?')
        for path in PROJECT.paths:
            if not PROJECT.is_text(path) or path.startswith("tests/tidy/"):
                continue
            for name, section in pattern.findall(self.joined(path)):
                if not PROJECT.exists("docs/" + name):
                    self.find("section", path, 1, "docs/%s does not exist" % name)
                    continue
                titles = re.findall(r"^#+ (.*)$", PROJECT.text("docs/" + name), re.M)
                if section and section not in titles:
                    self.find("section", path, 1, 'docs/%s has no section "%s"' % (name, section))
        self.settle("write the section, or name one that is there")

    def test_named_files_exist(self):
        layers = "|".join(sorted({source.layer_of(p) for p in code()} - {None}))
        pattern = re.compile(r"(?<![\w./-])(?:src/)?((?:%s)/\w+\.(?:cc|h|def))\b" % layers)
        for path in self.FILES:
            if not PROJECT.exists(path):
                continue
            for name in pattern.findall(PROJECT.text(path)):
                if not PROJECT.exists("src/" + name):
                    self.find("named", path, 1, "there is no src/%s" % name)
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PROJECT.text(path)):
                place = os.path.normpath(os.path.join(os.path.dirname(path), target))
                if "://" not in target and not PROJECT.exists(place):
                    self.find("named", path, 1, "the link to %s leads nowhere" % target)
        self.settle("name what is there")

    def test_changelog_has_its_sections(self):
        text = PROJECT.text("CHANGELOG.md")
        version = re.search(r"project\(rondo VERSION ([\d.]+)",
                            PROJECT.text("CMakeLists.txt")).group(1)
        parts = re.split(r"^## ", text, flags=re.M)[1:]
        self.assertTrue(parts, "CHANGELOG.md needs a section \"## VERSION\"")
        self.assertTrue(parts[0].startswith(version), "the newest version of CHANGELOG.md must be "
                        "that of CMakeLists.txt, " + version)
        for part in parts:
            titles = re.findall(r"^### (.*)$", part, re.M)
            self.assertEqual(titles, ["Safety and Performance", "Features", "Internals"],
                             "each version has these three sections, in this order")

    def test_facts_are_described(self):
        """Every kind of fact that the code appends or folds has a row in docs/FORMATS.md."""
        kinds = set(re.findall(r'fact\.kind [!=]= "(\w+)"', PROJECT.text("src/loop/state_fold.cc")))
        self.assertGreater(len(kinds), 5, "src/loop/state_fold.cc is not read as it was")
        for kind in sorted(kinds):
            if "| `%s` |" % kind not in PROJECT.text("docs/FORMATS.md"):
                self.find("facts", "docs/FORMATS.md", 1, "no row for facts of the kind " + kind)
        self.settle('describe its body in docs/FORMATS.md, "Facts"')

    def test_the_example_of_a_chain_is_right(self):
        text = PROJECT.text("docs/FORMATS.md")
        example = re.findall(r'^(\{"at":.*\})\n([0-9a-f]{64})$', text, re.M)
        self.assertGreaterEqual(len(example), 2, 'docs/FORMATS.md, "Facts" shows a chain of facts')
        before = bytes(32)
        for line, digest in example:
            canonical = json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"))
            self.assertEqual(line, canonical, "the example is not canonical JSON")
            before = hashlib.sha256(before + line.encode()).digest()
            self.assertEqual(before.hex(), digest, "the example's chain is broken: correct it")

    def test_tables_of_the_store_are_described(self):
        names = re.findall(r"CREATE TABLE (\w+)", PROJECT.text("src/ledger/schema.cc"))
        self.assertGreater(len(names), 5, "src/ledger/schema.cc is not read as it was")
        for name in names:
            if "| `%s` |" % name not in PROJECT.text("docs/FORMATS.md"):
                self.find("store", "docs/FORMATS.md", 1, "no row for the table " + name)
        self.settle('describe it in docs/FORMATS.md, "Store"')


class ZExceptions(Check):
    """Runs last: by then every check has used the exceptions that it needs."""

    def test_exceptions_are_needed(self):
        self.assertEqual(len(EXCEPTIONS), ENTRIES, "tests/tidy/exceptions: \"entries %d\" must be "
                         "the number of entries" % ENTRIES)
        for (rule, path), reason in EXCEPTIONS.items():
            if len(reason.split()) < 3:
                self.findings.append("%s %s: no reason" % (rule, path))
            if (rule, path) not in Check.used:
                self.findings.append("%s %s: not needed any more" % (rule, path))
        self.settle("remove the entry from tests/tidy/exceptions and lower the number, or say why")


def update():
    for path in Docs.FILES:
        if PROJECT.exists(path):
            text = PROJECT.text(path)
            new = tables.updated(PROJECT, text)
            if new != text:
                with open(PROJECT.full(path), "w") as file:
                    file.write(new)
                print("wrote " + path)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAM, PROJECT = sys.argv[1], source.Project(sys.argv[2])
    EXCEPTIONS, ENTRIES = read_exceptions(PROJECT)
    if "--update" in sys.argv:
        update()
    else:
        unittest.main(argv=sys.argv[:1] + sys.argv[3:])
