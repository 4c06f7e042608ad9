"""`docs/make_tutorial.py`, which follows the tutorial and notices where the page says what does not happen."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from docs.make_tutorial import Wrong, follow, main, says

PAGE = """\
# A page

```python
# one.py
print("one")
print("two")
```

Text.

```console
$ python one.py
one
two
$ python -c \\
    "print(1 + 1)"
2
```

```diff
--- one.py
+++ one.py
@@ -2,2 +2,2 @@
 print("one")
-print("two")
+print("three")
```

```console
$ python one.py
one
…
```
"""


def test_a_page_that_is_right_stays_as_it_is(tmp_path: Path) -> None:
    assert follow(PAGE, tmp_path) == PAGE
    assert (tmp_path / "one.py").read_text() == '# one.py\nprint("one")\nprint("three")\n'


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("one\ntwo\n$", "one\n$"), ("one\ntwo\n$", "one\ntwo\nthree\n$"), ("\n2\n", "\n3\n"), ("\n2\n", "\n")],
)
def test_what_is_not_printed_is_replaced(tmp_path: Path, right: str, wrong: str) -> None:
    assert wrong != right
    assert PAGE.count(right) == 1
    assert follow(PAGE.replace(right, wrong), tmp_path) == PAGE


def test_a_program_that_is_changed_prints_something_else(tmp_path: Path) -> None:
    made = follow(PAGE.replace('print("one")', 'print("won")'), tmp_path)
    assert made.count("$ python one.py\nwon\n") == 2


@pytest.mark.parametrize("places", ["", "@@\n", "@@ -7,1 +8,2 @@ somewhere else\n"])
def test_where_a_change_is_is_made(tmp_path: Path, places: str) -> None:
    assert follow(PAGE.replace("@@ -2,2 +2,2 @@\n", places), tmp_path) == PAGE


def test_a_diff_is_one_that_other_programs_take(tmp_path: Path) -> None:
    before = "".join([f"{number}\n" for number in range(1, 31)])
    (tmp_path / "one.py").write_text(before)
    follow("```diff\n--- one.py\n+++ one.py\n@@\n 3\n-4\n+four\n+and more\n 5\n@@\n-20\n 21\n```\n", tmp_path)
    after = (tmp_path / "one.py").read_text()
    theirs = [*difflib.unified_diff(before.splitlines(True), after.splitlines(True), "one.py", "one.py", n=1)]
    (tmp_path / "one.py").write_text(before)
    theirs[2] = "@@\n"
    page = f"```diff\n{''.join(theirs)}```\n"
    made = follow(page, tmp_path)
    assert (tmp_path / "one.py").read_text() == after
    assert [line for line in made.splitlines() if line.startswith("@@")] == ["@@ -3,3 +3,4 @@", "@@ -19,3 +20,2 @@"]


def test_a_file_goes_on(tmp_path: Path) -> None:
    follow("```python\n# one.py\na = 1\n```\n\n```python\n# one.py, at the end\nb = 2\n```\n", tmp_path)
    assert (tmp_path / "one.py").read_text() == "# one.py\na = 1\n\n\nb = 2\n"


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("```python\nprint()\n```\n", r"names no file: print\(\)"),
        ("```diff\n--- one.py\n+++ one.py\n-a = 2\n+a = 3\n```\n", "has what is to be changed 0 times"),
        ("```console\n$ ls\n```\n", "commands begin with python, not with ls"),
    ],
)
def test_a_page_that_can_not_be_followed(tmp_path: Path, block: str, complaint: str) -> None:
    (tmp_path / "one.py").write_text("a = 1\n")
    with pytest.raises(Wrong, match=complaint):
        follow(block, tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n…\nb\n", "a\nb\n", True),
        ("a\n…\nb\n", "a\n1\n2\nb\n", True),
        ("a\n…\nb\n", "a\n1\n2\nc\n", False),
        ("a … c\n", "a b c\n", True),
        ("a … c\n", "a b d\n", False),
        ("1 passed in 0.12s\n", "1 passed in 3.45s\n", True),
        ("1 passed in 0.12s\n", "2 passed in 0.12s\n", False),
        ("at 0.12\n", "at 0.13\n", False),
        ("", "", True),
        ("", "a\n", False),
        ("a\n", "", False),
    ],
)
def test_what_is_the_same(shown: str, printed: str, same: bool) -> None:
    assert says(shown, printed) is same


@pytest.mark.timeout(300)  # it runs pytest and more, a dozen times
def test_the_page_is_current_and_its_files_can_be_had(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stale = main(["--check", "--into", str(tmp_path / "shout")])
    assert stale == 0, capsys.readouterr().out
    names = {path.name for path in (tmp_path / "shout").iterdir()}
    assert names >= {"shout.py", "talk.py", "test_shout.py", "half.jsonl", "half.svg"}
