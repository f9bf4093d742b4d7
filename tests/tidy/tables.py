"""Tables that the code holds and the docs show: read from the one, written into the other.

A block in a Markdown file from <!-- table: NAME --> to <!-- end --> shows the table NAME.
`python3 tests/tidy/tidy_test.py PROGRAM SOURCE --update` writes all of them anew.
"""
import ast
import re

BLOCK = re.compile(r"(<!-- table: ([a-z_]+) -->\n)(.*?)(<!-- end -->)", re.S)
STRING = r'"((?:[^"\\]|\\.)*)"'
KINDS = {"std::string": "text", "bool": "true or false", "std::int64_t": "whole number",
         "double": "number", "Span": "span", "std::vector<std::string>": "list of texts",
         "std::vector<double>": "list of numbers", "Json": "value"}
HEADERS = {"project": ("src/loop/config.h", "ProjectOptions"),
           "deploy": ("src/loop/config.h", "DeployOptions"),
           "loop": ("src/loop/config.h", "LoopOptions"),
           "alerts": ("src/loop/config.h", "AlertOptions"),
           "monitor": ("src/monitor/watcher.h", "Options")}


def unquoted(text):
    """The value of one or more adjacent C++ literals."""
    return "".join(ast.literal_eval('"%s"' % part) for part in re.findall(STRING, text))


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for row in rows:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines) + "\n"


# The lifecycle ------------------------------------------------------------------------------------

def stages(project):
    text = project.text("src/loop/lifecycle.cc")
    body = text[text.index("kTexts = {{"):text.index("}};", text.index("kTexts = {{"))]
    rows = re.findall(r"\{%s,\s*%s,\s*%s\}" % (STRING, STRING, STRING), body)
    names = re.search(r"enum class Stage \{([^}]*)\}", project.text("src/loop/lifecycle.h"))
    keys = [name.strip() for name in names.group(1).split(",")]
    return dict(zip(keys, rows))


def transitions(project):
    text = project.text("src/loop/lifecycle.cc")
    begin = text.index("kTransitions = {{")
    body = text[begin:text.index("}};", begin)]
    return re.findall(r"\{(k\w+),\s*%s,\s*(k\w+),\s*(k\w+),\s*%s\}" % (STRING, STRING), body)


def stage_table(project):
    rows = [[str(i + 1), name, action, "`[%s]`, `src/%s/`" % (key, key)]
            for i, (name, action, key) in enumerate(stages(project).values())]
    return markdown(["step", "current stage", "action", "settings, code"], rows)


def lifecycle_table(project):
    names = {key: row[0] for key, row in stages(project).items()}
    names["kRest"] = "rest"
    rows = [[names[stage], outcome, names[served], names[bare], why]
            for stage, outcome, served, bare, why in transitions(project)]
    return markdown(["stage", "result", "next, a model serves", "next, none serves", "why"], rows)


# Commands, routes, failpoints ---------------------------------------------------------------------

def commands(project):
    text = project.text("src/cli/commands.cc")
    body = text[text.index("kCommands[] = {"):]
    found = re.findall(r"\{%s,\s*Group::k(\w+),\s*%s,\s*%s," % (STRING, STRING, STRING), body)
    return [(name, words, unquoted('"%s"' % help_text))
            for name, group, words, help_text in found if group != "Hidden"]


def command_table(project):
    return markdown(["command", "what it does"],
                    [["`%s`" % (name + " " + words).strip(), help_text]
                     for name, words, help_text in commands(project)])


def routes(project):
    text = project.text("src/api/routes.cc")
    body = text[text.index("kRoutes = "):text.index("});")]
    return re.findall(r'\{k(Get|Post),\s*"([^"]+)",\s*(?:Role::)?k(\w+),\s*k\w+,\s*\w+,'
                      r'\s*\{[^}]*\},\s*%s\}' % STRING, body)


def route_table(project):
    return markdown(["method", "path", "role", "what"],
                    [[method.upper(), "`%s`" % path, role.lower(), unquoted('"%s"' % help_text)]
                     for method, path, role, help_text in routes(project)])


def failpoints(project):
    return re.findall(r"^FAILPOINT\((k\w+),\s*%s\)" % STRING,
                      project.text("src/base/failpoints.def"), re.M)


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name[1:]).lower()


def failpoint_table(project):
    return markdown(["name", "where"],
                    [["`%s`" % snake(name), help_text] for name, help_text in failpoints(project)])


