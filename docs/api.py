# SPDX-License-Identifier: MIT
"""docs/api: a page for each public header, made of its comments, and an index of all names.

    python3 docs/api.py            writes the pages
    python3 docs/api.py --check    says which are not what it would write

What it relies on: a comment "/* ---- title" begins a section; a comment right above declarations
belongs to them; lines that begin with a declaration are a list, up to the next empty line."""

import itertools
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INCLUDE = os.path.join(ROOT, "include", "vernal")
API = os.path.join(ROOT, "docs", "api")
NAME = re.compile(r"\b(?:vn|VN)_[A-Za-z0-9_]*[A-Za-z0-9]\b")

# ---- reading a header: runs of (kind, lines), kind "comment" or "code", apart by empty lines


def for_c(lines):
    """What a user of C reads. Other lines (guards, linkage, what is for C++) become empty."""
    stack = []
    for line in lines:
        word = re.match(r"#\s*(ifdef|ifndef|if|else|endif|include|define VERNAL_)", line)
        if not word:
            yield line if all(stack) else ""
            continue
        if word[1] in ("ifdef", "ifndef"):
            stack.append(word[1] == "ifndef")
        elif word[1] == "if":  # by compiler and system: of no interest
            stack.append(None)
        elif word[1] == "else":
            stack[-1] = None if stack[-1] is None else not stack[-1]
        elif word[1] == "endif":
            stack.pop()
        yield ""


def end_of_declaration(lines, i):
    depth = 0
    while True:
        bare = re.sub(r"/\*.*?(\*/|$)", "", lines[i]).rstrip()
        depth += bare.count("{") - bare.count("}")
        if depth == 0 and bare.endswith(";"):
            return i
        i += 1


def end_of(kind, lines, i):
    if kind == "comment":
        while "*/" not in lines[i]:
            i += 1
    elif lines[i].startswith("#"):
        while lines[i].endswith("\\"):
            i += 1
    else:
        i = end_of_declaration(lines, i)
        while lines[i].count("/*") > "\n".join(lines[i:i + 1]).count("*/"):
            i += 1
    return i + 1


def tokens(lines):
    i = 0
    while i < len(lines):
        kind = "comment" if lines[i].startswith("/*") else "code" if lines[i].strip() else "empty"
        end = i + 1 if kind == "empty" else end_of(kind, lines, i)
        yield kind, lines[i:end]
        i = end


def runs_of(lines):
    run = []
    for kind, text in [*tokens(lines), ("empty", [])]:
        if kind != "empty":
            run.append((kind, text))
        elif run:
            yield run
            run = []


def text_of(comment):
    """The lines of a comment without its stars."""
    text = re.sub(r"\s*\*/\s*$", "", "\n".join(comment))[2:].split("\n")
    return [text[0].strip()] + [re.sub(r"^ \* ?", "", line).rstrip() for line in text[1:]]


def names_in(declaration):
    """The names that a declaration makes."""
    text = re.sub(r"/\*.*?\*/", "", "\n".join(declaration), flags=re.S)
    if text.startswith("#define"):
        return NAME.findall(text)[:1]
    head = text.split("{")[0]
    names = re.findall(r"\bvn_[a-z0-9_]+(?=[,;])", head)  # variables, aliases
    if "extern const" not in head:
        names += re.findall(r"\b(vn_[a-z0-9_]+)\(", head)[:1]
        names += re.findall(r"^(?:typedef )?(?:struct|enum) (vn_\w+)", head)
    names += re.findall(r"\}\s*(vn_\w+);$", text)
    if re.match(r"(typedef )?enum", text):
        body = re.sub(r"^#.*", "", text.partition("{")[2], flags=re.M)
        names += re.findall(r"\bVN_[A-Z0-9_]+\b(?!\()", body)
    return dict.fromkeys(name for name in names if not name.endswith("_"))


# ---- writing a page


def escaped(text):
    text = re.sub(r"([\\*<])", r"\\\1", text)
    text = re.sub(r"(?<!\w)_(?=\w)|(?<=\w)_(?!\w)", r"\_", text).replace("](", r"]\(")
    return re.sub(r"^([-+#>=]|\d+[.)])(?= |$)", r"\\\1", text)


def with_code(text):
    """Names of ours, and calls of them that end on the line, as code; the rest as it is."""
    out, at = "", 0
    for name in NAME.finditer(text):
        if name.start() < at:
            continue
        end = name.end()
        if text[end:end + 1] == "(":
            depths = list(itertools.accumulate({"(": 1, ")": -1}.get(c, 0) for c in text[end:]))
            end += depths.index(0) + 1 if 0 in depths else 0
        elif text[end:end + 2] == " *":
            end += 2
        out += escaped(text[at:name.start()]) + "`" + text[name.start():end] + "`"
        at = end
    return out + escaped(text[at:])


