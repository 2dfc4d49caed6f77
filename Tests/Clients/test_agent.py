"""The life of a hybrid node, with a model of amazon-ssm-agent, and the operations around it."""

import concurrent.futures
import datetime
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import botocore.credentials
import botocore.exceptions
import pytest
from agent import Agent, AgentError, modelled_snapshot
from conftest import STOCKTAKE, Server
from cryptography.hazmat.primitives.asymmetric import rsa
from test_auth import send_whole
from test_model import MODEL, check
from support import APP, INFO, entries, item, node, package

DOCUMENT = "AWS-GatherSoftwareInventory"


@pytest.fixture(scope="module")
def hybrid():
    server = Server("--message-wait-seconds", "2", "--log-level", "warning")
    yield server
    server.close()


@pytest.fixture
def ssm(hybrid):
    return hybrid.client()


def activation(ssm, **more):
    answer = ssm.create_activation(IamRole="role", **more)
    return answer["ActivationId"], answer["ActivationCode"]


def registered(server, **more):
    agent = Agent(server.url, **more)
    agent.register(*activation(server.client()))
    agent.pause_scale = 0.01
    return agent


def live(server, **more):
    agent = registered(server, **more)
    agent.request_token()
    agent.ping_first()
    agent.ping()
    return agent


def code(error):
    return error.value.response["Error"]["Code"]


# Activations.

def test_an_activation_is_described_as_it_was_made(ssm):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    id, secret = activation(ssm, Description="d", DefaultInstanceName="n", RegistrationLimit=7,
                            ExpirationDate=until, Tags=[{"Key": "k", "Value": "v"}])
    assert len(secret) >= 20
    found = ssm.describe_activations(
        Filters=[{"FilterKey": "ActivationIds", "FilterValues": [id]}])["ActivationList"]
    assert len(found) == 1
    assert {name: found[0][name] for name in (
        "ActivationId", "Description", "DefaultInstanceName", "IamRole", "RegistrationLimit",
        "RegistrationsCount", "Expired", "Tags")} == {
            "ActivationId": id, "Description": "d", "DefaultInstanceName": "n", "IamRole": "role",
            "RegistrationLimit": 7, "RegistrationsCount": 0, "Expired": False,
            "Tags": [{"Key": "k", "Value": "v"}]}
    assert abs((found[0]["ExpirationDate"] - until).total_seconds()) < 1
    assert secret not in json.dumps(found, default=str)
    ssm.delete_activation(ActivationId=id)
    with pytest.raises(ssm.exceptions.InvalidActivationId):
        ssm.delete_activation(ActivationId=id)


def test_a_limit_that_nobody_named_is_one_and_is_not_told(hybrid, ssm):
    """Terraform's provider takes it for a change, and replaces the activation at each plan."""
    id, secret = activation(ssm)
    [found] = ssm.describe_activations(
        Filters=[{"FilterKey": "ActivationIds", "FilterValues": [id]}])["ActivationList"]
    assert "RegistrationLimit" not in found
    Agent(hybrid.url).register(id, secret)
    assert refused(hybrid, id, secret, key=KEY) == "RegistrationLimitExceeded"


def test_activations_come_in_pages(hybrid):
    key = hybrid.key("--account", "222233334444", "--permissions", "admin")
    ssm = hybrid.client(key)
    made = {activation(ssm)[0] for _ in range(5)}
    pages = list(ssm.get_paginator("describe_activations").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["ActivationList"]) for page in pages] == [2, 2, 1]
    assert {a["ActivationId"] for page in pages for a in page["ActivationList"]} == made


def test_an_activation_lasts_thirty_days_at_most(ssm):
    for days in (-1, 31):
        with pytest.raises(ssm.exceptions.InvalidParameters):
            activation(ssm, ExpirationDate=time.time() + days * 86400)


def test_a_code_is_nowhere_in_the_store(hybrid, ssm):
    _, secret = activation(ssm)
    stored = b"".join(path.read_bytes() for path in hybrid.directory.iterdir()
                      if path.suffix == ".mdb" or "stocktake" in path.name or path.name == "data")
    assert stored and secret.encode() not in stored


# Registration.

def refused(server, id, secret, **more):
    with pytest.raises(AgentError) as error:
        Agent(server.url, **more).register(id, secret)
    return error.value.code


def test_every_refusal_to_register_has_its_name(hybrid, ssm):
    id, secret = activation(ssm, RegistrationLimit=2)
    assert refused(hybrid, "00000000-0000-0000-0000-000000000000", secret) == "InvalidActivation"
    assert refused(hybrid, id, "f" * 32) == "InvalidActivation"
    first = Agent(hybrid.url)
    assert first.register(id, secret).startswith("mi-") and len(first.id) == 20
    # The answer was lost: the same key is told the same node, and counts once.
    assert Agent.register(first, id, secret) == first.id
    other = Agent(hybrid.url, key=first.key)
    with pytest.raises(AgentError) as error:
        other.register(id, secret)
    assert error.value.code == "PublicKeyAlreadyRegistered"
    assert Agent(hybrid.url).register(id, secret) != first.id
    assert refused(hybrid, id, secret) == "RegistrationLimitExceeded"
    count = ssm.describe_activations(
        Filters=[{"FilterKey": "ActivationIds", "FilterValues": [id]}])["ActivationList"][0]
    assert count["RegistrationsCount"] == 2
    ssm.delete_activation(ActivationId=id)
    assert refused(hybrid, id, secret) == "InvalidActivation"


def test_a_weak_key_is_refused(hybrid, ssm):
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert refused(hybrid, *activation(ssm), key=weak) == "InvalidPublicKey"


