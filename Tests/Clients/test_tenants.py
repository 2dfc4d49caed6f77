"""What is whose: other accounts' messages, and what a node may not say of itself."""

import http.client
import json
import threading
import time

import pytest
from agent import Agent, AgentError
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conftest import Server
from support import APP, INFO, entries, information, item, node, package, put, refused
from test_v1 import ask

MESSAGES = "EC2WindowsMessageDeliveryService"
NODE = "mi-0aaaaaaaaaaaaaaaa"
TAGS = [{"Key": "env", "Value": "dev"}]
OTHERS = ["AWS:Tag", "AWS:ResourceGroup", "AWS:ComplianceItem", "AWS:ComplianceSummary"]


def region(server):
    return server.first_key.get("AWS_DEFAULT_REGION") or server.first_key["AWS_REGION"]


def call(server, key, operation, service="AmazonSSM", at=None, **members):
    """Calls an operation, also one that no public model has: the status and the answer."""
    signing = "ec2messages" if service == MESSAGES else "ssm"
    request = AWSRequest("POST", server.url + "/", data=json.dumps(members).encode(), headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{service}.{operation}"})
    SigV4Auth(Credentials(key["accessKeyId"], key["secretAccessKey"]), signing,
              at or region(server)).add_auth(request)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("POST", "/", request.data, dict(request.headers))
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


@pytest.fixture(scope="module")
def tenants():
    server = Server("--message-wait-seconds", "3")
    yield server
    server.close()


def tag_list(ssm, id=NODE):
    return ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=id)["TagList"]


def test_messages_are_those_of_the_account(tenants):
    mine, other = (tenants.key("--account", f"{n}" * 12, "--permissions", p)
                   for n, p in ((1, "read,write,admin"), (2, "write")))
    ssm = tenants.client(mine, region=region(tenants))
    put(ssm, NODE, [package("a")])
    answers = {}

    def poll(name, key):
        begin = time.monotonic()
        status, answer = call(
            tenants, key, "GetMessages", MESSAGES, Destination=NODE,
            MessagesRequestId="00000000-0000-0000-0000-000000000000",
            VisibilityTimeoutInSeconds=10)
        answers[name] = (status, answer, time.monotonic() - begin)

    threads = [threading.Thread(target=poll, args=pair)
               for pair in (("mine", mine), ("other", other))]
    threads[0].start()
    time.sleep(0.5)
    threads[1].start()
    time.sleep(0.5)
    assert "mine" not in answers, "another account's wait ended this one"
    status, answer = call(tenants, mine, "CollectNow", "Stocktake", InstanceId=NODE)
    assert (status, answer) == (200, {"IsWaiting": True})
    for thread in threads:
        thread.join(30)
    status, answer, _ = answers["mine"]
    assert status == 200 and [m["Destination"] for m in answer["Messages"]] == [NODE]
    assert answers["other"][0] == 200 and answers["other"][1]["Messages"] == []


def test_an_account_has_64_regions(own):
    server = own()
    key, named = (server.key("--account", "777777777777", "--permissions", "read,write", *more)
                  for more in ((), ("--regions", "region-99")))
    other = server.key("--account", "888888888888", "--permissions", "read,write")

    def write(key, number):
        status, answer = call(server, key, "PutInventory", at=f"region-{number}", InstanceId=NODE,
                              Items=[item([package("a")])])
        return answer.get("__type", status)

    def associations(key, number):
        return len(call(server, key, "ListAssociations", at=f"region-{number}")[1]["Associations"])

    # Questions alone have no more rows written than an account has Regions.
    assert [associations(key, n) for n in range(66)] == [1] * 64 + [0] * 2
    assert [write(key, n) for n in range(66)] == [200] * 64 + ["AccessDeniedException"] * 2
    assert write(key, 0) == write(named, 99) == write(other, 99) == 200
    assert associations(other, 99) == 1


def test_a_stream_ends_with_its_key(tenants):
    import socket
    from test_attacks import signed
    key = tenants.key("--account", "666666666666", "--permissions", "read")
    ssm = tenants.client(tenants.key("--account", "666666666666", "--permissions", "admin"))
    put(ssm, NODE, [package("before")])
    request = signed(tenants, "GET", "/v1/changes?after=0", Accept="text/event-stream", key=key)
    with socket.create_connection((tenants.host, tenants.port), timeout=40) as stream:
        stream.sendall(request)
        seen = b""
        while b"before" not in seen:
            seen += stream.recv(65536)
        tenants.command("keys", "disable", key["accessKeyId"])
        put(ssm, NODE, [package("after")])
        while part := stream.recv(65536):
            seen += part
            if seen.endswith(b"0\r\n\r\n"):
                break
    assert b"after" not in seen


def lone(server, account="333333333333"):
    """A key for one node, and a client for all of its account."""
    single = server.key("--account", account, "--permissions", f"write-node={NODE}")
    admin = server.key("--account", account, "--permissions", "admin")
    return single, server.client(single, region=region(server)), server.client(
        admin, region=region(server))


