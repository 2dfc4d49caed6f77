"""What the server writes down: a line for each request, a line for each change."""

import json
import socket
import stat

import pytest
from agent import Agent
from support import entries, ids, item, node, package, put, refused
from test_tenants import TAGS, region
from test_v1 import ask


def lines(path, logger="stocktake", **fields):
    found = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
    return [line for line in found if line["logger"] == logger
            and all(line.get(name) == value for name, value in fields.items())]


def log(server, **fields):
    return lines(server.directory / "log", **fields)


def test_a_line_for_each_request(own):
    server = own("--log-level", "info")
    ssm, here = server.client(region=region(server)), region(server)
    key = server.first_key["AWS_ACCESS_KEY_ID"]
    own_key = {"key": key, "account": "000000000000", "region": here, "status": "200"}
    put(ssm, node(1), [package("a")])
    ids(ssm)
    assert ask(server, "/v1/nodes")[0].status == 200
    assert ask(server, "/healthz", signed=False)[0].status == 200
    line, = log(server, operation="PutInventory", **own_key)
    assert int(line["bytesIn"]) > 100 and int(line["bytesOut"]) > 10
    assert line["address"].startswith("127.0.0.1:") and len(line["request"]) == 36
    assert len(log(server, operation="GetInventory", **own_key)) == 1
    assert len(log(server, operation="v1-nodes", key=key, account="000000000000")) == 1
    line, = log(server, operation="healthz", status="200")
    assert "key" not in line and line["address"]
    # Who is not believed is named as what they said they were.
    wrong = server.client({**server.first_key, "AWS_SECRET_ACCESS_KEY": "x" * 40}, region=here)
    with refused("InvalidSignatureException"):
        ids(wrong)
    line, = log(server, operation="GetInventory", status="400")
    assert "key" not in line and line["claimedKey"] == key
    made = ssm.create_activation(IamRole="role")
    agent = Agent(server.url, region=here)
    agent.register(made["ActivationId"], made["ActivationCode"])
    agent.start()
    line = log(server, operation="UpdateInstanceInformation")[0]
    assert line["node"] == agent.id and line["key"].startswith("ASIA")
    assert line["account"] == "000000000000" and line["region"] == here
    line, = log(server, operation="RequestManagedInstanceRoleToken")
    assert line["node"] == line["key"] == agent.id and int(line["bytesIn"]) > 0


def test_a_line_for_each_change(own, tmp_path):
    audit = tmp_path / "audit"
    server = own("--audit-file", str(audit), "--log-level", "error")
    here = region(server)
    ssm, key = server.client(region=here), server.first_key["AWS_ACCESS_KEY_ID"]

    def told(operation, **fields):
        line = lines(audit, "stocktake.audit", operation=operation)[-1]
        who = {"key": key, "account": "000000000000", "region": here, "message": "change"}
        for name, value in {**who, **fields}.items():
            assert line.get(name) == value, (name, line)
        assert line["address"].startswith("127.0.0.1:") and line["time"].endswith("Z")
        assert len(line["request"]) == 36
        return line

    assert stat.S_IMODE(audit.stat().st_mode) == 0o600
    put(ssm, node(1), [package("a")])
    assert int(told("PutInventory", instanceId=node(1), changes="1")["sequence"]) > 0
    put(ssm, node(1), [package("a")], when=-1)  # as it was
    assert len(lines(audit, "stocktake.audit", operation="PutInventory")) == 1
    report = {"InstanceId": node(2), "Items": [item([package("b")])]}
    assert ask(server, "/v1/reports", None, "POST", json.dumps(report).encode(),
               Content_Type="application/json")[0].status == 200
    line = lines(audit, "stocktake.audit", operation="v1-reports")[0]
    assert line["key"] == key and line["instanceId"] == node(2)
    resource = {"ResourceType": "ManagedInstance", "ResourceId": node(1)}
    ssm.add_tags_to_resource(**resource, Tags=TAGS)
    told("AddTagsToResource", resourceId=node(1), tagKeys="env")
    ssm.remove_tags_from_resource(**resource, TagKeys=["env"])
    told("RemoveTagsFromResource", resourceId=node(1), tagKeys="env")
    made = ssm.create_activation(IamRole="role", RegistrationLimit=2)
    told("CreateActivation", activationId=made["ActivationId"], iamRole="role")
    assert made["ActivationCode"] not in audit.read_text()
    agent = Agent(server.url, region=here)
    agent.register(made["ActivationId"], made["ActivationCode"])
    told("RegisterManagedInstance", key=None, instanceId=agent.id,
         activationId=made["ActivationId"])
    agent.start()
    ssm.delete_activation(ActivationId=made["ActivationId"])
    told("DeleteActivation", activationId=made["ActivationId"])
    association = ssm.create_association(
        Name="AWS-GatherSoftwareInventory", ScheduleExpression="rate(1 hour)",
        Targets=[{"Key": "tag:env", "Values": ["dev", "test"]}]
    )["AssociationDescription"]["AssociationId"]
    told("CreateAssociation", associationId=association, targets="tag:env=dev|test",
         scheduleExpression="rate(1 hour)")
    ssm.start_associations_once(AssociationIds=[association])
    told("StartAssociationsOnce", associationIds=association)
    ssm.delete_association(AssociationId=association)
    told("DeleteAssociation", associationId=association)
    ssm.put_compliance_items(
        **resource, ComplianceType="Custom:Audit", ExecutionSummary={"ExecutionTime": 1_795_000_000},
        Items=[{"Severity": "HIGH", "Status": "COMPLIANT"}])
    told("PutComplianceItems", resourceId=node(1), complianceType="Custom:Audit", items="1")
    put(ssm, node(1), [{"A": "1"}], "Custom:Rack")
    ssm.delete_inventory(TypeName="Custom:Rack", DryRun=True)
    assert not lines(audit, "stocktake.audit", operation="DeleteInventory")
    ssm.delete_inventory(TypeName="Custom:Rack", SchemaDeleteOption="DisableSchema")
    told("DeleteInventory", typeName="Custom:Rack", schemaDeleteOption="DisableSchema")
    # What a node says of itself is in the history; what is refused was no change; questions are none.
    before = audit.read_text()
    agent.call("PutInventory", InstanceId=agent.id, Items=[item([package("c")])])
    agent.ping(ComputerName="another")
    with pytest.raises(Exception):
        agent.call("PutInventory", InstanceId=agent.id, Items=[item(TAGS, "AWS:Tag")])
    ids(ssm)
    entries(ssm, node(1))
    assert audit.read_text() == before
    # The file is followed where it is moved away.
    audit.rename(tmp_path / "old")
    ssm.deregister_managed_instance(InstanceId=agent.id)
    told("DeregisterManagedInstance", instanceId=agent.id)
    assert (tmp_path / "old").read_text() == before


