"""docs/performance.md: the last figures of every machine, and their plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.regression import Kept, Key, latest

_ROOT = Path(__file__).parents[1]
_RESULTS = Path(__file__).parent / "results"
PAGE = Path("docs/performance.md")
_HEAD = """# Performance

Made by `make bench` from `benchmarks/results`; how it is measured stands in [benchmarks](../benchmarks/README.md).
A ratio says how many times faster than its peer a thing is, both run in turns; the floor is the time that moving
the least bytes takes at the copy bandwidth of the same machine, as a share of the time taken: 1 is the limit.
"""


def read_results(path: Path) -> list[dict[str, Any]]:
    """The lines of a machine's results, in order."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_page(root: Path = _ROOT, results: Path = _RESULTS) -> Path:
    """Write the page and its plots anew; the page's path."""
    text = [_HEAD]
    for path in sorted(results.glob("*.jsonl")):
        lines = read_results(path)
        if not lines:
            continue
        kept = latest(lines)
        plot = Path("docs/images") / f"performance-{path.stem}.png"
        text += [f"## {_machine(lines[-1])}", ""]
        if _plot(kept, root / plot):
            text += [f"![How many times faster than its peer each figure is]({plot.relative_to('docs')})", ""]
        text += [*_table(kept), ""]
    page = root / PAGE
    page.write_text("\n".join(text).rstrip() + "\n")
    return page


def _machine(line: Mapping[str, Any]) -> str:
    device = "" if line["device"] == "cpu" else f", {line['device']}"
    return f"{line['processor']}, {line['cores']} cores{device}"


def _table(kept: Mapping[Key, Kept]) -> list[str]:
    rows = [
        "| figure | | peer | times faster | of the floor | measured |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (name, _), one in kept.items():
        figure = one.figure
        ratio, floor = (_number(figure[key]) for key in ("ratio", "floor"))
        commit = (one.commit or "")[:7]
        rows.append(
            f"| {name} | {figure['value']:.4g} {figure['unit']} | {figure['peer'] or ''} | {ratio} | {floor} "
            f"| {one.time[:10]} {commit} |"
        )
    return rows


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _plot(kept: Mapping[Key, Kept], path: Path) -> bool:
    """Draw the ratios as bars on a logarithmic axis; False if there are none."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second that a run which keeps nothing does not need
    from matplotlib.figure import Figure as Drawing  # noqa: PLC0415 - the same

    shown = [(name, one.figure) for (name, _), one in kept.items() if one.figure["ratio"]]
    if not shown:
        return False
    shown.reverse()  # bars are drawn upwards
    names: Sequence[str] = [f"{name}  ({figure['peer']})" for name, figure in shown]
    ratios = [figure["ratio"] for _, figure in shown]
    with mpl.rc_context({"font.size": 8}):
        drawing = Drawing(figsize=(9.0, 0.6 + 0.2 * len(shown)), layout="constrained")
        axes = drawing.subplots()
        colours = ["#3b6ea5" if ratio >= 1.0 else "#c2703d" for ratio in ratios]
        axes.barh(names, [ratio - 1.0 for ratio in ratios], left=1.0, color=colours, height=0.7)
        for line, ratio in enumerate(ratios):
            side = "left" if ratio >= 1.0 else "right"
            axes.annotate(
                f"{ratio:.2f}",
                (ratio, line),
                (3 if side == "left" else -3, 0),
                ha=side,
                va="center",
                textcoords="offset points",
            )
        axes.axvline(1.0, color="black", linewidth=0.8)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(min(0.4, 0.5 * min(ratios)), max(2.0, 1.5 * max(ratios)))
        axes.set_xlabel("times faster than the peer (1 is as fast)")
        axes.margins(y=0.01)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing.savefig(path, dpi=130, metadata={"Software": None})
    return True