def test_an_expired_activation_registers_nobody(hybrid, ssm):
    id, secret = activation(ssm, ExpirationDate=time.time() + 4)
    time.sleep(4.5)
    assert refused(hybrid, id, secret) == "ActivationExpired"
    found = ssm.describe_activations(
        Filters=[{"FilterKey": "ActivationIds", "FilterValues": [id]}])["ActivationList"]
    assert found[0]["Expired"]


def test_codes_cannot_be_guessed_for_long(hybrid, ssm):
    id, secret = activation(ssm)
    codes = {refused(hybrid, id, f"{n:032x}", key=KEY) for n in range(25)}
    assert codes == {"InvalidActivation", "TooManyUpdates"}
    # Whoever knows the id keeps nobody out who has the code.
    assert Agent(hybrid.url).register(id, secret).startswith("mi-")


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_tags_name_and_activation_come_to_the_node(hybrid, ssm):
    id, secret = activation(ssm, DefaultInstanceName="web", Tags=[{"Key": "env", "Value": "prod"}])
    agent = Agent(hybrid.url)
    agent.register(id, secret)
    agent.request_token()
    agent.ping()
    tags = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=agent.id)
    assert tags["TagList"] == [{"Key": "env", "Value": "prod"}]
    found = ssm.describe_instance_information(
        Filters=[{"Key": "ActivationIds", "Values": [id]}])["InstanceInformationList"]
    assert [(n["InstanceId"], n["Name"], n["ActivationId"], n["IamRole"]) for n in found] == [
        (agent.id, "web", id, "role")]
    ssm.update_managed_instance_role(InstanceId=agent.id, IamRole="other")
    found = ssm.describe_instance_information(
        Filters=[{"Key": "IamRole", "Values": ["other"]}])["InstanceInformationList"]
    assert [n["InstanceId"] for n in found] == [agent.id]


def test_fifty_agents_register_at_once(hybrid, ssm):
    id, secret = activation(ssm, RegistrationLimit=50)
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(8)]
    def register(number):
        agent = Agent(hybrid.url, key=keys[number] if number < 8 else None)
        return agent.register(id, secret)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(register, range(50)))
    assert len(set(ids)) == 50
    assert refused(hybrid, id, secret, key=KEY) == "RegistrationLimitExceeded"


def test_a_known_machine_keeps_its_history(hybrid, ssm):
    agent = live(hybrid)
    agent.put_inventory({APP: ("1.1", [package("a")])})
    again = Agent(hybrid.url, fingerprint=agent.fingerprint)
    assert again.register(*activation(ssm)) == agent.id
    again.request_token()
    again.ping()
    assert entries(ssm, agent.id) == [package("a")]
    # The key of before proves nothing, though what was got with it lives out its time.
    with pytest.raises(AgentError) as error:
        agent.request_token()
    assert error.value.code == "AccessDeniedException"
    agent.ping()
    # Once the node was taken out it is void, also when the machine is back.
    ssm.deregister_managed_instance(InstanceId=agent.id)
    with pytest.raises(AgentError) as error:
        agent.ping()
    assert error.value.code == "AccessDeniedException"
    again.register_again(*activation(ssm))
    with pytest.raises(AgentError) as error:
        agent.ping()
    assert error.value.code == "ExpiredTokenException"
    again.request_token()
    again.ping()


@pytest.mark.parametrize("choice", ["new", "refuse"])
def test_a_known_machine_where_it_is_not_kept(choice):
    server = Server("--reregistration", choice)
    try:
        ssm = server.client()
        agent = registered(server)
        again = Agent(server.url, fingerprint=agent.fingerprint)
        if choice == "new":
            assert again.register(*activation(ssm)) != agent.id
        else:
            with pytest.raises(AgentError) as error:
                again.register(*activation(ssm))
            assert error.value.code == "InstanceAlreadyRegistered"
            ssm.deregister_managed_instance(InstanceId=agent.id)
            again.register(*activation(ssm))
    finally:
        server.close()


# Credentials.

def test_the_token_has_all_that_the_agent_reads(hybrid):
    answer = registered(hybrid).request_token()
    assert set(answer) == {"AccessKeyId", "SecretAccessKey", "SessionToken", "TokenExpirationDate",
                           "UpdateKeyPair"}
    assert answer["TokenExpirationDate"] > time.time() and answer["UpdateKeyPair"] is False


def token_error(agent, headers, body):
    with pytest.raises(AgentError) as error:
        agent.send_signed(headers, body)
    return error.value.code


def test_no_token_for_who_is_not_the_node(hybrid):
    agent = registered(hybrid)
    operation, members = "RequestManagedInstanceRoleToken", {"Fingerprint": agent.fingerprint}
    signed = agent.signed_by_key(operation, members)
    agent.send_signed(*signed)
    assert token_error(agent, *signed) == "ThrottlingException"  # a replay
    assert token_error(agent, *agent.signed_by_key(operation, members, key=KEY)) == (
        "AccessDeniedException")
    assert token_error(agent, *agent.signed_by_key(operation, {"Fingerprint": "forged"})) == (
        "MachineFingerprintDoesNotMatch")
    headers, body = agent.signed_by_key(operation, members)
    assert token_error(agent, headers, body.replace(b"-", b"_")) == "InvalidSignatureException"
    assert token_error(agent, *agent.signed_by_key(operation, members, date_offset=-1000)) == (
        "InvalidSignatureException")
    agent.id = "mi-0ffffffffffffffff"
    assert token_error(agent, *agent.signed_by_key(operation, members)) == "AccessDeniedException"
    log = (hybrid.directory / "log").read_text()
    assert "MachineFingerprintDoesNotMatch" in log and "taken already" in log


