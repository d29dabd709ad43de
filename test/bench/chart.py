"""chart.py - what benchmarks write for the README: tables in Markdown, charts in SVG.

    import chart
    rows = [chart.Row('s3_presign', 1100000), chart.Row('boto3', 3500, peer=True)]
    chart.write_table('test/bench/presign.md', ('', 'links/s'), [(r.label, ...) for r in rows])
    chart.write_bars('test/bench/presign.svg', 'Links a second and core', rows, log=True)

A chart is one bar for each row, with its value behind it.  It has a background
and a font of its own, so that it looks the same on light and dark pages.
"""
import math
import typing
from xml.sax.saxutils import escape

WIDTH = 860
LABEL_WIDTH = 400
VALUE_WIDTH = 90
BAR = 18
ROW = 26
TOP = 44
OURS, PEERS = '#336791', '#a9b4c0'


class Row(typing.NamedTuple):
    """A bar."""
    label: str
    value: float
    peer: bool = False          # somebody else's


def number(value):
    """1234567 as '1,234,567', and 12.345 as '12.3'."""
    return '{:,.0f}'.format(value) if abs(value) >= 100 else '{:,.3g}'.format(value)


def table(head, rows):
    """The lines of a table in Markdown; the first column is text, the others are numbers."""
    lines = ['| %s |' % ' | '.join(head), '|---|%s' % ('---:|' * (len(head) - 1))]
    return lines + ['| %s |' % ' | '.join(str(cell) for cell in row) for row in rows]


def write_table(path, head, rows, notes=()):
    """A table, and below it a line for each note."""
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join([*table(head, rows), '', *notes]).rstrip() + '\n')


def lengths(rows, log):
    """How long each bar is, from 0 to 1.  On a log scale, the shortest is still seen."""
    if not log:
        return [row.value / max(row.value for row in rows) for row in rows]
    low = math.log10(min(row.value for row in rows)) - 0.3
    high = math.log10(max(row.value for row in rows))
    return [(math.log10(row.value) - low) / (high - low) for row in rows]


def bars(title, rows, log=False):
    """An SVG document."""
    space = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    parts = []
    for number_of_row, (row, length) in enumerate(zip(rows, lengths(rows, log))):
        y = TOP + number_of_row * ROW
        width = max(space * length, 1)
        parts += ['<text x="%d" y="%d" text-anchor="end">%s</text>' % (
                      LABEL_WIDTH - 8, y + 14, escape(row.label)),
                  '<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>' % (
                      LABEL_WIDTH, y, width, BAR, PEERS if row.peer else OURS),
                  '<text x="%.1f" y="%d">%s</text>' % (
                      LABEL_WIDTH + width + 6, y + 14, number(row.value))]
    height = TOP + len(rows) * ROW + 8
    scale = ' (logarithmic)' if log else ''
    return '\n'.join([
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"'
        ' font-family="sans-serif" font-size="13" fill="#24292f">' % (
            WIDTH, height, WIDTH, height),
        '<rect width="%d" height="%d" fill="#ffffff"/>' % (WIDTH, height),
        '<text x="12" y="26" font-size="15" font-weight="bold">%s</text>' % escape(title + scale),
        *parts, '</svg>', ''])


def write_bars(path, title, rows, log=False):
    """A chart."""
    with open(path, 'w', encoding='utf-8') as file:
        file.write(bars(title, rows, log))