# Settings -----------------------------------------------------------------------------------------

def arguments(text):
    """Splits at commas outside of quotes and brackets."""
    parts, depth, part, quoted = [], 0, "", False
    for i, char in enumerate(text):
        if char == '"' and text[i - 1] != "\\":
            quoted = not quoted
        if not quoted and char in "({[":
            depth += 1
        if not quoted and char in ")}]":
            depth -= 1
        if char == "," and depth == 0 and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return parts + [part.strip()] if part.strip() else parts


def fields(header, struct):
    body = re.search(r"struct %s \{(.*?)\n\};" % struct, header, re.S).group(1)
    body = re.sub(r"//[^\n]*", "", body)
    found = {}
    for kind, name, value in re.findall(r"([\w:<>]+)\s+(\w+)(?:\{\}|\s*=\s*([^;]+))?;", body):
        found[name] = (kind, value.strip())
    return found


def span_text(count, unit):
    seconds = {"seconds": 1, "millis": 0.001, "hours": 3600, "days": 86400}[unit] * count
    for length, name in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if seconds and seconds % length == 0:
            return "%d%s" % (seconds / length, name)
    return "0s" if not seconds else "%dms" % (seconds * 1000)


def default(kind, value):
    """A default as JSON would show it."""
    if kind == "Span":
        found = re.match(r"Span::(\w+)\((\d+)\)", value)
        return span_text(int(found.group(2)), found.group(1)) if found else "0s"
    if kind == "std::string":
        return unquoted(value)
    if kind.startswith("std::vector"):
        return [unquoted(item) for item in arguments(value.strip("{}"))] if value else []
    if kind == "bool":
        return value == "true"
    if kind == "Json":
        if value.startswith('"'):
            return unquoted(value)
        return {"Json::object()": {}, "Json::array()": []}.get(value)
    number = float((value or "0").replace("'", ""))
    return int(number) if kind == "std::int64_t" else number


def bounds(kind, key):
    if len(key) > 4 and key[4].startswith('"') and unquoted(key[4]):
        return ", ".join('"%s"' % word for word in unquoted(key[4]).split("|"))
    if len(key) < 4:
        return ""
    low, high = (("%g" % float(n)).replace("e+", "e").replace("e-0", "e-").replace("e0", "e")
                 for n in key[2:4])
    return low if low == high else "%s to %s%s" % (low, high, " seconds" if kind == "Span" else "")


def settings(project):
    """Rows of section, key, kind, default, allowed, help; in the order of `rondo config`."""
    sections = re.findall(r'\bf\("(\w+)", config\.\w+\)', project.text("src/loop/config.cc"))
    rows = []
    for section in sections:
        path, struct = HEADERS.get(section, ("src/%s/%s.h" % (section, section), "Options"))
        header = project.text(path)
        body = re.search(r"void describe\(Visitor& v, %s& o\) \{(.*?)\n\}" % struct, header,
                         re.S).group(1)
        members = fields(header, struct)
        for inside, member in re.findall(r"v\(Key\{(.*?)\},\s*o\.(\w+)\);", body, re.S):
            key = arguments(inside)
            kind, value = members[member]
            rows.append((section, unquoted(key[0]), KINDS[kind], default(kind, value),
                         bounds(kind, key), unquoted(key[1])))
    return rows


def shown(value):
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "`%s`" % str(value).lower()
    if isinstance(value, str):
        return '`"%s"`' % value
    if isinstance(value, float):
        return "`%s`" % repr(value)
    if isinstance(value, list):
        return "`[%s]`" % ", ".join('"%s"' % item for item in value)
    return "`%s`" % value


def setting_table(project):
    text, last = "", None
    for section, key, kind, value, allowed, help_text in settings(project):
        if section != last:
            text += "%s### [%s]\n\n| key | kind | default | allowed | what |\n|%s\n" % (
                "\n" if last else "", section, " --- |" * 5)
            last = section
        cells = ("`%s`" % key, kind, shown(value), allowed, help_text)
        text += "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    return text


TABLES = {"stages": stage_table, "lifecycle": lifecycle_table, "commands": command_table,
          "routes": route_table, "failpoints": failpoint_table, "settings": setting_table}


def updated(project, text):
    """The text with every block as the code has it."""
    def block(match):
        make = TABLES.get(match.group(2))
        return match.group(1) + make(project) + match.group(4) if make else match.group(0)
    return BLOCK.sub(block, text)
