"""CSV has a plain value in each field, and says what JSON says."""

import csv
import io
import json
import os
import subprocess

import pytest

from conftest import STOCKTAKE
from support import APP, INFO, information, item, node, package, put, stamp
from test_v1 import ask

DAY = 86400
T5, T15, T40 = stamp(5 * DAY), stamp(15 * DAY), stamp(40 * DAY)


@pytest.fixture(scope="module")
def fleet():
    from conftest import Server
    server = Server()
    ssm = server.client()
    for n in (1, 2):
        for version, days in (("1:3.0.1", 30), ("1:3.0.2", 20)):
            ssm.put_inventory(InstanceId=node(n), Items=[
                item([package("openssl", version, Publisher='A "quoted", name'), package("bash", "5"),
                      *([package("zsh")] if days == 20 else [])], when=days * DAY),
                item([{**information(node(n)), "ComputerName": f"host-{n}-{days}"}], INFO, when=days * DAY),
                item([{"Slot": "1", "Colour": version}], "Custom:Rack", when=days * DAY)])
    server.command("node", "tag", node(1), "Env=prod", "Role=web")
    yield server
    server.stop()
    server.close()


def flat(row):
    """An object's plain values by the names of CSV's columns, without those that are empty."""
    fields = {}
    for name, value in row.items():
        pairs = {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {
            name: value}
        for key, inner in pairs.items():
            if isinstance(inner, list):
                assert all(isinstance(word, str) for word in inner)
                inner = ";".join(inner)
            if isinstance(inner, bool):
                inner = "true" if inner else "false"
            if inner not in (None, ""):
                fields[key] = str(inner)
    return fields


def rows(text):
    reader = csv.DictReader(io.StringIO(text, newline=""))
    found = [{key: value for key, value in row.items() if value} for row in reader]
    return reader.fieldnames, found


QUESTIONS = [
    ["nodes"], ["types"], ["history", node(1)], ["history", node(1), APP],
    ["history", node(1), INFO], ["history", node(1), "Custom:Rack"],
    ["diff", node(1), "--from", stamp(25 * DAY), "--to", T15], ["diff", node(1), node(2), "--at", T15],
    ["who-had", "openssl", "--from", T40, "--to", T5],
    ["who-had", "1", "--type", "Custom:Rack", "--at", T15],
    ["rollup", "--at", T15], ["rollup", "--type", INFO, "--at", T15],
    ["rollout", "openssl", "--from", T40, "--to", T5, "--every", "5d"],
    ["changes"], ["changes", "--after", "2"], ["changes", "--from", T40, "--to", T5],
    ["changes", "--from", T40, "--to", T5, "--type", "Application"],
]


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_csv_says_what_json_says(fleet, question):
    expected = json.loads(fleet.command(*question, "--format", "json", check=False).stdout)
    done = fleet.command(*question, "--format", "csv", check=False)
    names, found = rows(done.stdout)
    assert found == [flat(row) for row in expected]
    assert len(names) == len(set(names)) and not any("{" in value for row in found for value in row.values())
    assert done.stdout.count("\n") == len(expected) + 1


def test_a_type_has_its_own_columns(fleet):
    names, _ = rows(fleet.command("history", node(1), APP, "--format", "csv").stdout)
    assert [name for name in names if name.startswith("identity.")] == [
        "identity.Name", "identity.Architecture"]
    assert [name for name in names if name.startswith("new.")][:4] == [
        "new.Name", "new.Version", "new.Architecture", "new.Publisher"]
    assert not any("Slot" in name or "ComputerName" in name for name in names)
    all_of_them, _ = rows(fleet.command("history", node(1), "--format", "csv").stdout)
    assert {"new.Slot", "new.ComputerName", "old.Version"} <= set(all_of_them)


@pytest.mark.parametrize("path, question", [
    ("/v1/nodes", ["nodes"]), ("/v1/types", ["types"]), (f"/v1/nodes/{node(1)}/history", ["history", node(1)]),
    (f"/v1/nodes/{node(1)}/history?type=Application", ["history", node(1), APP]),
    (f"/v1/holders?name=openssl&at={T15}", ["who-had", "openssl", "--at", T15]),
    (f"/v1/rollup?at={T15}", ["rollup", "--at", T15]), ("/v1/changes", ["changes"]),
    (f"/v1/rollout?name=openssl&from={T40}&to={T5}&every=432000",
     ["rollout", "openssl", "--from", T40, "--to", T5, "--every", "5d"]),
    (f"/v1/nodes/{node(1)}/state?at={T15}", ["show", node(1), "--at", T15]),
])
def test_the_server_has_the_same_in_every_format(fleet, path, question):
    for format, type in (("csv", "text/csv; charset=utf-8"), ("ndjson", "application/x-ndjson"),
                         ("json", "application/json")):
        named, text = ask(fleet, path + ("&" if "?" in path else "?") + f"format={format}")
        accepted, same = ask(fleet, path, Accept=type.split(";")[0])
        assert named.status == accepted.status == 200 and text == same
        assert named.headers["Content-Type"] == type
        local = fleet.command(*question, "--format", format).stdout
        if format == "json":
            found, wanted = json.loads(text), json.loads(local)
            # The command line sorts the items.
            for row in found + wanted:
                (row.get("items") if isinstance(row.get("items"), list) else []).sort(
                    key=lambda item: sorted(item.items()))
            assert found == wanted
        elif question[0] != "show":
            assert text.decode().replace("\r\n", "\n") == local
        elif format == "csv":
            assert sorted(text.decode().split("\r\n")) == sorted(local.split("\n"))
    answer, text = ask(fleet, "/v1/nodes?format=xml")
    assert answer.status == 400 and "json, ndjson or csv" in text.decode()


def test_one_type_and_several_have_one_form(fleet):
    for question in (["show", node(1), APP], ["show", node(1)], ["show", "nobody"]):
        found = json.loads(fleet.command(*question, "--format", "json", check=False).stdout)
        assert isinstance(found, list) and all(state["node"] == node(1) for state in found)
    # Its packages, what it says of itself, its rack, and its tags.
    for query, count in (("", 4), (f"?type={APP}", 1)):
        assert len(json.loads(ask(fleet, f"/v1/nodes/{node(1)}/state{query}")[1])) == count


def test_what_is_unknown_has_a_record(fleet):
    early = ["show", node(1), APP, "--at", "2020-01-01T00:00:00Z"]
    names, found = rows(fleet.command(*early, "--format", "csv", check=False).stdout)
    assert [(row["type"], row["knowledge"]) for row in found] == [(APP, "unknown")]
    # Where a pattern chooses nothing, nothing is there.
    none = fleet.command("show", node(1), APP, "--name", "nothing*", "--format", "csv", check=False)
    assert rows(none.stdout)[1] == [] and none.returncode == 1


def test_what_comes_up_while_a_list_is_followed_is_not_lost(own):
    server = own()
    ssm = server.client()
    put(ssm, node(1), [package("a", "1")], when=50)
    read, write = os.pipe()
    process = subprocess.Popen(
        [STOCKTAKE, "changes", "--follow", "--after", "0", "--format", "csv", "--store",
         str(server.directory)], stdout=write)
    os.close(write)
    text = b""
    while b"\r\n" not in text or text.count(b"\r\n") < 2:
        text += os.read(read, 1 << 16)
    put(ssm, node(1), [{"Slot": "1", "Colour": "red"}], "Custom:Rack", when=5)
    while text.count(b"\r\n") < 3:
        text += os.read(read, 1 << 16)
    process.terminate()
    process.wait(timeout=30)
    os.close(read)
    names, found = rows(text.decode())
    assert "new.Name" in names and "new.Colour" not in names and names[-1] == "more"
    more = json.loads(found[1]["more"])
    assert more["new.Colour"] == "red" and more["new.Slot"] == "1"
