"""The measurements as a table for the terminal and as Markdown."""

from measurements import Measure, Measurements, Spread, times


def _cells(measurements: Measurements, set_name: str, mark: str) -> list[list[str]]:
    """A header, then each figure's measures; a rival's cell ends with its ratio to ours."""
    stores = measurements.stores(set_name)
    table = [["figure", "per", "measure", *stores]]
    for figure, unit, measure in measurements.rows(set_name):
        row = [figure, unit.removesuffix("s"), measure.name]
        row += [_cell(measurements, set_name, figure, store, measure, mark) for store in stores]
        table.append(row)
    return table


def _cell(
    measurements: Measurements, set_name: str, figure: str, store: str, measure: Measure, mark: str
) -> str:
    spread = measurements.spread(set_name, figure, store, measure)
    if not isinstance(spread, Spread):
        return spread or "–"
    if store == "stocktake":
        return spread.text()
    ratio = times(measurements.ratio(set_name, figure, store, measure))
    return f"{spread.text()} {mark}{ratio}{mark}" if ratio else spread.text()


def terminal(measurements: Measurements, set_name: str) -> str:
    table = _cells(measurements, set_name, "")
    widths = [max(map(len, column)) for column in zip(*table)]
    lines = []
    figure = ""
    for number, row in enumerate(table):
        shown = row if row[0] != figure else ["", "", *row[2:]]
        figure = row[0]
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(shown, widths)).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines)


def markdown(measurements: Measurements, set_name: str) -> str:
    table = _cells(measurements, set_name, "**")
    lines = ["| " + " | ".join(row) + " |" for row in table]
    lines.insert(1, "|" + "---|" * len(table[0]))
    return "\n".join(lines)


def missing(measurements: Measurements) -> str:
    stores = measurements.missing.items()
    return "\n".join(f"{store} is missing or not complete ({reason})" for store, reason in stores)
