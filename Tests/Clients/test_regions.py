"""One Region for the first key, activations and commands; and stores that began in another."""

import json
import os
import subprocess

import pytest
from agent import Agent
from conftest import STOCKTAKE, Server
from support import node, package, refused, stamp
from test_agent import live

STANDARD, EARLIER = "us-east-1", "local"


def report(id):
    return json.dumps({"InstanceId": id, "Items": [{
        "TypeName": "AWS:Application", "SchemaVersion": "1.1", "CaptureTime": stamp(60),
        "Content": [package("a")]}]})


def ingest(directory, id, *options):
    subprocess.run([STOCKTAKE, "ingest", "-", "--store", str(directory), "--quiet", *options],
                   input=report(id) + "\n", text=True, check=True)


def nodes(directory, *options):
    done = subprocess.run(
        [STOCKTAKE, "nodes", "--store", str(directory), "--format", "json", *options],
        capture_output=True, text=True)
    return [row["node"] for row in json.loads(done.stdout)]


def ask(server, *arguments, **more):
    """A command with the first key and whatever the environment says beside it."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | server.first_key | more
    return subprocess.run([STOCKTAKE, *arguments, "--server", server.url, "--format", "json"],
                          capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("region", [STANDARD, EARLIER])
def test_key_activation_commands_and_nodes_have_one_region(tmp_path, region):
    if region == EARLIER:
        # As the version before left a store.
        ingest(tmp_path, node(1), "--region", EARLIER)
    else:
        ingest(tmp_path, node(1))
    server = Server(directory=tmp_path)
    try:
        key = server.first_key
        assert (key["AWS_REGION"], key["AWS_DEFAULT_REGION"]) == (region, region)
        [listed] = json.loads(server.command("keys", "list", "--format", "json").stdout)
        assert listed["regions"] == [region]
        ssm = server.client(region=region)
        assert [e["Id"] for e in ssm.get_inventory()["Entities"]] == [node(1)]
        [made] = json.loads(server.command("activation", "create", "--format", "json").stdout)
        assert made["region"] == region
        # An agent may sign for any Region: it is of that of its activation.
        for signed in (region, "eu-west-1"):
            agent = Agent(server.url, region=signed)
            [made] = json.loads(server.command("activation", "create", "--format", "json").stdout)
            agent.register(made["activationId"], made["activationCode"])
            agent.request_token()
            agent.ping()
            assert agent.id in nodes(tmp_path)
        assert sorted(row["node"] for row in json.loads(ask(server, "nodes").stdout)) == nodes(tmp_path)
        assert nodes(tmp_path, "--region", STANDARD if region == EARLIER else EARLIER) == []
    finally:
        server.close()


def test_the_file_of_an_earlier_version_gets_what_it_lacks(own):
    server = own()
    file = server.directory / "first-key"
    server.stop()
    file.write_text("".join(f"{line}\n" for line in file.read_text().splitlines()
                            if not line.startswith(("AWS_REGION=", "AWS_ENDPOINT_URL_STS="))))
    server.start()
    key = server.first_key
    assert key["AWS_REGION"] == key["AWS_DEFAULT_REGION"] == STANDARD
    assert key["AWS_ENDPOINT_URL_STS"] == key["AWS_ENDPOINT_URL_SSM"] == server.url


def test_who_has_another_region_in_the_settings_is_told_so(own):
    server = own()
    live(server)
    with refused("AccessDeniedException") as error:
        server.client(region="eu-west-1").get_inventory()
    message = error.value["Error"]["Message"]
    assert STANDARD in message and "eu-west-1" in message
    done = ask(server, "nodes", AWS_REGION="eu-west-1")
    assert done.returncode == 4 and STANDARD in done.stderr, done
    assert ask(server, "nodes", "--region", STANDARD, AWS_REGION="eu-west-1").returncode == 0
    # Nothing is said: it is the one of the file, or the same without.
    assert ask(server, "nodes", AWS_REGION="", AWS_DEFAULT_REGION="").returncode == 0


def test_the_older_of_two_regions_stays_that_of_a_store(tmp_path):
    for directory, first, second in [
            (tmp_path / "old", EARLIER, STANDARD), (tmp_path / "new", STANDARD, EARLIER)]:
        ingest(directory, node(1), "--region", first)
        assert nodes(directory) == [node(1)]
        ingest(directory, node(2), "--region", second)
        assert nodes(directory) == [node(1)]
        ingest(directory, node(3))
        assert nodes(directory, "--region", first) == [node(1), node(3)]
        # Of another account nothing began anywhere.
        ingest(directory, node(4), "--account", "111122223333")
        assert nodes(directory, "--account", "111122223333", "--region", STANDARD) == [node(4)]


def test_a_scope_that_cannot_be_is_usage(tmp_path):
    for options in (["--account", "12"], ["--region", "EU West"]):
        done = subprocess.run([STOCKTAKE, "nodes", "--store", str(tmp_path / "none"), *options],
                              capture_output=True, text=True)
        assert done.returncode == 2 and options[1] in done.stderr
