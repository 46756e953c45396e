"""Plots as SVG: horizontal bars and lines. They bring their own background, and darker colours where the reader's screen is dark."""
import html
import math

from suite.figures import shown

WIDTH = 760
LEFT, RIGHT, TOP = 170, 110, 64
BAR, GAP = 22, 12
STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:15px}.small{font-size:12px;fill:#59636e}
.panel{fill:#ffffff;stroke:#d1d9e0}.ours{fill:#0a7c66}.peer{fill:#8c959f}.weak{fill:#c9d0d7}.range{stroke:#1f2328;stroke-width:1.5}
.aim{stroke:#b35900;stroke-width:1.5;stroke-dasharray:5 4}.aimtext{fill:#b35900;font-size:12px}.grid{stroke:#d1d9e0}
.line{fill:none;stroke-width:2.5}.one{stroke:#0a7c66}.two{stroke:#8250df}.onefill{fill:#0a7c66}.twofill{fill:#8250df}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.panel{fill:#151b23;stroke:#3d444d}.ours{fill:#3fb99e}
.peer{fill:#7d8590}.weak{fill:#454c54}.range{stroke:#e6edf3}.aim{stroke:#e09b45}.aimtext{fill:#e09b45}.grid{stroke:#3d444d}
.one{stroke:#3fb99e}.two{stroke:#b28cff}.onefill{fill:#3fb99e}.twofill{fill:#b28cff}}
</style>"""


def frame(title, subtitle, height, body):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{html.escape(title)}</title>", STYLE, f'<rect class="panel" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        f'<text class="title" x="16" y="26">{html.escape(title)}</text>', f'<text class="small" x="16" y="46">{html.escape(subtitle)}</text>',
        *body, "</svg>", ""])


class Scale:
    """Values to pixels, from the left edge; by powers of ten where they differ much."""

    def __init__(self, values, is_log):
        self.is_log = is_log
        self.high = max(values) * 1.02 or 1
        self.low = 10 ** math.floor(math.log10(max(min(value for value in values if value > 0), self.high / 1e6))) if is_log else 0

    def at(self, value):
        room = WIDTH - LEFT - RIGHT
        if self.is_log:
            part = math.log10(max(value, self.low) / self.low) / math.log10(self.high / self.low)
        else:
            part = value / self.high
        return LEFT + room * max(0.0, min(1.0, part))


def bars(title, subtitle, unit, rows, aim=None):
    """Rows are (label, class, summary); the whisker is from the lowest to the highest run."""
    values = [row[2]["median"] for row in rows] + [row[2]["high"] for row in rows] + ([aim] if aim else [])
    positive = [value for value in values if value > 0]
    is_log = bool(positive) and max(positive) / min(positive) > 60
    scale = Scale(positive or [1], is_log)
    body, y = [], TOP + (16 if aim else 0)
    height = y + len(rows) * (BAR + GAP) + 16
    if is_log:
        power = scale.low * 10
        while power < scale.high:
            x = scale.at(power)
            body.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 4}" y2="{height - 22}"/>')
            body.append(f'<text class="small" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{shown(power, unit)}</text>')
            power *= 10
    for label, kind, side in rows:
        x, middle = scale.at(side["median"]), y + BAR / 2
        body.append(f'<text x="{LEFT - 10}" y="{middle + 4.5}" text-anchor="end">{html.escape(label)}</text>')
        body.append(f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{max(1.0, x - LEFT):.1f}" height="{BAR}" rx="2"/>')
        if len(side["runs"]) > 1:
            body.append(f'<line class="range" x1="{scale.at(side["low"]):.1f}" x2="{scale.at(side["high"]):.1f}" y1="{middle}" y2="{middle}"/>')
        end = max(x, scale.at(side["high"]))
        body.append(f'<text x="{end + 8:.1f}" y="{middle + 4.5}">{shown(side["median"], unit)}</text>')
        y += BAR + GAP
    if aim:
        x = scale.at(aim)
        body.append(f'<line class="aim" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP + 8}" y2="{y - GAP + 4}"/>')
        body.append(f'<text class="aimtext" x="{x:.1f}" y="{TOP + 4}" text-anchor="middle">target {shown(aim, unit)}</text>')
    return frame(title, subtitle + (", powers of ten" if is_log else ""), height, body)


def round_step(least):
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(least)) if least > 0 else 1
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= least)


def lines(title, subtitle, unit, series):
    """Series are (label, [(x, value)]), at most two; x by powers of ten, values from zero."""
    height, bottom = 300, 250
    xs = [x for _, points in series for x, _ in points]
    top = 4 * round_step(max(value for _, points in series for _, value in points) / 4)
    first, last = math.log10(min(xs)), math.log10(max(xs))

    def place(x, value):
        part = (math.log10(x) - first) / ((last - first) or 1)
        return 80 + part * (WIDTH - 230), bottom - (bottom - TOP) * value / top

    body = []
    for step in range(5):
        y = bottom - (bottom - TOP) * step / 4
        body.append(f'<line class="grid" x1="80" x2="{WIDTH - 150}" y1="{y:.1f}" y2="{y:.1f}"/>')
        body.append(f'<text class="small" x="72" y="{y + 4:.1f}" text-anchor="end">{shown(top * step / 4)}</text>')
    for x in sorted(set(xs)):
        body.append(f'<text class="small" x="{place(x, 0)[0]:.1f}" y="{bottom + 20}" text-anchor="middle">{x:,}</text>')
    told = []
    for (label, points), kind in zip(series, ("one", "two")):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        body.append(f'<polyline class="line {kind}" points="{path}"/>')
        for point in points:
            x, y = place(*point)
            body.append(f'<circle class="{kind}fill" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        x, y = place(*points[-1])
        y += 18 if any(abs(y - other) < 16 for other in told) else 0
        told.append(y)
        body.append(f'<text x="{x + 10:.1f}" y="{y + 4:.1f}">{html.escape(label)} {shown(points[-1][1], unit)}</text>')
    return frame(title, subtitle, height, body)