def test_what_was_signed_before_a_restart_is_not_taken_after_it():
    server = Server()
    try:
        agent = registered(server)
        signed = agent.signed_by_key(
            "RequestManagedInstanceRoleToken", {"Fingerprint": agent.fingerprint})
        port = server.port
        time.sleep(1.1)
        server.kill()
        server.options = (*server.options, "--port", str(port))
        server.start()
        assert token_error(agent, *signed) == "ThrottlingException"
        agent.request_token()
    finally:
        server.close()


def test_a_server_that_is_killed_while_agents_renew_their_credentials():
    """Whatever was under way: each agent goes on, nothing is doubled, nothing counts twice."""
    server = Server("--log-level", "warning")
    operation = "RequestManagedInstanceRoleToken"
    try:
        agents = [live(server, seed=n, key=key_of_its_own) for n, key_of_its_own in enumerate(
            rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(6))]
        before = server.command("keys", "list", "--format", "json").stdout
        server.options = (*server.options, "--port", str(server.port))
        for round in range(4):
            # One request is cut in its middle, the others are wherever the moment finds them.
            cut = agents[0].signed_by_key(operation, {"Fingerprint": agents[0].fingerprint})
            half = socket.create_connection((server.host, server.port))
            head = "".join(f"{name}: {value}\r\n" for name, value in cut[0].items())
            half.sendall(f"POST / HTTP/1.1\r\n{head}\r\n{len(cut[1]):x}\r\n".encode() + cut[1][:9])
            sent, given, stop = [cut], [], threading.Event()

            def renew(agent):
                while not stop.is_set():
                    signed = agent.signed_by_key(operation, {"Fingerprint": agent.fingerprint})
                    sent.append(signed)
                    try:
                        answer = agent.send_signed(*signed)
                    except (OSError, http.client.HTTPException):
                        return
                    except AgentError as error:
                        assert error.code == "ThrottlingException", error
                        continue
                    given.append((agent, answer))

            with concurrent.futures.ThreadPoolExecutor(len(agents)) as pool:
                running = [pool.submit(renew, agent) for agent in agents]
                time.sleep(0.15 + 0.1 * round)
                server.kill()
                stop.set()
                for one in running:
                    one.result()
            half.close()
            assert given, "no renewal was under way"
            time.sleep(1.1)  # Signatures have whole seconds.
            server.start()
            # What was signed before counts neither as a first nor as a second time.
            for signed in sent[:1] + sent[-10:]:
                assert token_error(agents[0], *signed) in (
                    "ThrottlingException", "InvalidSignatureException")
            for agent in agents:
                agent.request_token()
                agent.ping()
            # What was handed out before is good for the node it was for, and for no other.
            for agent, answer in given[-10:]:
                held, agent.credentials = agent.credentials, botocore.credentials.Credentials(
                    answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
                agent.ping()
                with pytest.raises(AgentError) as error:
                    agent.call("UpdateInstanceInformation", AgentName="amazon-ssm-agent",
                               AgentVersion="3.3.0.0", PlatformType="Linux",
                               InstanceId=next(a.id for a in agents if a is not agent))
                assert error.value.code == "AccessDeniedException"
                agent.credentials = held
        nodes = [info["InstanceId"] for page in server.client().get_paginator(
            "describe_instance_information").paginate() for info in page["InstanceInformationList"]]
        assert sorted(nodes) == sorted(agent.id for agent in agents)
        # Credentials are no rows: none is left behind.
        assert server.command("keys", "list", "--format", "json").stdout == before
        server.stop()
        assert server.command("verify").returncode == 0
    finally:
        server.close()


def test_credentials_outlive_the_server(hybrid):
    server = Server()
    try:
        agent = live(server)
        server.kill()
        server.start()
        agent.endpoint = Agent(server.url, key=KEY).endpoint
        agent.ping()
        agent.put_inventory(modelled_snapshot(packages=5))
    finally:
        server.close()


def test_credentials_end():
    server = Server("--node-token-seconds", "60")
    try:
        agent = registered(server)
        assert agent.request_token()["TokenExpirationDate"] <= time.time() + 61
        agent.credentials.token = agent.credentials.token[:-8] + "AAAAAAA="
        with pytest.raises(AgentError) as error:
            agent.ping()
        assert error.value.code == "ExpiredTokenException"
    finally:
        server.close()


def test_a_node_writes_itself_and_nothing_else(hybrid):
    agent = live(hybrid)
    other = live(hybrid)
    with pytest.raises(AgentError) as error:
        agent.call("PutInventory", InstanceId=other.id, Items=[item([package("a")])])
    assert error.value.code == "AccessDeniedException"
    for operation, members in [
            ("UpdateInstanceInformation", {"InstanceId": other.id}),
            ("ListInstanceAssociations", {"InstanceId": other.id}),
            ("GetInventory", {}), ("ListInventoryEntries", {"InstanceId": agent.id, "TypeName": APP}),
            ("DescribeInstanceInformation", {}), ("DescribeActivations", {}),
            ("CreateActivation", {"IamRole": "r"}), ("ListAssociations", {}),
            ("AddTagsToResource", {"ResourceType": "ManagedInstance", "ResourceId": agent.id,
                                   "Tags": [{"Key": "a", "Value": "b"}]}),
            ("DeregisterManagedInstance", {"InstanceId": agent.id}),
            ("DeleteInventory", {"TypeName": "Custom:A"})]:
        with pytest.raises(AgentError) as error:
            agent.call(operation, **members)
        assert error.value.code == "AccessDeniedException", operation
    with pytest.raises(AgentError):
        agent.call("GetMessages", service="ec2messages", Destination=other.id,
                   MessagesRequestId="x", VisibilityTimeoutInSeconds=1)


def test_a_node_that_was_taken_out_is_out(hybrid, ssm):
    agent = live(hybrid)
    agent.put_inventory({APP: ("1.1", [package("a")])})
    time.sleep(1.1)
    before = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    time.sleep(1.1)
    ssm.deregister_managed_instance(InstanceId=agent.id)
    listed = [n["InstanceId"] for page in
              ssm.get_paginator("describe_instance_information").paginate()
              for n in page["InstanceInformationList"]]
    assert agent.id not in listed
    assert entries(ssm, agent.id) == []
    past = [{"Key": "Stocktake:At", "Values": [before], "Type": "Equal"}]
    assert entries(ssm, agent.id, Filters=past) == [package("a")]  # its past stays
    with pytest.raises(AgentError) as error:
        agent.ping()
    assert error.value.code == "AccessDeniedException"
    with pytest.raises(AgentError) as error:
        agent.request_token()
    assert error.value.code == "AccessDeniedException"
    with pytest.raises(ssm.exceptions.InvalidInstanceId):
        ssm.deregister_managed_instance(InstanceId=agent.id)
    with pytest.raises(ssm.exceptions.InvalidInstanceId):
        ssm.deregister_managed_instance(InstanceId="mi-0ffffffffffffffff")


def test_an_old_key_is_exchanged_and_a_lost_answer_orphans_nobody():
    server = Server("--node-key-days-max", "0")
    try:
        agent = registered(server)
        first = agent.key
        time.sleep(1.1)
        assert agent.request_token()["UpdateKeyPair"] is True
        assert agent.key is not first
        # Had the answer been lost, the agent would still have its first key.
        second, agent.key = agent.key, first
        members = {"Fingerprint": agent.fingerprint}
        agent.send_signed(*agent.signed_by_key("RequestManagedInstanceRoleToken", members))
        agent.key = second
        agent.send_signed(*agent.signed_by_key("RequestManagedInstanceRoleToken", members))
        # Now that the second was used, the first counts no more.
        agent.key = first
        assert token_error(agent, *agent.signed_by_key(
            "RequestManagedInstanceRoleToken", members)) == "AccessDeniedException"
    finally:
        server.close()


# What a node says of itself.

def test_pings_are_information_with_a_history(hybrid, ssm):
    agent = live(hybrid)
    row = entries(ssm, agent.id, INFO)[0]
    assert {name: row.get(name) for name in (
        "AgentType", "AgentVersion", "ComputerName", "IpAddress", "PlatformName", "PlatformType",
        "PlatformVersion", "ResourceType", "InstanceStatus", "InstanceId")} == {
            "AgentType": "amazon-ssm-agent", "AgentVersion": "3.3.0.0",
            "ComputerName": f"host-{agent.id[-6:]}", "IpAddress": "10.0.0.7",
            "PlatformName": "Debian GNU/Linux", "PlatformType": "Linux", "PlatformVersion": "12",
            "ResourceType": "ManagedInstance", "InstanceStatus": "Active", "InstanceId": agent.id}
    time.sleep(1.1)
    before = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    time.sleep(1.1)
    agent.ping_first()  # says less, and changes nothing
    agent.ping(PlatformVersion="13")
    assert entries(ssm, agent.id, INFO)[0]["PlatformVersion"] == "13"
    past = entries(ssm, agent.id, INFO,
                   Filters=[{"Key": "Stocktake:At", "Values": [before], "Type": "Equal"}])
    assert past[0]["PlatformVersion"] == "12"


def test_a_ping_counts_and_silence_is_told():
    server = Server("--connection-lost-after", "4")
    try:
        ssm, agent = server.client(), live(server)
        def told():
            return ssm.describe_instance_information(
                Filters=[{"Key": "InstanceIds", "Values": [agent.id]}])["InstanceInformationList"][0]
        assert told()["PingStatus"] == "Online"
        time.sleep(6)
        assert told()["PingStatus"] == "ConnectionLost"
        agent.ping()
        first = told()
        assert first["PingStatus"] == "Online"
        agent.ping(status="Inactive")
        assert told()["PingStatus"] == "Inactive"
        server.stop()
        server.start()
        ssm = server.client()
        kept = told()
        assert kept["LastPingDateTime"] >= first["LastPingDateTime"]
        assert ssm.describe_instance_properties(FiltersWithOperator=[
            {"Key": "InstanceIds", "Values": [agent.id], "Operator": "Equal"}])[
                "InstanceProperties"][0]["InstanceId"] == agent.id
    finally:
        server.close()


# Collection on schedule.

def test_the_document_is_one_the_agent_can_run(ssm):
    document = ssm.get_document(Name=DOCUMENT)
    content = json.loads(document["Content"])
    assert content["schemaVersion"] == "2.0"
    assert [step["action"] for step in content["mainSteps"]] == ["aws:softwareInventory"]
    assert set(content["mainSteps"][0]["inputs"]) == set(content["parameters"])
    described = ssm.describe_document(Name=DOCUMENT)["Document"]
    assert {p["Name"] for p in described["Parameters"]} == set(content["parameters"])
    assert [d["Name"] for d in ssm.list_documents()["DocumentIdentifiers"]] == [DOCUMENT]
    with pytest.raises(ssm.exceptions.InvalidDocument):
        ssm.get_document(Name="AWS-RunShellScript")
    with pytest.raises(ssm.exceptions.InvalidDocumentVersion):
        ssm.get_document(Name=DOCUMENT, DocumentVersion="7")


def test_a_new_store_collects_every_twelve_hours(hybrid, ssm):
    agent = live(hybrid)
    found = agent.associations()
    assert [(a["Name"], a["ScheduleExpression"], a["DetailedStatus"]) for a in found] == [
        (DOCUMENT, "rate(12 hours)", "Associated")]
    snapshot = modelled_snapshot(packages=20)
    assert agent.run_due(snapshot) == 1
    assert agent.run_due(snapshot) == 0  # what was told of the run is given back
    again = agent.associations()[0]
    assert again["DetailedStatus"] == "Success" and again["LastExecutionDate"] > time.time() - 60
    assert len(entries(ssm, agent.id)) == 20
    assert entries(ssm, agent.id, "Custom:Rack") == [{"Name": "rack", "Position": "0"}]
    found = ssm.describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [agent.id]}])["InstanceInformationList"][0]
    assert found["AssociationStatus"] == "Success"
    assert found["LastSuccessfulAssociationExecutionDate"]
    compliance = ssm.list_compliance_items(
        ResourceIds=[agent.id], ResourceTypes=["ManagedInstance"])["ComplianceItems"]
    assert [(c["ComplianceType"], c["Status"]) for c in compliance] == [
        ("Association", "COMPLIANT")]


