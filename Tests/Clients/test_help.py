"""The help of every verb, as it stands on a terminal."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import STOCKTAKE
from on_terminal import on_terminal

AGENT = str(Path(STOCKTAKE).with_name("stocktake-agent"))


def verbs(program):
    """Every verb of a program, as the words that call it."""
    described = json.loads(subprocess.run(
        [program, "--experimental-dump-help"], capture_output=True, check=True).stdout)

    def walk(command, path):
        yield path
        for inner in command.get("subcommands", []):
            if inner.get("shouldDisplay", True) and inner["commandName"] != "help":
                yield from walk(inner, path + [inner["commandName"]])

    return list(walk(described["command"], []))


@pytest.mark.parametrize("program", [STOCKTAKE, AGENT], ids=["stocktake", "stocktake-agent"])
def test_help_fits_eighty_columns_and_has_examples(program):
    found = verbs(program)
    assert len(found) > (40 if program == STOCKTAKE else 3)
    for verb in found:
        wide, status = on_terminal([program, *verb, "--help"], 300)
        assert status == 0
        shown, status = on_terminal([program, *verb, "--help"], 80)
        assert status == 0
        lines = shown.split("\n")
        for line in lines:
            assert len(line) <= 80, (verb, line)
        # No word is cut or lost: it is the same text, broken elsewhere.
        assert shown.split() == wide.split(), verb
        # What a person would paste is not broken.
        examples = lines[lines.index(next(l for l in lines if l.strip() == "EXAMPLES")) + 1:]
        examples = examples[:examples.index("")]
        assert examples, verb
        assert [line for line in examples if line.strip()] == [
            line for line in wide.split("\n") if line in examples], verb
        name = Path(program).name
        assert any(name in line for line in examples), (verb, examples)
        # What follows in a paragraph is not left alone on a line of its own for want of a few columns.
        for line, following in zip(lines, lines[1:]):
            if not line or not following or line in wide.split("\n") or "stocktake" in line \
                    or following.lstrip().startswith("["):
                continue
            indent = len(following) - len(following.lstrip())
            first = following.split(" ")[0] if indent == 0 else following.split()[0]
            is_new = any(row.startswith(following) for row in wide.split("\n"))
            assert is_new or len(line) + 1 + len(first) > 80, (verb, line)


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_help_fits_other_terminals(columns):
    for verb in (["show"], ["serve"], ["changes"], ["import", "aws"], []):
        shown, _ = on_terminal([STOCKTAKE, *verb, "--help"], columns)
        wide, _ = on_terminal([STOCKTAKE, *verb, "--help"], 300)
        assert shown.split() == wide.split()
        for line in shown.split("\n"):
            # A word, or an option with its value, can be wider than a narrow terminal.
            rest = line.strip()
            assert len(line) <= columns or " " not in rest or rest.startswith("[--"), (verb, line)


def test_columns_wins_over_the_terminal_and_a_pipe_has_eighty():
    narrow, _ = on_terminal([STOCKTAKE, "show", "--help"], 200, environment={"COLUMNS": "80"})
    piped = subprocess.run([STOCKTAKE, "show", "--help"], capture_output=True, text=True,
                           env={"PATH": "/usr/bin"}).stdout
    assert narrow == piped and max(map(len, piped.split("\n"))) <= 80
