"""Measures one rival on one fleet and prints a JSON object for each figure.

  run.py sqlite --rows DIR --queries Q.json [--figures first-load,state] [--folder DIR]
"""

import argparse
import importlib
import json
import sys
from pathlib import Path

import signals
from figures import Run
from fleet_rows import FleetRows, read_questions
from store import Store

STORES = {
    "sqlite": ("sqlite_store", "SQLiteStore"),
    "postgresql": ("postgresql_store", "PostgreSQLStore"),
    "mariadb": ("mariadb_store", "MariaDBStore"),
    "duckdb": ("duckdb_store", "DuckDBStore"),
}


def open_store(name: str, folder: Path | None) -> Store:
    """Drivers are imported when their store is asked for: the others must run without them."""
    module, kind = STORES[name]
    store: Store = getattr(importlib.import_module(module), kind)(folder)
    return store


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", choices=STORES)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--figures", help="only these, separated by commas")
    parser.add_argument("--folder", type=Path, help="where the database goes, for the time being")
    arguments = parser.parse_args()
    signals.exit_in_order()
    wanted = set(arguments.figures.split(",")) if arguments.figures else None
    store = open_store(arguments.store, arguments.folder)
    try:
        run = Run(store, FleetRows(arguments.rows), read_questions(arguments.queries), wanted)
        for figure in run.figures():
            print(json.dumps(figure), flush=True)
    finally:
        signals.ignore()
        store.close()
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