def test_the_first_association_can_be_turned_off():
    server = Server("--inventory-schedule", "none")
    try:
        assert server.client().list_associations()["Associations"] == []
        assert live(server).associations() == []
    finally:
        server.close()


def test_only_the_hash_is_sent_of_what_is_the_same(hybrid, ssm):
    agent = live(hybrid, seed=3)
    snapshot = modelled_snapshot(3, packages=30)
    agent.put_inventory(snapshot)
    for _ in range(4):  # each time another type is the last, whose version all have
        agent.put_inventory(snapshot)
    assert len(entries(ssm, agent.id)) == 30
    schema = ssm.list_inventory_entries(InstanceId=agent.id, TypeName=APP)["SchemaVersion"]
    assert schema == "1.1"
    snapshot[APP] = ("1.1", snapshot[APP][1][:-1])
    agent.put_inventory(snapshot)
    assert len(entries(ssm, agent.id)) == 29


def test_a_node_that_comes_from_elsewhere_is_asked_for_all(hybrid):
    old = live(hybrid)
    snapshot = modelled_snapshot(packages=10)
    old.put_inventory(snapshot)
    server = Server()
    try:
        moved = live(server)
        moved.hashes = dict(old.hashes)
        seen = []
        put = moved._put
        moved._put = lambda items: (seen.append(sum("Content" in i for i in items)), put(items))
        moved.put_inventory(snapshot)
        assert seen == [0, 5]
        assert len(entries(server.client(), moved.id)) == 10
    finally:
        server.close()


