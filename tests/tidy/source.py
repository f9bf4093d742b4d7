"""The project's files as the checks see them: text, text without comments and literals, functions.

Nothing here knows a rule. Standard library only.
"""
import functools
import os
import re
import subprocess

CODE = (".cc", ".h", ".def")
IGNORED_FOLDERS = {"build", ".git", ".rondo", "__pycache__"}


class Project:
    """The tracked files (and those that are about to be) below one folder."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.paths = sorted(p for p in self._list() if os.path.isfile(self.full(p)))

    def full(self, path):
        return os.path.join(self.root, path)

    def _list(self):
        command = ["git", "-C", self.root, "ls-files", "-co", "--exclude-standard", "-z"]
        try:
            done = subprocess.run(command, capture_output=True, check=True)
            return [p for p in done.stdout.decode().split("\0") if p]
        except (OSError, subprocess.CalledProcessError):
            return self._walk()

    def _walk(self):
        found = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [f for f in folders if f not in IGNORED_FOLDERS]
            found += [os.path.relpath(os.path.join(folder, f), self.root) for f in files]
        return found

    def exists(self, path):
        return os.path.exists(self.full(path))

    @functools.lru_cache(maxsize=None)
    def bytes(self, path):
        with open(self.full(path), "rb") as file:
            return file.read()

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        return self.bytes(path).decode("utf-8", errors="replace")

    def is_text(self, path):
        """Not a picture, an archive or a corpus of broken inputs."""
        if any(part in path for part in ("/corpus/", "/testdata/", "/stores/", "tests/data/")):
            return False
        return b"\0" not in self.bytes(path)[:4096]

    def code(self, *folders):
        """C++ files below these folders."""
        return [p for p in self.paths
                if p.endswith(CODE) and any(p.startswith(f + "/") for f in folders)]

    @functools.lru_cache(maxsize=None)
    def bare(self, path):
        """Without comments and the insides of literals; every line keeps its number."""
        return strip(self.text(path))

    @functools.lru_cache(maxsize=None)
    def functions(self, path):
        return functions(self.bare(path))


def layer_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def is_test(path):
    """Tests and what only tests include."""
    name = os.path.basename(path)
    return name.endswith("_test.cc") or name in ("testing.h", "testing_test.cc", "fixture.h",
                                                 "scratch.h", "socket_client.h")


LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^()\s\\]{0,16})\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'", re.S)


def strip(text):
    def blank(match):
        found = match.group(0)
        lines = "\n" * found.count("\n")
        return lines if found.startswith("/") else '""' + lines
    return LITERAL.sub(blank, text)


class Function:
    def __init__(self, name, first, last, body):
        self.name, self.first, self.last, self.body = name, first, last, body

    def lines(self):
        return self.last - self.first + 1


TYPE = re.compile(r"\b(class|struct|union|enum)\b(?![^{]*\)\s*$)")


def _kind(head, inside_function):
    if inside_function:
        return "inner"
    if re.search(r"\bnamespace\b[\w:\s]*$", head) or re.search(r'\bextern\s+""\s*$', head):
        return "namespace"
    if TYPE.search(head):
        return "type"
    if ")" in head and not head.rstrip().endswith("="):
        return "function"
    return "other"


def functions(bare):
    """Bodies of functions that stand in a namespace or a type, with their first and last line."""
    bare = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group(0).count("\n"), bare,
                  flags=re.M)
    found, stack, start, line = [], [], 0, 1
    head_line = 1
    for place, char in enumerate(bare):
        if char == "\n":
            line += 1
            if not bare[start:place].strip():
                head_line = line
        elif char == "{":
            inside = any(kind in ("function", "inner") for kind, *_ in stack)
            head = bare[start:place]
            stack.append((_kind(head, inside), head, head_line, place))
            start, head_line = place + 1, line
        elif char == "}":
            kind, head, first, opened = stack.pop() if stack else ("other", "", line, place)
            if kind == "function":
                names = re.findall(r"([~\w:]+)\s*\(", head)
                found.append(Function(names[0] if names else "?", first, line,
                                      bare[opened:place + 1]))
            start, head_line = place + 1, line
        elif char == ";" and not any(k in ("function", "inner") for k, *_ in stack):
            start, head_line = place + 1, line
    return found
