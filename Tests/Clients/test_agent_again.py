"""What an agent, or a server, does for the second time: registers, runs, renews, hears of it."""

import concurrent.futures
import json
import os
import subprocess
import time
import urllib.parse

import pytest
from agent import AgentError, modelled_snapshot
from botocore.credentials import Credentials
from conftest import STOCKTAKE, Server
from support import APP, entries, node, package, put
from test_agent import (  # noqa: F401
    DOCUMENT, account, activation, everything, live, registered)
from test_auth import send_whole

SUMMARY = "AWS:ComplianceSummary"


def waits(agent, change, seconds=4):
    """The messages that a waiting agent gets after a change."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(agent.messages)
        time.sleep(0.3)
        change()
        return waiting.result(timeout=seconds)


# Registering.

@pytest.mark.parametrize("is_taken_out", [True, False])
def test_a_machine_that_registers_again_collects_at_once(account, is_taken_out):
    ssm, agent = account.client(), live(account)
    snapshot = modelled_snapshot(packages=3)
    assert agent.run_due(snapshot) == 1
    assert agent.run_due(snapshot) == 0
    if is_taken_out:
        ssm.deregister_managed_instance(InstanceId=agent.id)
        assert entries(ssm, agent.id) == []
    before = agent.id
    assert agent.register_again(*activation(ssm)) == before
    agent.request_token()
    agent.ping_first()
    agent.ping()
    told = ssm.describe_instance_associations_status(InstanceId=agent.id)
    assert [s["Status"] for s in told["InstanceAssociationStatusInfos"]] == ["Pending"]
    assert agent.run_due(snapshot) == 1
    assert len(entries(ssm, agent.id)) == 3
    assert entries(ssm, agent.id, "AWS:InstanceInformation")[0]["PlatformName"]
    assert agent.run_due(snapshot) == 0


def test_a_run_that_goes_on_while_its_node_is_taken_out_says_nothing_of_the_next(account):
    ssm, agent = account.client(), live(account)
    association = agent.associations()[0]
    agent.report_status(association, "InProgress")
    ssm.deregister_managed_instance(InstanceId=agent.id)
    agent.register_again(*activation(ssm))
    agent.request_token()
    assert agent.run_due(modelled_snapshot(packages=3)) == 1


# Credentials.

def with_another_secret(server):
    """The server starts again, and knows nothing of what it handed out."""
    server.stop()
    server.options = (*server.options, "--port", str(server.port),
                      "--key-file", str(server.directory / "another.key"))
    server.start()


@pytest.mark.parametrize("shares", [True, False])
def test_credentials_that_do_not_open_any_more_are_expired(account, shares):
    agent = live(account, shares=shares)
    with_another_secret(account)
    if shares:
        with pytest.raises(AgentError) as error:
            agent.ping()
        assert error.value.code == "ExpiredTokenException"
        agent.request_token()
    agent.ping()
    assert agent.run_due(modelled_snapshot(packages=3)) == 1


def test_credentials_of_somebody_else_are_not_known(account):
    agent = live(account)
    for id, token in [("ASIAIOSFODNN7EXAMPLE", agent.credentials.token), ("AKIA" + "0" * 16, "x")]:
        agent.credentials = Credentials(id, "secret", token)
        with pytest.raises(AgentError) as error:
            agent.ping()
        assert error.value.code == "UnrecognizedClientException"


def test_without_shared_credentials_no_key_is_exchanged():
    """So it says why the configuration in docs/agents.md shares them."""
    server = Server("--node-key-days-max", "0")
    try:
        for shares in (True, False):
            agent = registered(server, shares=shares)
            first = agent.key
            time.sleep(1.1)
            agent.request_token()
            assert (agent.key is not first) == shares
    finally:
        server.close()


# Collecting.

def test_a_run_on_a_quiet_machine_changes_nothing(account):
    ssm, agent = account.client(), live(account)
    snapshot = modelled_snapshot(packages=3)
    association = agent.associations()[0]
    seen = []
    for _ in range(3):
        assert agent.run_association(association, snapshot) == "Success"
        seen.append(ssm.list_compliance_items(
            ResourceIds=[agent.id])["ComplianceItems"][0]["ExecutionSummary"]["ExecutionTime"])
        time.sleep(1.1)
    assert seen == sorted(set(seen)), "the newest execution is told"
    for type in (SUMMARY, "AWS:ComplianceItem", APP):
        shown = json.loads(account.command(
            "history", agent.id, type, "--format", "json").stdout)
        assert len({row["validTime"] for row in shown}) == 1, (type, shown)
    summary = ssm.list_inventory_entries(InstanceId=agent.id, TypeName=SUMMARY)
    assert summary["CaptureTime"] >= seen[-1].strftime("%Y-%m-%dT%H:%M:%SZ")
    summaries = ssm.list_resource_compliance_summaries()["ResourceComplianceSummaryItems"]
    assert summaries[0]["ExecutionSummary"]["ExecutionTime"] == seen[-1]
    # It is kept, and a result that is another is a change again.
    account.stop()
    account.start()
    ssm = account.client()
    again = ssm.list_resource_compliance_summaries()["ResourceComplianceSummaryItems"]
    assert again[0]["ExecutionSummary"] == summaries[0]["ExecutionSummary"]
    agent.endpoint = urllib.parse.urlsplit(account.url)
    association["DetailedStatus"] = "Failed"
    agent.put_compliance([association])
    shown = json.loads(account.command("history", agent.id, SUMMARY, "--format", "json").stdout)
    assert len({row["validTime"] for row in shown}) == 2


def call_own(server, id):
    """CollectNow, as a program would: the status and the answer."""
    status, text = send_whole(
        server, json.dumps({"InstanceId": id}).encode(), target="Stocktake.CollectNow")
    return status, json.loads(text)


def collect_now(server, id):
    return subprocess.run(
        [STOCKTAKE, "collect-now", id, "--server", server.url], capture_output=True, text=True,
        env=os.environ | server.first_key)


def test_nobody_is_not_asked_to_collect(account):
    ssm, agent = account.client(), live(account)
    reports = node(7)
    put(ssm, reports, [package("a")])
    for id in (agent.id, reports):
        assert call_own(account, id) == (200, {"IsWaiting": False})
        assert collect_now(account, id).returncode == 0
    ssm.deregister_managed_instance(InstanceId=agent.id)
    for id in (agent.id, "mi-0ffffffffffffffff", node(9)):
        status, answer = call_own(account, id)
        assert (status, answer["__type"]) == (400, "InvalidInstanceId")
        done = collect_now(account, id)
        assert done.returncode == 1 and id in done.stderr and not done.stdout, done
    # Nor another account's.
    other = account.key("--account", "100000000009", "--permissions", "admin")
    foreign = {"AWS_ACCESS_KEY_ID": other["accessKeyId"],
               "AWS_SECRET_ACCESS_KEY": other["secretAccessKey"]}
    status, text = send_whole(account, json.dumps({"InstanceId": reports}).encode(),
                              target="Stocktake.CollectNow", key=foreign)
    assert json.loads(text)["__type"] == "InvalidInstanceId"


def test_a_new_association_reaches_a_waiting_agent(account):
    ssm, agent = account.client(), live(account)
    snapshot = modelled_snapshot(packages=3)
    agent.run_due(snapshot)
    made = []

    def create(**more):
        made.append(ssm.create_association(
            Name=DOCUMENT, **more)["AssociationDescription"]["AssociationId"])

    for change in (
            lambda: create(Targets=[{"Key": "InstanceIds", "Values": [agent.id]}],
                           ScheduleExpression="rate(1 day)"),
            lambda: ssm.update_association(
                AssociationId=made[0], ScheduleExpression="rate(2 days)")):
        messages = waits(agent, change)
        assert len(messages) == 1
        assert agent.handle(messages[0], snapshot) == 1
    # One that comes to the node by a tag.
    create(Targets=[{"Key": "tag:env", "Values": ["prod"]}], ScheduleExpression="rate(3 days)")
    messages = waits(agent, lambda: ssm.add_tags_to_resource(
        ResourceType="ManagedInstance", ResourceId=agent.id,
        Tags=[{"Key": "env", "Value": "prod"}]))
    assert len(messages) == 1
    assert agent.handle(messages[0], snapshot) == 1
    # One that is for its schedule alone, or for others, is no reason.
    assert waits(agent, lambda: (
        create(Targets=[{"Key": "InstanceIds", "Values": [node(1)]}],
               ScheduleExpression="rate(1 day)"),
        [ssm.delete_association(AssociationId=id) for id in made],
        create(Targets=[{"Key": "InstanceIds", "Values": [agent.id]}],
               ScheduleExpression="cron(0 2 ? * SUN *)", ApplyOnlyAtCronInterval=True))) == []


def test_a_message_is_not_given_twice_after_a_crash(account):
    agent = live(account)
    snapshot = modelled_snapshot(packages=3)
    agent.run_due(snapshot)
    port = account.port
    account.options = (*account.options, "--port", str(port))

    def crash():
        account.kill()
        account.start()

    [message] = waits(agent, lambda: call_own(account, agent.id))
    crash()  # Nobody acknowledged it: it comes again, as the message that it is.
    [again] = agent.messages()
    assert again["MessageId"] == message["MessageId"]
    agent.reply(again, "InProgress")
    agent.answer_message("AcknowledgeMessage", again)
    crash()
    assert agent.messages() == []
    # It is to run all the same, and is told so when it asks.
    assert agent.run_due(snapshot) == 1
    crash()
    assert agent.messages() == [] and agent.run_due(snapshot) == 0
    # The next is another.
    [other] = waits(agent, lambda: call_own(account, agent.id))
    assert other["MessageId"] != message["MessageId"]
    assert agent.handle(other, snapshot) == 1
    assert agent.logged == []


def test_no_data_sync_is_an_empty_list(account):
    assert account.client().list_resource_data_sync()["ResourceDataSyncItems"] == []