def test_changes_are_told_without_a_file_too(own):
    server = own("--log-level", "info")
    here = region(server)
    ssm = server.client(region=here)
    made = ssm.create_activation(IamRole="role")
    agent = Agent(server.url, region=here)
    agent.register(made["ActivationId"], made["ActivationCode"])
    agent.start()
    agent.call("PutInventory", InstanceId=agent.id, Items=[item([package("c")])])
    path = server.directory / "log"
    assert len(lines(path, "stocktake.audit", operation="CreateActivation", level="notice")) == 1
    line, = lines(path, "stocktake.audit", operation="PutInventory", level="info")
    assert line["node"] == line["instanceId"] == agent.id and line["changes"] == "1"


def test_an_audit_that_cannot_be_written_is_said_at_once(tmp_path):
    from test_serve import serve
    done = serve(tmp_path / "store", "--audit-file", str(tmp_path / "no" / "audit"))
    assert done.returncode == 4 and "No such file" in done.stderr


def exchange(server, head, body=b""):
    """What comes back for bytes as they are, and whether the connection ends."""
    with socket.create_connection((server.host, server.port), timeout=20) as connection:
        connection.sendall(head.encode().replace(b"\n", b"\r\n") + b"\r\n" + body)
        connection.settimeout(2)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            return answer, False
        return answer, True


HEAD = ("POST / HTTP/1.1\nHost: x\nContent-Type: application/x-amz-json-1.1\n"
        "X-Amz-Target: AmazonSSM.RegisterManagedInstance\n")


@pytest.mark.parametrize("coding", [
    "gzip", "gzip, chunked", "identity", "x", "chunked, gzip", "chunked;q=1", "identity, chunked",
    '"chunked"', "chunked, chunked", "chunked,", "deflate;x=y, chunked"])
def test_transfer_codings_that_are_not_known(server, coding):
    answer, is_closed = exchange(
        server, HEAD + f"Transfer-Encoding: {coding}\n", b"2\r\n{}\r\n0\r\n\r\n")
    assert answer.split(b" ")[1] in (b"400", b"501"), answer
    assert is_closed and answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("fields", [
    "Transfer-Encoding: chunked\nContent-Length: 2\n", "Content-Length: 2\nContent-Length: 3\n",
    "Transfer-Encoding: gzip\nTransfer-Encoding: chunked\n", "Content-Length: -1\n",
    "Content-Length: 2x\n"])
def test_bodies_whose_end_is_not_sure(server, fields):
    answer, is_closed = exchange(server, HEAD + fields, b"2\r\n{}\r\n0\r\n\r\n")
    assert answer.split(b" ")[1] in (b"400", b"501"), answer
    assert is_closed and answer.count(b"HTTP/1.1 ") == 1


def test_chunks_that_are_none(server):
    head = HEAD + "Transfer-Encoding: chunked\n"
    answer, is_closed = exchange(server, head, b"zz\r\n{}\r\n0\r\n\r\n")
    assert answer.split(b" ")[1] == b"400" and is_closed, answer
    answer, _ = exchange(server, head.replace("chunked", "Chunked"), b"2\r\n{}\r\n0\r\n\r\n")
    assert b"ValidationException" in answer