def test_one_unknown_hash_stores_nothing_of_the_call(hybrid, ssm):
    agent = live(hybrid)
    snapshot = modelled_snapshot(packages=10)
    agent.put_inventory(snapshot)
    agent.hashes["Custom:New"] = "x"
    changed = {APP: ("1.1", snapshot[APP][1][:3])}
    with pytest.raises(AgentError) as error:
        agent.call("PutInventory", InstanceId=agent.id, Items=[
            item(changed[APP][1], version="1.1", hash="y"),
            item(None, "Custom:New", hash="unknown")])
    assert error.value.code == "ItemContentMismatchException"
    assert len(entries(ssm, agent.id)) == 10


# Associations.

@pytest.fixture
def account():
    server = Server("--message-wait-seconds", "2")
    yield server
    server.close()


def everything(**more):
    return dict(Name=DOCUMENT, Targets=[{"Key": "InstanceIds", "Values": ["*"]}], **more)


def test_an_association_from_its_beginning_to_its_end(account):
    ssm = account.client()
    first = ssm.list_associations()["Associations"]
    assert len(first) == 1
    made = ssm.create_association(**everything(
        AssociationName="all", ScheduleExpression="rate(30 minutes)",
        Parameters={"applications": ["Enabled"], "services": ["Disabled"]},
        Tags=[{"Key": "a", "Value": "b"}]))["AssociationDescription"]
    id = made["AssociationId"]
    # The one that a store begins with has made way.
    assert [a["AssociationId"] for a in ssm.list_associations()["Associations"]] == [id]
    with pytest.raises(ssm.exceptions.AssociationAlreadyExists):
        ssm.create_association(**everything())
    told = ssm.describe_association(AssociationId=id)["AssociationDescription"]
    assert told["Parameters"] == {"applications": ["Enabled"], "services": ["Disabled"]}
    assert told["ScheduleExpression"] == "rate(30 minutes)" and told["AssociationVersion"] == "1"
    tags = ssm.list_tags_for_resource(ResourceType="Association", ResourceId=id)["TagList"]
    assert tags == [{"Key": "a", "Value": "b"}]
    changed = ssm.update_association(
        AssociationId=id, ScheduleExpression="rate(1 hour)")["AssociationDescription"]
    assert changed["AssociationVersion"] == "2" and "Parameters" not in changed
    assert changed["Targets"] == [{"Key": "InstanceIds", "Values": ["*"]}]
    versions = ssm.list_association_versions(AssociationId=id)["AssociationVersions"]
    assert [v["AssociationVersion"] for v in versions] == ["2", "1"]
    assert ssm.describe_association(AssociationId=id, AssociationVersion="1")[
        "AssociationDescription"]["ScheduleExpression"] == "rate(30 minutes)"
    ssm.delete_association(AssociationId=id)
    with pytest.raises(ssm.exceptions.AssociationDoesNotExist):
        ssm.describe_association(AssociationId=id)
    assert ssm.list_associations()["Associations"] == []