def test_a_nodes_key_does_not_write_its_tags(tenants):
    key, single, ssm = lone(tenants)
    put(single, NODE, [package("a")])
    ssm.add_tags_to_resource(ResourceType="ManagedInstance", ResourceId=NODE, Tags=TAGS)
    prod = [{"Key": "env", "Value": "prod"}]
    for call_ in (
            lambda: single.add_tags_to_resource(
                ResourceType="ManagedInstance", ResourceId=NODE, Tags=prod),
            lambda: single.remove_tags_from_resource(
                ResourceType="ManagedInstance", ResourceId=NODE, TagKeys=["env"]),
            lambda: put(single, NODE, prod, "AWS:Tag"), lambda: put(single, NODE, [], "AWS:Tag"),
            lambda: put(single, NODE, None, "AWS:Tag", hash="x"),
            # Nothing of a report with one of them is stored.
            lambda: single.put_inventory(InstanceId=NODE, Items=[
                item([package("evil")]), item(prod, "AWS:Tag")])):
        with refused("AccessDeniedException"):
            call_()
    assert tag_list(ssm) == TAGS and entries(ssm, NODE) == [package("a")]
    # A key for all nodes writes them by each of these ways.
    writer = tenants.key("--account", "333333333333", "--permissions", "write")
    put(tenants.client(writer, region=region(tenants)), NODE, prod, "AWS:Tag")
    assert tag_list(ssm) == prod


@pytest.mark.parametrize("type", OTHERS)
def test_reports_of_a_nodes_key_neither(tenants, type):
    key, _, _ = lone(tenants, "444444444444")
    report = {"InstanceId": NODE, "Items": [item([{"Key": "a", "Value": "b"}], type)]}
    good = {"InstanceId": NODE, "Items": [item([package("a")])]}
    answer, text = ask(tenants, "/v1/reports", key, "POST", json.dumps(report).encode(),
                       Content_Type="application/json")
    assert answer.status == 403 and json.loads(text)["error"]["code"] == "accessDenied"
    lines = "\n".join(map(json.dumps, (good, report))).encode()
    answer, text = ask(tenants, "/v1/reports", key, "POST", lines,
                       Content_Type="application/x-ndjson")
    rows = json.loads(text)
    assert answer.status == 200 and "error" not in rows[0]
    assert rows[1]["code"] == "accessDenied" and type in rows[1]["error"]


def test_a_node_is_who_it_is(tenants):
    key, single, ssm = lone(tenants, "555555555555")
    own = information(NODE, ResourceType="ManagedInstance", InstanceStatus="Active")
    put(single, NODE, [own], INFO)
    for lie in ({"InstanceId": "mi-0bbbbbbbbbbbbbbbb"}, {"InstanceStatus": "Stopped"},
                {"IamRole": "admin"}, {"ActivationId": "x"}, {"PingStatus": "Online"}):
        with refused("AccessDeniedException"):
            put(single, NODE, [own | lie], INFO)
    # Whoever writes for all may say that a machine is stopped, but not that it is another.
    put(ssm, NODE, [own | {"InstanceId": "mi-0bbbbbbbbbbbbbbbb", "InstanceStatus": "Stopped"}], INFO)
    row, = entries(ssm, NODE, INFO)
    assert row["InstanceId"] == NODE and row["InstanceStatus"] == "Stopped"
    # A body that says what another's said is no way around.
    again = {"InstanceId": NODE, "Items": [item([own | {"InstanceStatus": "Stopped"}], INFO,
                                               when="2026-01-01T00:00:00Z")]}
    ssm.put_inventory(**again)
    with refused("AccessDeniedException"):
        single.put_inventory(**again)


def test_an_agent_writes_what_agents_write(tenants):
    ssm = tenants.client()
    made = ssm.create_activation(IamRole="role", Tags=TAGS)
    agent = Agent(tenants.url, region=region(tenants))
    agent.register(made["ActivationId"], made["ActivationCode"])
    agent.start()
    agent.call("PutComplianceItems", ResourceId=agent.id, ResourceType="ManagedInstance",
               ComplianceType="Association", ItemContentHash="h",
               ExecutionSummary={"ExecutionTime": time.time()},
               Items=[{"Id": "a", "Severity": "UNSPECIFIED", "Status": "COMPLIANT"}])
    assert [i["Id"] for i in ssm.list_compliance_items(
        ResourceIds=[agent.id], ResourceTypes=["ManagedInstance"])["ComplianceItems"]] == ["a"]
    for type in OTHERS:
        with pytest.raises(AgentError) as error:
            agent.call("PutInventory", InstanceId=agent.id,
                       Items=[item([{"Key": "env", "Value": "prod"}], type)])
        assert error.value.code == "AccessDeniedException"
    for operation, more in (
            ("AddTagsToResource", {"Tags": TAGS}), ("RemoveTagsFromResource", {"TagKeys": ["env"]})):
        with pytest.raises(AgentError) as error:
            agent.call(operation, ResourceType="ManagedInstance", ResourceId=agent.id, **more)
        assert error.value.code == "AccessDeniedException"
    assert tag_list(ssm, agent.id) == TAGS
