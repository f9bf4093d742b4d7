#!/usr/bin/env python3
"""The console's files as C++: each compressed once, here, with type and digest of its bytes.

Libraries name each other as packages do ("preact"); in a browser without a build step that is a
path. uPlot's script becomes a module. Licences go along as one text.
usage: embed.py CONSOLE DEPS OUT.cc    (DEPS holds what deps/fetch unpacked for the console)
"""
import gzip
import hashlib
import os
import re
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
         ".txt": "text/plain; charset=utf-8"}


def library(name, text):
    text = re.sub(r"\n?//# sourceMappingURL=.*", "", text)
    text = re.sub(r'from\s*"(preact)"', r'from"./\1.js"', text)
    return text + "\nexport default uPlot;\n" if name == "uplot.js" else text


def files(console, deps):
    """{name: bytes} of all that is served."""
    found, licences = {}, []
    for name in sorted(os.listdir(deps)):
        with open(os.path.join(deps, name), encoding="utf-8") as file:
            text = file.read()
        if name.startswith("LICENSE."):
            licences.append("%s\n\n%s" % (name[len("LICENSE."):], text))
        else:
            found[name] = library(name, text).encode()
    found["licences.txt"] = "\n\n".join(licences).encode()
    for name in sorted(os.listdir(console)):
        with open(os.path.join(console, name), "rb") as file:
            found[name] = file.read()
    return found


def literal(data):
    """Lines of numbers, which compile faster than a string of escapes of the same bytes."""
    return "\n".join(",".join(str(b) for b in data[i:i + 24]) + ","
                     for i in range(0, len(data), 24))


def main():
    console, deps, out = sys.argv[1:4]
    arrays, rows = [], []
    for number, (name, data) in enumerate(sorted(files(console, deps).items())):
        packed = gzip.compress(data, 9, mtime=0)
        arrays.append("constexpr unsigned char k%d[] = {\n%s};" % (number, literal(packed)))
        rows.append('    {"%s", "%s", "W/\\"%s\\"", %d, k%d, sizeof k%d},' % (
            name, TYPES[os.path.splitext(name)[1]], hashlib.sha256(data).hexdigest()[:16],
            len(data), number, number))
    text = ("// Made by cmake/embed.py from console/.\n#include \"api/console.h\"\n\n"
            "namespace rondo::api {\nnamespace {\n\n%s\n\nconstexpr Asset kAssets[] = {\n%s\n};\n\n"
            "}  // namespace\n\nstd::span<const Asset> console_assets() noexcept "
            "{ return kAssets; }\n\n}  // namespace rondo::api\n" % (
                "\n".join(arrays), "\n".join(rows)))
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w") as file:
        file.write(text)


main()
