"""Do what docs/tutorial.md tells its reader to do, and put into the page what comes of it.

A block of Python whose first line names a file (`# shout.py`) is that file; `# test_shout.py, at the end` is added to
it. A `diff` is a change to a file; what its `@@` lines say of places is made. Of a `console` block the lines behind `$`
are commands, and the others what they print; `…` stands for anything, alone on a line for any lines, and how many
seconds something took doesn't matter. The picture is the one that the reader makes.

python docs/make_tutorial.py              writes the page, where it is stale, and the picture
python docs/make_tutorial.py --check      says whether they are stale (exit code 1)
python docs/make_tutorial.py --into DIR   leaves the files of the tutorial there, as they are at its end
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parent
PAGE: Final = DOCS / "tutorial.md"
PICTURE: Final = DOCS / "tutorial.svg"
MADE_PICTURE: Final = "half.svg"

BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.S | re.M)
NAMED: Final = re.compile(r"# (\w+\.py)(, at the end)?\n")
TOOK: Final = re.compile(r"\d+\.\d+s\b")


class Wrong(Exception):
    """The page can't be followed."""


# ------------------------------------------------------------------------------------------------------- following it


def follow(page: str, folder: Path) -> str:
    """Do all that the page says, in that folder. The page as it should be; raises Wrong if it can't be followed."""
    return BLOCK.sub(lambda block: _followed(block, folder), page)


def _followed(block: re.Match[str], folder: Path) -> str:
    kind, text = block[1], block[2]
    if kind == "python":
        write(text, folder)
    elif kind == "diff":
        text = change(text, folder)
    elif kind == "console":
        text = "".join(_played(command, shown, folder) for command, shown in commands(text))
    return f"```{kind}\n{text}```"


def write(text: str, folder: Path) -> None:
    """Make the file that a block of Python is, or add to it."""
    named = NAMED.match(text)
    if named is None:
        raise Wrong(f"a block of Python names no file: {text.splitlines()[0]}")
    file = folder / named[1]
    before = file.read_text(encoding="utf-8") if named[2] else ""
    file.write_text(f"{before}\n\n{text[named.end() :]}" if named[2] else text, encoding="utf-8")


def change(text: str, folder: Path) -> str:
    """Change a file as a diff says, the old lines of which must be there once. The diff, as `patch` would take it."""
    head, named, *hunks = re.split(r"(?m)^(?:@@.*\n)|(?<=\n)(?=\+\+\+ )", text)
    if not hunks:  # none has an @@ yet
        named, *rest = named.splitlines(keepends=True)
        hunks = ["".join(rest)]
    file = folder / head.strip().removeprefix("--- ")
    source, made, longer = file.read_text(encoding="utf-8"), head + named, 0
    for hunk in hunks:
        lines = hunk.splitlines(keepends=True)
        old = [line[1:] for line in lines if line[0] in " -"]
        new = [line[1:] for line in lines if line[0] in " +"]
        count = source.count("".join(old))
        if count != 1:
            raise Wrong(f"{file.name} has what is to be changed {count} times:\n{''.join(old)}")
        line = source[: source.index("".join(old))].count("\n") + 1
        made += f"@@ -{line - longer},{len(old)} +{line},{len(new)} @@\n{hunk}"
        longer += len(new) - len(old)
        source = source.replace("".join(old), "".join(new))
    file.write_text(source, encoding="utf-8")
    return made


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console, as they stand there, each with what it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        lines = part.splitlines(keepends=True)
        end = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\\n"))
        yield "".join(lines[:end]), "".join(lines[end:])


def _played(command: str, shown: str, folder: Path) -> str:
    printed = run(command, folder)
    return f"$ {command}{shown if says(shown, printed) else printed}"


def run(command: str, folder: Path) -> str:
    """What a command prints, errors behind the rest. `python` is the one that runs this."""
    words = shlex.split(command.replace("\\\n", " "))
    if words[0] != "python":
        raise Wrong(f"commands begin with python, not with {words[0]}")
    unlike_here = ("COV_CORE_", "PYTEST_", "PYTHONDEVMODE", "PYTHONWARNINGS", "SANSNET_")
    talkative = ("CI", "BUILD_NUMBER", "FORCE_COLOR", "PY_COLORS", "TERM_PROGRAM")  # pytest says more, or in colours
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(unlike_here) and name not in talkative
    }
    done = subprocess.run(
        [sys.executable, *words[1:]],
        cwd=folder,
        env={**environment, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=100,
    )
    return "\n".join([line.rstrip() for line in (done.stdout + done.stderr).splitlines()] + [""]).lstrip("\n")


def says(shown: str, printed: str) -> bool:
    """Is what is shown what was printed, but for what `…` stands for and how long it took?"""
    pattern = ""
    for line in TOOK.sub("?s", shown).splitlines():
        pattern += r"(?:.*\n)*" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", ".*") + r"\n"
    return re.fullmatch(pattern, TOOK.sub("?s", printed)) is not None


# -------------------------------------------------------------------------------------------------------- the command


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Follow the tutorial.")
    parser.add_argument("--check", action="store_true", help="write nothing, but say what is stale")
    parser.add_argument("--into", type=Path, metavar="DIR", help="leave the files there, and write nothing else")
    arguments = parser.parse_args(words)
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.into or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        made = follow(page, folder)
        picture = (folder / MADE_PICTURE).read_text(encoding="utf-8")
    stale = [
        f"{file.name} is stale: python docs/make_tutorial.py"
        for file, now in ((PAGE, made), (PICTURE, picture))
        if not file.exists() or file.read_text(encoding="utf-8") != now
    ]
    if arguments.check:
        for line in (*stale, *difflib.unified_diff(page.splitlines(), made.splitlines(), lineterm="")):
            print(line)
        return 1 if stale else 0
    if arguments.into is None:
        PAGE.write_text(made, encoding="utf-8", newline="\n")
        PICTURE.write_text(picture, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
