"""One kind of tags: whoever sets them, the command, the API and associations read the same."""

import json
import subprocess
from pathlib import Path

import pytest
from agent import Agent
from conftest import STOCKTAKE
from support import entries, ids, node, package, put, refused, stamp

GOLDEN = Path(__file__).parent.parent / "Store/HistoryStoreTests/Golden/store-v1.lmdb"
SCOPE = ("--account", "000000000000", "--region", "us-east-1")
DAY = 86400


def tagged(ssm, id):
    answer = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=id)
    return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}


def add(ssm, id, **values):
    ssm.add_tags_to_resource(ResourceType="ManagedInstance", ResourceId=id, Tags=[
        {"Key": name, "Value": value} for name, value in values.items()])


def described(ssm, key, *values):
    found = ssm.describe_instance_information(Filters=[{"Key": key, "Values": list(values)}])
    return [entry["InstanceId"] for entry in found["InstanceInformationList"]]


def command(server, id, *arguments, check=True):
    return server.command("node", "tag", id, *arguments, *SCOPE, check=check)


def nodes(server, *arguments):
    done = server.command("nodes", "--format", "json", *SCOPE, *arguments, check=False)
    return {entry["node"]: entry["tags"] for entry in json.loads(done.stdout or "[]")}


@pytest.fixture
def fleet(own):
    server = own()
    ssm = server.client()
    for number in (1, 2):
        put(ssm, node(number), [package("bash")], when=40 * DAY)
    return server, ssm


def test_what_the_command_sets_the_api_reads(fleet):
    server, ssm = fleet
    command(server, node(1), "Env=prod", "Ring=2")
    assert tagged(ssm, node(1)) == {"Env": "prod", "Ring": "2"}
    assert described(ssm, "tag:Env", "prod") == described(ssm, "tag-key", "Ring") == [node(1)]
    assert described(ssm, "tag:env", "prod") == [], "case tells names apart"
    assert ids(ssm, ("AWS:Tag.Key", "Equal", "Env"), ("AWS:Tag.Value", "Equal", "prod")) == [node(1)]
    assert entries(ssm, node(1), "AWS:Tag") == [
        {"Key": "Env", "Value": "prod"}, {"Key": "Ring", "Value": "2"}]
    assert nodes(server, "--tag", "Env=p*") == {node(1): {"Env": "prod", "Ring": "2"}}


def test_what_the_api_sets_the_command_reads_and_changes(fleet):
    server, ssm = fleet
    add(ssm, node(1), Env="prod", Team="a")
    assert nodes(server, "--tag", "Env=prod") == {node(1): {"Env": "prod", "Team": "a"}}
    command(server, node(1), "--add", "Ring=1", "Team=b")
    assert tagged(ssm, node(1)) == {"Env": "prod", "Ring": "1", "Team": "b"}
    command(server, node(1), "--remove", "Env", "--remove", "nothing")
    assert tagged(ssm, node(1)) == {"Ring": "1", "Team": "b"}
    assert "had these tags" in command(server, node(1), "--add", "Ring=1").stdout
    command(server, node(1), "Env=test")
    assert tagged(ssm, node(1)) == {"Env": "test"}
    ssm.remove_tags_from_resource(
        ResourceType="ManagedInstance", ResourceId=node(1), TagKeys=["Env"])
    assert nodes(server) == {node(1): {}, node(2): {}}
    done = server.command("history", node(1), "AWS:Tag", "--format", "json", *SCOPE)
    assert {"added", "changed", "removed"} >= {change["change"] for change in json.loads(done.stdout)}


def test_each_date_has_its_own_tags(fleet):
    server, ssm = fleet
    command(server, node(1), "Env=test", "--at", stamp(20 * DAY))
    command(server, node(1), "Env=prod", "--at", stamp(10 * DAY))
    command(server, node(2), "Env=test", "--at", stamp(10 * DAY))

    def asked(days):
        return [{"Key": "Stocktake:At", "Values": [stamp(days * DAY)]}]

    def at(days):
        found = ssm.describe_instance_information(
            Filters=[{"Key": "tag:Env", "Values": ["test"]}, *asked(days)])
        return [entry["InstanceId"] for entry in found["InstanceInformationList"]]

    assert entries(ssm, node(1), "AWS:Tag", Filters=asked(15)) == [{"Key": "Env", "Value": "test"}]
    assert entries(ssm, node(1), "AWS:Tag", Filters=asked(25)) == []
    assert (at(25), at(15), at(5)) == ([], [node(1)], [node(2)])

    def who_had(*arguments, source=("--store", str(server.directory))):
        done = subprocess.run(
            [STOCKTAKE, "who-had", "bash", "--tag", "Env=test", "--format", "json", *SCOPE,
             *arguments, *source], capture_output=True, text=True,
            env={**server.first_key, "PATH": "/usr/bin:/bin"})
        return [entry["node"] for entry in json.loads(done.stdout or "[]")]

    # What nobody had said of node 2 by then is taken from what is known now.
    assert who_had("--at", stamp(15 * DAY)) == [node(1), node(2)]
    assert who_had() == who_had("--at", stamp(5 * DAY)) == [node(2)]
    assert who_had("--from", stamp(30 * DAY), "--to", stamp(15 * DAY)) == [node(1), node(2)]