@pytest.mark.parametrize("change, error", [
    ({"Name": "AWS-RunShellScript"}, "InvalidDocument"),
    ({"DocumentVersion": "9"}, "InvalidDocumentVersion"),
    ({"ScheduleExpression": "daily"}, "InvalidSchedule"),
    ({"ScheduleExpression": "rate(5 minutes)"}, "InvalidSchedule"),
    *(({"ScheduleExpression": f"cron({fields})"}, "InvalidSchedule") for fields in (
        "0 2", "0 2 * * * *", "0 2 1 * MON *", "0 2 32W * ? *", "0 2 ? * 2#6 *", "0 25 * * ? *")),
    ({"Parameters": {"unknown": ["x"]}}, "InvalidParameters"),
    ({"Parameters": {"applications": ["perhaps"]}}, "InvalidParameters"),
    ({"Parameters": {"files": ["no json"]}}, "InvalidParameters"),
    ({"Targets": [{"Key": "color", "Values": ["x"]}]}, "InvalidTarget"),
    ({"Targets": []}, "InvalidTarget"),
])
def test_an_association_that_cannot_be(ssm, change, error):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        ssm.create_association(**(everything() | change))
    assert code(raised) == error


def test_one_that_names_a_node_takes_the_place_of_one_for_all(account):
    ssm, agent = account.client(), live(account)
    overall = agent.associations()[0]["AssociationId"]
    own = ssm.create_association(
        Name=DOCUMENT, Targets=[{"Key": "InstanceIds", "Values": [agent.id]}],
        ScheduleExpression="rate(1 day)", Parameters={"services": ["Enabled"]})
    own = own["AssociationDescription"]["AssociationId"]
    assert [a["AssociationId"] for a in agent.associations()] == [own]
    told = {s["AssociationId"]: s for s in ssm.describe_instance_associations_status(
        InstanceId=agent.id)["InstanceAssociationStatusInfos"]}
    assert told[overall]["Status"] == "Skipped"
    assert told[overall]["ExecutionSummary"] == "Overridden By Explicit Inventory Association"
    assert told[own]["Status"] == "Pending"


def test_two_that_name_a_node_are_one_for_it(account):
    ssm, agent = account.client(), live(account)
    ssm.add_tags_to_resource(ResourceType="ManagedInstance", ResourceId=agent.id, Tags=[
        {"Key": "env", "Value": "prod"}])
    first = ssm.create_association(
        Name=DOCUMENT, Targets=[{"Key": "tag:env", "Values": ["prod"]}],
        ScheduleExpression="rate(1 day)",
        Parameters={"services": ["Disabled"], "files": ['[{"Path":"/etc"}]']})
    ssm.create_association(
        Name=DOCUMENT, Targets=[{"Key": "InstanceIds", "Values": [agent.id]}],
        ScheduleExpression="rate(2 hours)",
        Parameters={"services": ["Enabled"], "files": ['[{"Path":"/usr"}]']})
    found = agent.associations()
    assert len(found) == 1
    assert found[0]["AssociationId"] == first["AssociationDescription"]["AssociationId"]
    assert found[0]["ScheduleExpression"] == "rate(2 hours)"
    assert found[0]["Parameters"]["services"] == ["Enabled"]
    assert json.loads(found[0]["Parameters"]["files"][0]) == [{"Path": "/etc"}, {"Path": "/usr"}]
    agent.run_due(modelled_snapshot(packages=3))
    told = ssm.describe_instance_associations_status(InstanceId=agent.id)
    assert sorted(s["Status"] for s in told["InstanceAssociationStatusInfos"]) == [
        "Skipped", "Success", "Success"]


def test_a_change_makes_nodes_run_again(account):
    ssm, agent = account.client(), live(account)
    snapshot = modelled_snapshot(packages=3)
    assert agent.run_due(snapshot) == 1
    before = agent.associations()[0]
    ssm.update_association(AssociationId=before["AssociationId"],
                           ScheduleExpression="rate(1 hour)")
    after = agent.associations()[0]
    assert after["Checksum"] != before["Checksum"] and Agent.due(after)
    assert agent.run_due(snapshot) == 1
    assert agent.run_due(snapshot) == 0


def test_executions_and_their_nodes(account):
    ssm, agents = account.client(), [live(account) for _ in range(3)]
    id = agents[0].associations()[0]["AssociationId"]
    for agent in agents[:2]:
        agent.run_due(modelled_snapshot(packages=3))
    association = agents[2].associations()[0]
    agents[2].report_status(association, "InProgress")
    agents[2].report_status(association, "Failed", "it broke", "ExecutionError")
    executions = ssm.describe_association_executions(AssociationId=id)["AssociationExecutions"]
    assert len(executions) == 1
    assert executions[0]["ResourceCountByStatus"] == "{Failed=1, Success=2}"
    assert executions[0]["Status"] == "Failed"
    targets = ssm.describe_association_execution_targets(
        AssociationId=id, ExecutionId=executions[0]["ExecutionId"])["AssociationExecutionTargets"]
    assert {(t["ResourceId"], t["Status"]) for t in targets} == {
        (agents[0].id, "Success"), (agents[1].id, "Success"), (agents[2].id, "Failed")}
    failed = ssm.describe_association_execution_targets(
        AssociationId=id, ExecutionId=executions[0]["ExecutionId"],
        Filters=[{"Key": "Status", "Value": "Failed"}])["AssociationExecutionTargets"]
    assert [t["ResourceId"] for t in failed] == [agents[2].id]
    told = ssm.describe_instance_associations_status(InstanceId=agents[2].id)[
        "InstanceAssociationStatusInfos"][0]
    assert (told["ExecutionSummary"], told["ErrorCode"]) == ("it broke", "ExecutionError")
    # Failed counts as run: not again at every question.
    assert not Agent.due(agents[2].associations()[0])


