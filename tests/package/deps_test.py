#!/usr/bin/env python3
"""deps/fetch: a library that the system has is not fetched, and is again when it is not named.

pip and npm are replaced by scripts that hand out small archives of the right names and digests.
usage: deps_test.py PROGRAM SOURCE_DIR
"""
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

SOURCE = sys.argv[2]
CLIENT = """import os, shutil, sys
name = [w for w in sys.argv if "==" in w or w.startswith("@")][0]
kind = "npm" if name.startswith("@") else "wheel" if "--only-binary" in sys.argv else "source"
for file in os.listdir(os.environ["SHELF"]):
    if file.startswith(kind + "-" + name.split("=")[0].split("/")[-1].split("@")[0]):
        shutil.copy(os.path.join(os.environ["SHELF"], file), ".")
"""


def tar(name, *members):
    with tarfile.open(name, "w:gz") as archive:
        for member in members:
            info = tarfile.TarInfo(member)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))


class Fetch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rondo-deps-")
        self.addCleanup(shutil.rmtree, self.folder)
        shelf = self.path("shelf")
        for name in ("shelf", "deps", "modules", "modules/pip", "bin", "nobin"):
            os.mkdir(self.path(name))
        shutil.copy(os.path.join(SOURCE, "deps", "fetch"), self.path("deps", "fetch"))
        with zipfile.ZipFile(os.path.join(shelf, "wheel-lightgbm.whl"), "w") as archive:
            archive.writestr("lightgbm/lib/lib_lightgbm.so", "x")
        tar(os.path.join(shelf, "source-lightgbm.tgz"), "l/include/LightGBM/c_api.h")
        tar(os.path.join(shelf, "source-duckdb.tgz"), "d/external/duckdb/src/include/duckdb.h")
        tar(os.path.join(shelf, "npm-duck.tgz"), "package/libduckdb.so")
        with open(self.path("deps", "packages.lock"), "w") as lock:
            for client, name, file in (("pip-wheel", "lightgbm", "wheel-lightgbm.whl"),
                                       ("pip-source", "lightgbm", "source-lightgbm.tgz"),
                                       ("pip-source", "duckdb", "source-duckdb.tgz"),
                                       ("npm", "@duckdb/duck", "npm-duck.tgz")):
                with open(os.path.join(shelf, file), "rb") as content:
                    digest = hashlib.sha256(content.read()).hexdigest()
                lock.write("%s %s 1.0 %s %s\n" % (client, name, file, digest))
        open(self.path("modules", "pip", "__init__.py"), "w").close()  # before the real one
        with open(self.path("modules", "pip", "__main__.py"), "w") as out:
            out.write(CLIENT)
        with open(self.path("bin", "npm"), "w") as out:
            out.write("#!%s\n%s" % (sys.executable, CLIENT))
        os.chmod(self.path("bin", "npm"), 0o755)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def fetch(self, bin="bin", **named):
        env = dict(PATH=self.path(bin), PYTHONPATH=self.path("modules"),
                   SHELF=self.path("shelf"), **named)
        return subprocess.run([sys.executable, self.path("deps", "fetch"), self.path("out")],
                              env=env, capture_output=True, text=True)

    def there(self):
        return sorted(os.listdir(self.path("out", "include", "LightGBM"))
                      + os.listdir(self.path("out", "include"))
                      + (os.listdir(self.path("out", "lib"))
                         if os.path.exists(self.path("out", "lib")) else []))

    def test_everything_is_fetched_once(self):
        done = self.fetch()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.there(), ["LightGBM", "c_api.h", "duckdb.h", "lib_lightgbm.so",
                                        "libduckdb.so"])
        self.assertEqual(self.fetch().stdout, "")

    def test_a_systems_library_is_not_fetched_and_needs_no_npm(self):
        library = self.path("libduckdb.so.1")
        open(library, "w").close()
        done = self.fetch(bin="nobin", RONDO_DUCKDB=library)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.there(), ["LightGBM", "c_api.h", "duckdb.h", "lib_lightgbm.so"])
        done = self.fetch(bin="nobin", RONDO_DUCKDB=library, RONDO_LIGHTGBM=library)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.there(), ["LightGBM", "c_api.h", "duckdb.h"])
        # Without the names both are fetched, though something is there already.
        done = self.fetch()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("libduckdb.so", self.there())
        self.assertIn("lib_lightgbm.so", self.there())

    def test_messages(self):
        done = self.fetch(bin="nobin")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("what the console is made with", done.stderr)
        done = self.fetch(RONDO_LIGHTGBM=self.path("nothing.so"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("which is no file", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