def prose(lines):
    """Markdown that shows the text as it is. Lines that are set in by four stay code."""
    out, was_code = [], False
    for line in lines:
        code = line.startswith("    ")
        if out and code != was_code and out[-1] and line:
            out.append("")
        if code:
            out.append(line)
        else:
            parts = line.strip().split("`")
            out.append("`".join(part if k % 2 else with_code(part) for k, part in enumerate(parts)))
        was_code = code if line else was_code
    return "\n".join(out).strip("\n")


def slug(title):
    return re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")


class Page:
    def __init__(self, header):
        self.header = header  # "nn/linear.h"
        self.path = header[:-2] + ".md"
        self.sections, self.parts, self.names = [], [], {}
        with open(os.path.join(INCLUDE, header)) as file:
            lines = list(for_c(file.read().split("\n")[1:]))  # the first is the SPDX line
        runs = list(runs_of(lines))
        self.lead = text_of(runs[0].pop(0)[1])
        for run in runs:
            self.add(run)

    def add(self, run):
        """Comment, declarations, comment, ..; or a list, where a declaration comes first."""
        end = len(run)
        if run and run[0][0] == "comment":
            titled = self.comment(text_of(run.pop(0)[1]))
            comments = [k for k, (kind, _) in enumerate(run) if kind == "comment"]
            end = comments[0] if comments and not (titled and comments[0] > 0) else len(run)
        if end > 0:
            self.code(run[:end])
        if run[end:]:
            self.add(run[end:])

    def comment(self, lines):
        title = re.match(r"-{3,} (.*)", lines[0])
        if title:
            self.sections.append(title[1][0].upper() + title[1][1:])
            self.parts.append("## " + self.sections[-1])
            lines = lines[1:]
        if any(lines):
            self.parts.append(prose(lines))
        return title is not None

    def code(self, run):
        lines = [line for _, text in run for line in text]
        self.parts.append(f"<!-- code: include/vernal/{self.header} -->\n```c\n" +
                          "\n".join(lines) + "\n```")
        anchor = "#" + slug(self.sections[-1]) if self.sections else ""
        for kind, text in run:
            for name in names_in(text) if kind == "code" else []:
                self.names.setdefault(name, self.path + anchor)

    def text(self):
        up = "../" * self.path.count("/")
        links = f"[All names]({up}names.md), [all pages]({up}../README.md)"
        if self.path.startswith("nn/"):
            links += ", [formulas, defaults and sources of the layers](../../layers.md)"
        contents = " | ".join(f"[{title}](#{slug(title)})" for title in self.sections)
        return "\n\n".join(filter(None, [
            f"# {self.header}", prose(self.lead),
            f"`#include <vernal/{self.header}>`, or `<vernal.h>` for all of them. " + links + ".",
            contents, *self.parts])) + "\n"


def index_of(pages):
    """All names, by the letter behind the prefix."""
    letters = {}
    for page in pages:
        for name, place in page.names.items():
            letters.setdefault(name[3].lower(), {}).setdefault(name, place)
    out = ["# All names", "What the headers declare, with the place that explains it. What Equinox "
           "calls it is in [names.md](../names.md)."]
    for letter, names in sorted(letters.items()):
        out.append("**" + letter.upper() + "**")
        out.append(",\n".join(f"[`{name}`]({place})" for name, place in
                              sorted(names.items(), key=lambda item: item[0].lower())))
    return "\n\n".join(out) + "\n"


def main():
    headers = sorted(os.path.relpath(os.path.join(folder, name), INCLUDE)
                     for folder, _, names in os.walk(INCLUDE) for name in names
                     if name.endswith(".h"))
    pages = [Page(header) for header in headers]
    wanted = {page.path: page.text() for page in pages} | {"names.md": index_of(pages)}
    there = {os.path.relpath(os.path.join(folder, name), API)
             for folder, _, names in os.walk(API) for name in names}
    stale = 0
    for path in sorted(wanted.keys() | there):
        full = os.path.join(API, path)
        if path in there and path in wanted:
            with open(full) as file:
                if file.read() == wanted[path]:
                    continue
        stale += 1
        if "--check" in sys.argv:
            print(f"docs/api/{path}: not what the headers say: python3 docs/api.py")
        elif path not in wanted:
            os.remove(full)
        else:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as file:
                file.write(wanted[path])
    return "--check" in sys.argv and stale > 0


if __name__ == "__main__":
    sys.exit(main())