# Messages.

def test_there_is_no_control_channel(hybrid):
    status, body = live(hybrid).control_channel()
    assert status not in (200, 201) and b"<AccessDeniedException>" in body


def test_a_question_for_messages_waits(hybrid):
    agent = live(hybrid)
    start = time.monotonic()
    assert agent.messages() == []
    assert time.monotonic() - start >= 1.5


def test_a_waiting_agent_collects_at_once(account):
    ssm, agent = account.client(), live(account)
    snapshot = modelled_snapshot(packages=3)
    agent.run_due(snapshot)
    id = agent.associations()[0]["AssociationId"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(agent.messages)
        time.sleep(0.5)
        ssm.start_associations_once(AssociationIds=[id])
        messages = waiting.result(timeout=3)
    assert len(messages) == 1 and messages[0]["Destination"] == agent.id
    assert agent.associations()[0]["DetailedStatus"] == "Pending"
    snapshot[APP] = ("1.1", snapshot[APP][1][:2])
    agent.handle(messages[0], snapshot)
    assert len(entries(ssm, agent.id)) == 2
    assert not Agent.due(agent.associations()[0])
    assert agent.messages() == []
    executions = ssm.describe_association_executions(AssociationId=id)["AssociationExecutions"]
    assert len(executions) == 2
    with pytest.raises(ssm.exceptions.AssociationDoesNotExist):
        ssm.start_associations_once(AssociationIds=["00000000-0000-0000-0000-000000000000"])


def test_who_was_asked_before_it_waited_is_told_when_it_waits(account):
    ssm, agent = account.client(), live(account)
    agent.run_due(modelled_snapshot(packages=3))
    ssm.start_associations_once(AssociationIds=[agent.associations()[0]["AssociationId"]])
    assert len(agent.messages(visibility=1)) == 1
    account.kill()  # messages are in memory, what they ask for is not
    account.start()
    agent.endpoint = Agent(account.url, key=KEY).endpoint
    messages = agent.messages()
    assert len(messages) == 1
    agent.handle(messages[0], modelled_snapshot(packages=3))
    assert agent.messages() == []


def test_a_message_that_nobody_took_comes_again(account):
    ssm, agent = account.client(), live(account)
    agent.run_due(modelled_snapshot(packages=3))
    agent.messages(visibility=1)
    ssm.start_associations_once(AssociationIds=[agent.associations()[0]["AssociationId"]])
    first = agent.messages(visibility=1)
    time.sleep(1.2)
    assert [m["MessageId"] for m in agent.messages(visibility=1)] == [first[0]["MessageId"]]


def test_a_stop_does_not_wait_for_those_who_wait():
    server = Server("--message-wait-seconds", "60")
    agent = live(server)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(agent.messages)
        time.sleep(0.5)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 20
        waiting.exception(timeout=30)
    server.close()


# Faults.

def test_a_server_killed_while_agents_register_orphans_and_doubles_nobody():
    server = Server()
    try:
        id, secret = activation(server.client(), RegistrationLimit=100)
        agents = [Agent(server.url) for _ in range(12)]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            def attempt(agent):
                try:
                    agent.register(id, secret)
                except (AgentError, OSError):
                    pass
            futures = [pool.submit(attempt, agent) for agent in agents]
            time.sleep(0.02)
            server.kill()
            for future in futures:
                future.result()
        server.start()
        for agent in agents:
            agent.endpoint = Agent(server.url, key=KEY).endpoint
            known = agent.id
            agent.register(id, secret)
            assert known in (None, agent.id)
            agent.request_token()
            agent.ping()
        ssm = server.client()
        count = ssm.describe_activations()["ActivationList"][0]["RegistrationsCount"]
        nodes = [n["InstanceId"] for page in
                 ssm.get_paginator("describe_instance_information").paginate()
                 for n in page["InstanceInformationList"]]
        assert count == len(agents) and sorted(nodes) == sorted(a.id for a in agents)
    finally:
        server.close()


# Answers and connections.

def test_answers_have_the_shape_of_the_model(account):
    agent = live(account)
    agent.run_due(modelled_snapshot(packages=3))
    ssm = account.client()
    association = ssm.list_associations()["Associations"][0]["AssociationId"]
    execution = ssm.describe_association_executions(AssociationId=association)[
        "AssociationExecutions"][0]["ExecutionId"]
    asked = {
        "CreateActivation": {"IamRole": "r", "Tags": [{"Key": "a", "Value": "b"}]},
        "DescribeActivations": {}, "DescribeInstanceInformation": {},
        "DescribeInstanceProperties": {}, "ListAssociations": {},
        "DescribeAssociation": {"AssociationId": association},
        "ListAssociationVersions": {"AssociationId": association},
        "DescribeAssociationExecutions": {"AssociationId": association},
        "DescribeAssociationExecutionTargets": {
            "AssociationId": association, "ExecutionId": execution},
        "DescribeInstanceAssociationsStatus": {"InstanceId": agent.id},
        "UpdateAssociation": {"AssociationId": association, "ScheduleExpression": "rate(1 day)"},
        "GetDocument": {"Name": DOCUMENT}, "DescribeDocument": {"Name": DOCUMENT},
        "ListDocuments": {},
        "UpdateManagedInstanceRole": {"InstanceId": agent.id, "IamRole": "r"},
        "StartAssociationsOnce": {"AssociationIds": [association]},
        "DeregisterManagedInstance": {"InstanceId": agent.id},
        "DeleteAssociation": {"AssociationId": association},
    }
    for operation, members in asked.items():
        status, answer = send_whole(account, json.dumps(members).encode(), operation=operation)
        assert status == 200, (operation, answer)
        check(MODEL.operation_model(operation).output_shape, json.loads(answer), operation)


def test_over_tls_with_certificates_of_its_own(tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(key),
         "-out", str(certificate)], check=True, capture_output=True)
    server = Server("--tls-cert", str(certificate), "--tls-key", str(key))
    try:
        id, secret = server_activation(server)
        agent = Agent(server.url, ca=str(certificate))
        agent.register(id, secret)
        agent.start()
        assert agent.run_due(modelled_snapshot(packages=5)) == 1
        state, config = tmp_path / "state", tmp_path / "collect.yaml"
        config.write_text("types: [Custom:RubyGem]\n")  # of an empty machine little else can be told
        for command in (["register", "--server", server.url, "--activation-id", id,
                         "--activation-code", secret, "--cacert", str(certificate)],
                        ["run", "--once", "--root", str(tmp_path), "--config", str(config)]):
            subprocess.run([STOCKTAKE, "agent", *command, "--state", str(state)], check=True,
                           timeout=60)
    finally:
        server.close()


