"""A bar plot of ratios as SVG: one bar a row, to the right of 1 where ours is better, on a logarithmic scale."""

import html
import math

COLOURS = {"tokio-current-thread": "#d1741f", "tokio-multi-thread": "#a8480d", "caf": "#3b6ea5",
           "redis": "#b5382a", "redis-aof": "#b5382a", "redis-bgrewriteaof": "#b5382a", "redis-rdb": "#7d2a20",
           "redis-bgsave": "#7d2a20", "rocksdb": "#3b6ea5", "sqlite-threads": "#8a9a5b", "sqlite-group": "#5f7a2e"}
OTHER_COLOUR = "#777777"
LABELS_WIDTH, BARS_WIDTH, VALUES_WIDTH, LINE = 390, 500, 110, 18


def scale_of(ratios):
    """Powers of ten around all ratios, and 1."""
    low = min([1.0, *ratios])
    high = max([1.0, *ratios])
    return math.floor(math.log10(low)), max(math.ceil(math.log10(high)), math.floor(math.log10(low)) + 1)


def ratios_svg(title, subtitle, rows):
    """`rows`: (case, peer, ratio or None, note)."""
    first, last = scale_of([ratio for _, _, ratio, _ in rows if ratio])

    def place(ratio):
        share = (math.log10(ratio) - first) / (last - first)
        return LABELS_WIDTH + BARS_WIDTH * share

    top = 62
    height = top + LINE * len(rows) + 40
    width = LABELS_WIDTH + BARS_WIDTH + VALUES_WIDTH
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="10" y="22" font-size="16">{html.escape(title)}</text>',
             f'<text x="10" y="42" fill="#555555">{html.escape(subtitle)}</text>']
    for power in range(first, last + 1):
        x = place(10.0 ** power)
        parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{height - 30}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 14}" text-anchor="middle">{10.0 ** power:g}</text>')
    for index, (case, peer, ratio, note) in enumerate(rows):
        y = top + LINE * index
        label = html.escape(f"{case} / {peer}")
        parts.append(f'<text x="{LABELS_WIDTH - 8}" y="{y + 13}" text-anchor="end">{label}</text>')
        if ratio:
            left, right = sorted((place(1.0), place(ratio)))
            colour = COLOURS.get(peer, OTHER_COLOUR)
            parts.append(f'<rect x="{left:.1f}" y="{y + 3}" width="{max(right - left, 1):.1f}" height="{LINE - 6}" '
                         f'fill="{colour}"><title>{label}: {ratio:.2f}</title></rect>')
            parts.append(f'<text x="{max(right, place(1.0)) + 5:.1f}" y="{y + 13}">{ratio:.2f}</text>')
        else:
            short = html.escape(note if len(note) < 70 else note[:67] + "...")
            parts.append(f'<text x="{place(1.0) + 5:.1f}" y="{y + 13}" fill="#999999">{short}</text>')
    x = place(1.0)
    parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{height - 30}" stroke="#333333"/>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