def test_an_activations_tags_are_a_nodes_tags(own):
    server = own("--message-wait-seconds", "2")
    ssm = server.client()
    made = ssm.create_activation(IamRole="role", Tags=[{"Key": "env", "Value": "prod"}])
    agent = Agent(server.url)
    agent.register(made["ActivationId"], made["ActivationCode"])
    agent.request_token()
    agent.ping()
    assert nodes(server, "--tag", "env=prod") == {agent.id: {"env": "prod"}}
    command(server, agent.id, "--add", "Ring=1")
    assert tagged(ssm, agent.id) == {"env": "prod", "Ring": "1"}
    # An association finds the node by what the command set.
    made = ssm.create_association(
        Name="AWS-GatherSoftwareInventory", Targets=[{"Key": "tag:Ring", "Values": ["1"]}],
        ScheduleExpression="rate(1 day)")["AssociationDescription"]["AssociationId"]
    assert [a["AssociationId"] for a in agent.associations()] == [made]
    command(server, agent.id, "--remove", "Ring")
    assert made not in [a["AssociationId"] for a in agent.associations()]


def test_the_rules_are_the_services_for_all(fleet):
    server, ssm = fleet
    command(server, node(1), *[f"k{number}=v" for number in range(50)])
    with refused("TooManyTagsError"):
        add(ssm, node(1), one="more")
    done = command(server, node(1), "--add", "one=more", check=False)
    assert (done.returncode, done.stderr) == (2, "stocktake: a node can have 50 tags\n")
    for name in ("aws:x", "Aws:x"):
        with refused("ValidationException"):
            add(ssm, node(2), **{name: "v"})
        assert command(server, node(2), f"{name}=v", check=False).returncode == 2
    assert command(server, node(2), "a,b=v", check=False).returncode == 2
    assert command(server, node(2), "--add", check=False).returncode == 2
    assert server.command("activation", "create", "--tag", "aws:x=v", *SCOPE, check=False).returncode == 2
    with refused("InvalidParameters"):
        ssm.create_activation(IamRole="r", Tags=[{"Key": "aws:x", "Value": "v"}])
    with refused("InvalidParameters"):
        ssm.create_activation(IamRole="r", Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}])
    assert tagged(ssm, node(2)) == {} and len(tagged(ssm, node(1))) == 50


def test_tags_are_no_sign_of_life(fleet):
    server, ssm = fleet

    def seen():
        done = server.command("nodes", "--format", "json", *SCOPE)
        return {entry["node"]: entry["lastSeen"] for entry in json.loads(done.stdout)}

    before = seen()
    command(server, node(1), "Env=prod")
    add(ssm, node(2), Env="prod")
    assert seen() == before


def test_a_store_of_before_has_the_same_tags_for_all(own, tmp_path):
    """Format 1, in which the command's tags were a node's event: env=prod of web-2, gone 25 minutes later."""
    subprocess.run([STOCKTAKE, "restore", GOLDEN, "--store", tmp_path / "store"], check=True,
                   capture_output=True)
    server = own(directory=tmp_path / "store")
    ssm = server.client(region="local")

    def asked(time):
        return [{"Key": "Stocktake:At", "Values": [f"2026-03-03T{time}Z"]}]

    def at(time):
        found = ssm.describe_instance_information(
            Filters=[{"Key": "tag:env", "Values": ["prod"]}, *asked(time)])
        return [entry["InstanceId"] for entry in found["InstanceInformationList"]]

    assert (at("11:14:00"), at("11:20:00")) == ([], ["web-2"])
    assert entries(ssm, "web-2", "AWS:Tag", Filters=asked("11:20:00")) == [
        {"Key": "env", "Value": "prod"}]
    told = server.command("nodes", "--tag", "env=prod", "--format", "json", "--region", "local")
    assert [(n["node"], n["tags"]) for n in json.loads(told.stdout)] == [("web-2", {"env": "prod"})]
    server.stop()
    assert server.command("verify").returncode == 0
