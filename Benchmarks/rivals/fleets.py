"""The fleets that are measured, and how they are made."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fleet:
    """A fleet by name, and its size."""

    name: str
    nodes: int
    days: int
    questions: int = 200

    def describe(self) -> str:
        return f"{self.name}: {self.nodes:,} nodes, {self.days} days, about 500 items a node"


FLEETS = {
    fleet.name: fleet
    for fleet in (
        Fleet("SMOKE", 50, 10, 50), Fleet("M", 200, 30), Fleet("X5", 1000, 30),
        Fleet("LONG", 200, 365),
    )
}


@dataclass(frozen=True)
class FleetFiles:
    """Where a fleet lies: the same reports as rows and as requests, and the questions."""

    folder: Path

    @property
    def rows(self) -> Path:
        return self.folder / "rows"

    @property
    def requests(self) -> Path:
        return self.folder / "requests.jsonl"

    @property
    def queries(self) -> Path:
        return self.folder / "queries.json"

    def are_there(self) -> bool:
        return self.queries.exists() and self.requests.exists() and (self.rows / "pv.tsv").exists()


def make(fleet: Fleet, folder: Path, program: Path) -> FleetFiles:
    """Makes a fleet, unless its files are there already.

    Without reports that come late: every store but ours would need a second kind of load for them.
    """
    files = FleetFiles(folder / fleet.name)
    if files.are_there():
        return files
    files.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            program, "fleet", "--nodes", str(fleet.nodes), "--days", str(fleet.days), "--late", "0",
            "--questions", str(fleet.questions), "--requests", files.requests,
            "--rows", files.rows, "--queries", files.queries,
        ],
        check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    return files
