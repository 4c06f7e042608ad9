"""The figures of a run as a drawing, docs/performance/cost.svg, and as the tables in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .contenders import ROOT
from .tables import Report, Table, ratio

PAGE: Final = ROOT / "docs" / "performance.md"
DRAWING: Final = ROOT / "docs" / "performance" / "cost.svg"
DRAWN: Final = ("echo", "respond", "stream", "forward", "accept", "scale")
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def publish(report: Report) -> None:
    """Write both. Raises ValueError when the page doesn't say where its figures are."""
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        raise ValueError(f"{PAGE.name} has no place for figures: {BEGIN} … {END}")
    figures = "\n\n".join([BEGIN, *_sections(report), END])
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: figures, page, flags=re.DOTALL), encoding="utf-8")
    draw([table for name in DRAWN if (table := report.table(name))], DRAWING)


def _sections(report: Report) -> Iterator[str]:
    yield f"    {report.command}\n\n{report.machine}."
    yield "### Targets\n\n" + "\n".join(f"- {line}" for line in report.targets)
    for table in report.tables:
        yield f"### {table.title}\n\n{table.markdown()}"


def draw(tables: list[Table], path: Path) -> None:
    """One field a table: for each row a group of bars, as high as a unit costs beside sansnet."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sansnet"  # the same figures make the same file
    from matplotlib import pyplot as plt

    figure, fields = plt.subplots(len(tables), 1, figsize=(9, 2.6 * len(tables)), layout="constrained", squeeze=False)
    columns = list(dict.fromkeys(column for table in tables for column in table.columns))
    colours = plt.get_cmap("tab10")
    for table, field in zip(tables, fields[:, 0], strict=True):
        for place, column in enumerate(columns):
            rows = [number for number, row in enumerate(table.rows.values()) if column in row and table.base in row]
            names = [list(table.rows)[number] for number in rows]
            heights = [ratio(table.rows[name][column], table.rows[name][table.base]) for name in names]
            at = [number + (place - (len(columns) - 1) / 2) * 0.8 / len(columns) for number in rows]
            field.bar(at, heights, 0.8 / len(columns), label=column, color=colours(place))
        field.axhline(1, color="black", linewidth=0.5)
        field.set_xticks(range(len(table.rows)), list(table.rows))
        field.set_title(table.title, fontsize=9)
        field.set_ylabel(f"× {table.base}")
    figure.legend(*fields[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
