"""Measures Stocktake and the databases a user could pick instead, in turns, on the same fleets.

  bench.py --stocktake-bench PATH                    sets M (3 rounds) and X5 (1 round)
  bench.py --stocktake-bench PATH --quick            a small fleet, a minute
  bench.py --stocktake-bench PATH --sets M:5,LONG:1 --stores sqlite,duckdb

Prints one table for each set and writes results.json, results.md and chart.svg.
"""

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import chart
import machine
import signals
import tables
from fleets import FLEETS, Fleet, FleetFiles, make
from measurements import FIGURES, Measurements

_HERE = Path(__file__).resolve().parent
_RIVALS = ("sqlite", "postgresql", "mariadb", "duckdb")


class Bench:
    """One whole comparison."""

    def __init__(self, program: Path, stores: list[str], work: Path) -> None:
        self._program, self._stores, self._work = program, stores, work
        self.measurements = Measurements()

    def measure(self, fleet: Fleet, files: FleetFiles, rounds: int) -> None:
        """Every store in every round; the one that begins moves on: none is always first."""
        for number in range(rounds):
            start = number % len(self._stores)
            for store in self._stores[start:] + self._stores[:start]:
                if store not in self.measurements.missing:
                    self._run(store, fleet, files, number)

    def _run(self, store: str, fleet: Fleet, files: FleetFiles, number: int) -> None:
        print(f"{fleet.name} round {number + 1}: {store}", file=sys.stderr, flush=True)
        status, output, errors = run_child(self._command(store, files))
        reports = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        for report in reports:
            self.measurements.add(fleet.name, number, report)
            if report["wrong"]:
                print(f"{store}: {report['figure']} is wrong and not counted", file=sys.stderr)
        if status != 0 and not any(report["wrong"] for report in reports):
            reason = (errors.strip().splitlines() or [f"ended with status {status}"])[-1]
            self.measurements.missing[store] = f"{fleet.name}, round {number + 1}: {reason}"
            print(f"{store}: {reason}", file=sys.stderr)

    def _command(self, store: str, files: FleetFiles) -> list[str]:
        if store == "stocktake":
            return [
                str(self._program), "measure", str(files.requests), "--queries", str(files.queries),
                "--figures", ",".join(FIGURES),
            ]
        return [
            python(), str(_HERE / "run.py"), store, "--rows", str(files.rows),
            "--queries", str(files.queries), "--folder", str(self._work),
        ]


def python() -> str:
    """The virtual environment's, where the drivers are; else the one that runs this."""
    own = _HERE.parent / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def run_child(command: list[str]) -> tuple[int, str, str]:
    """Runs a store to its end.  When we are stopped it is asked to stop and waited for."""
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            output, _ = child.communicate()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        errors.seek(0)
        return child.returncode, output, errors.read()


def parse_sets(text: str, rounds: int | None) -> list[tuple[Fleet, int]]:
    chosen = []
    for part in text.split(","):
        name, _, own = part.partition(":")
        if name not in FLEETS:
            raise SystemExit(f"bench: no set {name}; there are {', '.join(FLEETS)}")
        chosen.append((FLEETS[name], int(own) if own else rounds or 3))
    return chosen


def save(measurements: Measurements, sets: list[Fleet], folder: Path) -> None:
    """Writes all results so far, so that a run that is stopped leaves what it has."""
    folder.mkdir(parents=True, exist_ok=True)
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    described = {fleet.name: fleet.describe() for fleet in sets}
    saved = {
        "date": date, "machine": machine.describe(), "versions": measurements.versions(),
        "sets": described, "missing": measurements.missing, "reports": measurements.reports,
    }
    (folder / "results.json").write_text(json.dumps(saved, indent=1) + "\n")
    text = [f"Measured {date[:10]}; versions: {_list(measurements.versions())}."]
    text.append(f"Machine: {_list(machine.describe())}.")
    for fleet in sets:
        text += ["", f"### {fleet.describe()}", "", tables.markdown(measurements, fleet.name)]
    text += ["", tables.missing(measurements)]
    (folder / "results.md").write_text("\n".join(text).rstrip() + "\n")
    title = chart.heading(sets[0].describe())
    (folder / "chart.svg").write_text(chart.svg(measurements, sets[0].name, title))


def _list(pairs: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in pairs.items())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stocktake-bench", type=Path, required=True, help="our side's program")
    parser.add_argument("--sets", default="M:3,X5:1", help="SET or SET:ROUNDS, by commas")
    parser.add_argument("--rounds", type=int, help="for sets that do not say")
    parser.add_argument("--quick", action="store_true", help="only the set SMOKE, one round")
    parser.add_argument("--stores", default=",".join(_RIVALS), help="rivals, by commas")
    parser.add_argument("--fleets", type=Path, help="keep fleets here, and use what is there")
    parser.add_argument("--output", type=Path, default=_HERE.parent / ".results")
    arguments = parser.parse_args()
    signals.exit_in_order()
    return compare(arguments)


def compare(arguments: argparse.Namespace) -> int:
    """Measures all sets; the status is 1 when any answer of any store was wrong."""
    if not arguments.stocktake_bench.exists():
        raise SystemExit(f"bench: there is no {arguments.stocktake_bench}")
    sets = parse_sets("SMOKE:1" if arguments.quick else arguments.sets, arguments.rounds)
    done: list[Fleet] = []
    with tempfile.TemporaryDirectory(prefix="stocktake-bench-") as work:
        # Servers run as accounts of their own and must be able to pass through.
        Path(work).chmod(0o755)
        stores = ["stocktake", *filter(None, arguments.stores.split(","))]
        bench = Bench(arguments.stocktake_bench, stores, Path(work))
        for fleet, rounds in sets:
            print(f"Making {fleet.describe()}", file=sys.stderr, flush=True)
            files = make(fleet, arguments.fleets or Path(work), arguments.stocktake_bench)
            bench.measure(fleet, files, rounds)
            done.append(fleet)
            print(f"\n{fleet.describe()}; rounds: {rounds}\n")
            print(tables.terminal(bench.measurements, fleet.name) + "\n", flush=True)
            save(bench.measurements, done, arguments.output)
    print("A rival's cell: median [least..greatest], and how many times ours it is.")
    if bench.measurements.missing:
        print(tables.missing(bench.measurements))
    if left_out := [f.name for f in FLEETS.values() if f not in done and f.name != "SMOKE"]:
        print(f"Left out: {', '.join(left_out)} (--sets {','.join(left_out)}).")
    print(f"Written: {arguments.output}/results.json, results.md, chart.svg")
    return 1 if any(report["wrong"] for report in bench.measurements.reports) else 0


if __name__ == "__main__":
    sys.exit(main())