def server_activation(server):
    """An activation by the command line, beside the running server."""
    made = json.loads(server.command(
        "activation", "create", "--limit", "5", "--format", "json").stdout)[0]
    return made["activationId"], made["activationCode"]


def test_the_probe_walks_through_a_nodes_life(account):
    id, secret = server_activation(account)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("agent.py"), "probe", "--endpoint", account.url,
         "--activation-id", id, "--activation-code", secret],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:-1]] == [
        "register", "credentials", "ping", "control channel", "associations", "inventory",
        "inventory again", "messages"]
    wrong = subprocess.run(
        [sys.executable, Path(__file__).with_name("agent.py"), "probe", "--endpoint", account.url,
         "--activation-id", id, "--activation-code", "0" * 32],
        capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 1 and "InvalidActivation" in wrong.stdout


def test_hundreds_of_agents_at_once(account):
    """Register, collect and ping, all at the same time; each node is there once, with its own rack."""
    ssm = account.client()
    id, secret = activation(ssm, RegistrationLimit=200)
    def life(number):
        agent = Agent(account.url, seed=number)
        agent.register(id, secret)
        agent.start()
        agent.run_due(modelled_snapshot(number, packages=40))
        agent.ping()
        return agent.id, number
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        lives = dict(pool.map(life, range(200)))
    assert len(lives) == 200
    for node_id, number in list(lives.items())[::20]:
        assert entries(ssm, node_id, "Custom:Rack") == [{"Name": "rack", "Position": str(number)}]
        assert len(entries(ssm, node_id)) == 40
    execution = ssm.describe_association_executions(
        AssociationId=ssm.list_associations()["Associations"][0]["AssociationId"])
    assert execution["AssociationExecutions"][0]["ResourceCountByStatus"] == "{Success=200}"


def test_a_server_killed_while_nodes_upload_heals(account):
    agents = [live(account, seed=number) for number in range(6)]
    for agent in agents:
        agent.put_inventory(modelled_snapshot(agent.random.randrange(9), packages=50))
    wanted = {}
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        def upload(agent):
            for round_ in range(5):
                wanted[agent.id] = [package(f"p{round_}-{n}") for n in range(300)]
                try:
                    agent.retries = 0
                    agent.put_inventory({APP: ("1.1", wanted[agent.id])})
                except (AgentError, OSError):
                    return
        futures = [pool.submit(upload, agent) for agent in agents]
        time.sleep(0.05)
        account.kill()
        for future in futures:
            future.result()
    account.start()
    ssm = account.client()
    for agent in agents:
        # Whatever the server had taken, what the agent says next is what is there.
        agent.endpoint = Agent(account.url, key=KEY).endpoint
        agent.put_inventory({APP: ("1.1", wanted[agent.id])})
        assert len(entries(ssm, agent.id)) == 300
        assert {row["Name"] for row in entries(ssm, agent.id)} == {
            row["Name"] for row in wanted[agent.id]}


def test_a_herd_that_comes_back_at_once_is_told_to_wait_and_gets_through():
    """More at a time than the server takes: the others are throttled, and the agent's retries suffice."""
    # Room for three reports of an address at a time.
    server = Server("--body-bytes-in-flight-max", "200000")
    try:
        agents = [live(server, seed=number) for number in range(24)]
        throttled = []
        def come_back(agent):
            agent.pause_scale, parse = 0.3, agent._parse
            def note(status, raw):
                if b"ThrottlingException" in raw:
                    throttled.append(agent.id)
                return parse(status, raw)
            agent._parse = note
            agent.retries = 6
            return agent.run_due(modelled_snapshot(agent.random.randrange(99), packages=300))
        server.stop()
        server.start()
        for agent in agents:
            agent.endpoint = Agent(server.url, key=KEY).endpoint
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            assert list(pool.map(come_back, agents)) == [1] * 24
        ssm = server.client()
        assert throttled, "the server took all at once: the test shows nothing"
        for agent in agents:
            assert len(entries(ssm, agent.id)) == 300
    finally:
        server.close()
