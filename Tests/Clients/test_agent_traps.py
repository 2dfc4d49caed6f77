"""What stands between an unmodified amazon-ssm-agent and a server: each case is one it would stumble over."""

import json
import time

import botocore.exceptions
import pytest
from agent import Agent, AgentError, modelled_snapshot
from conftest import Server
from support import APP, entries, package
from test_agent import (  # noqa: F401
    DOCUMENT, KEY, account, activation, everything, hybrid, live, registered, ssm)

HOURS = 3600


def told(agent, association, status, ago=0, **more):
    """Says how a run went some seconds ago."""
    agent.call("UpdateInstanceAssociationStatus", InstanceId=agent.id,
               AssociationId=association["AssociationId"], ExecutionResult={
                   "Status": status, "ErrorCode": "", "ExecutionSummary": "",
                   "ExecutionDate": round(time.time() - ago, 3), **more})


# The document and its parameters.

def test_the_plugin_can_read_all_its_inputs(account):
    """Texts where the plugin wants texts, a list for the detector of changes; never an empty text."""
    ssm, agent = account.client(), live(account)
    document = json.loads(ssm.get_document(Name=DOCUMENT)["Content"])
    types = {name: parameter["type"] for name, parameter in document["parameters"].items()}
    assert {name for name, type in types.items() if type != "String"} == {"changeDetectionTypes"}
    ssm.create_association(**everything(
        ScheduleExpression="rate(12 hours)",
        Parameters={"customInventoryDirectory": ["/srv/inventory"], "services": ["Disabled"],
                    "changeDetectionTypes": ["AWS:Application", "AWS:Network"]}))
    assert agent.run_due(modelled_snapshot(packages=3)) == 1
    association = agent.associations()[0]
    inputs = Agent.inputs(association, agent.document(association))
    assert inputs["customInventoryDirectory"] == "/srv/inventory"
    assert inputs["changeDetectionTypes"] == ["AWS:Application", "AWS:Network"]


@pytest.mark.parametrize("values", [[], ["/a", "/b"]])
def test_a_text_is_one_text(ssm, values):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        ssm.create_association(**everything(Parameters={"customInventoryDirectory": values}))
    assert error.value.response["Error"]["Code"] == "InvalidParameters"


def test_what_is_disabled_is_not_gathered(account):
    ssm, agent = account.client(), live(account)
    ssm.create_association(**everything(Parameters={"applications": ["Disabled"]}))
    assert agent.run_due(modelled_snapshot(packages=3)) == 1
    assert entries(ssm, agent.id) == [] and entries(ssm, agent.id, "AWS:Network") != []


# Runs that go on, or whose end was lost.

def test_a_question_during_a_run_neither_fails_nor_repeats_it(account):
    """The last run was twelve hours ago, the next is on its way: the agent must not take it for stuck."""
    agent = live(account)
    association = agent.associations()[0]
    assert association["ScheduleExpression"] == "rate(12 hours)"
    told(agent, association, "Success", ago=13 * HOURS)
    assert Agent.due(agent.associations()[0])
    told(agent, association, "Pending")
    told(agent, association, "InProgress")
    during = agent.associations()[0]
    assert during["DetailedStatus"] == "InProgress"
    assert not Agent.is_stuck(during) and not Agent.due(during)
    told(agent, association, "Success")
    assert not Agent.due(agent.associations()[0])


def test_a_first_run_whose_end_was_lost_is_done_again(account):
    agent = live(account)
    association = agent.associations()[0]
    told(agent, association, "InProgress", ago=1)
    lost = agent.associations()[0]
    assert lost["DetailedStatus"] == "InProgress" and not Agent.due(lost)
    # Without a last execution it would never take the run for lost.
    assert Agent.is_stuck(lost, now=time.time() + 13 * HOURS)
    agent.report_status(lost, "Failed", "stuck", "StuckAtInProgress")
    assert Agent.due(agent.associations()[0], now=time.time() + 13 * HOURS)


# Registration and credentials.

def test_an_agent_that_registers_again_does_not_sleep(hybrid, ssm):
    """It keeps the credentials that have not expired, and starts with them."""
    agent = live(hybrid)
    assert agent.register_again(*activation(ssm)) == agent.id
    agent.sleep_scale = 0
    agent.start(hibernations=2)
    assert agent.slept == []
    agent.request_token()
    agent.ping()


def test_a_lost_answer_to_a_request_for_credentials_costs_seconds(hybrid):
    """The retries carry the same signature, which counts once; no refusal may send the agent to sleep."""
    agent = registered(hybrid)
    agent.sleep_scale = 0
    exchange, seen = agent._exchange, []

    def lossy(*arguments, **named):
        answer = exchange(*arguments, **named)
        seen.append(answer[0])
        if len(seen) == 1:
            raise ConnectionResetError("the answer was lost")
        return answer

    agent._exchange = lossy
    agent.obtain_token()
    assert seen == [200, 429, 429, 429, 200]
    assert len(agent.slept) == 1 and agent.slept[0] <= 20
    agent.ping()


def test_answers_to_key_exchanges_lost_in_a_row_orphan_nobody():
    server = Server("--node-key-days-max", "0")
    try:
        agent = registered(server)
        time.sleep(1.1)
        members = {"Fingerprint": agent.fingerprint}
        for _ in range(3):
            # It sends a new key, hears nothing, and has its own still.
            agent.send_signed(*agent.signed_by_key("UpdateManagedInstancePublicKey", {
                "NewPublicKey": agent.public_key(Agent(server.url).key),
                "NewPublicKeyType": "Rsa"}))
            agent.send_signed(*agent.signed_by_key("RequestManagedInstanceRoleToken", members))
        time.sleep(1.1)
        first = agent.key
        agent.request_token()
        assert agent.key is not first
        agent.request_token()
        with pytest.raises(AgentError) as error:
            agent.send_signed(*agent.signed_by_key(
                "RequestManagedInstanceRoleToken", members, key=first))
        assert error.value.code == "AccessDeniedException"
    finally:
        server.close()


# Sizes.

def test_all_that_an_agent_sends_in_one_call_is_taken(hybrid, ssm):
    """3,072 KiB of a type and 10,240 KiB a call are the agent's own limits."""
    agent = live(hybrid)
    rows = [package(f"p{number}", Summary="x" * 920) for number in range(3000)]
    types = [APP, "Custom:A", "Custom:B"]
    snapshot = {type: ("1.0", rows) for type in types}
    size = len(json.dumps(rows))
    assert 2800 << 10 < size < 3072 << 10 and 8 << 20 < len(types) * size < 10240 << 10
    agent.put_inventory(snapshot)
    assert len(entries(ssm, agent.id, "Custom:B")) == 3000
    assert ssm.get_inventory_schema()["Schemas"]


# Statuses by the older operation, and runs that failed for the server's sake.

def broken_once(agent, operation):
    """Has the agent's next call of an operation fail, after all its retries."""
    call, state = agent.call, {"left": 1}

    def failing(name, **members):
        if name == operation and state["left"]:
            state["left"] -= 1
            raise AgentError("InternalServerError", "on purpose", 500)
        return call(name, **members)

    agent.call = failing


def test_a_status_is_not_lost_where_the_list_failed_once(account):
    """From then on statuses come by the older operation, until the list comes again."""
    ssm, agent = account.client(), live(account)
    association = agent.associations()[0]
    agent.report_status(association, "InProgress")
    broken_once(agent, "ListInstanceAssociations")
    with pytest.raises(AgentError) as error:
        agent.associations()  # nodes may not list associations: the agent keeps what it knew
    assert error.value.code == "AccessDeniedException"
    assert agent.is_legacy
    agent.report_status(association, "InProgress", "it goes on")
    agent.report_status(association, "Success", "it went well")
    assert agent.logged == []
    status = ssm.describe_instance_associations_status(InstanceId=agent.id)[
        "InstanceAssociationStatusInfos"][0]
    assert (status["Status"], status["ExecutionSummary"]) == ("Success", "it went well")
    again = agent.associations()[0]
    assert not agent.is_legacy and not Agent.due(again) and again["DetailedStatus"] == "Success"
    assert again["LastExecutionDate"] > time.time() - 60


def test_the_older_operation_writes_for_the_node_alone(account):
    agent, other = live(account), live(account)
    status = {"Name": "Failed", "Message": "m", "Date": time.time()}
    for members, code in [
            ({"InstanceId": other.id, "Name": DOCUMENT}, "AccessDeniedException"),
            ({"InstanceId": agent.id, "Name": "AWS-RunShellScript"}, "AssociationDoesNotExist")]:
        with pytest.raises(AgentError) as error:
            agent.call("UpdateAssociationStatus", AssociationStatus=status, **members)
        assert error.value.code == code
    answer = agent.call(
        "UpdateAssociationStatus", InstanceId=agent.id, Name=DOCUMENT, AssociationStatus=status)
    assert set(answer["AssociationDescription"]) == {
        "Name", "InstanceId", "AssociationId", "Status"}


def test_every_association_that_is_described_has_a_status(account):
    ssm, agent = account.client(), live(account)
    id = ssm.list_associations()["Associations"][0]["AssociationId"]
    def name():
        return ssm.describe_association(AssociationId=id)["AssociationDescription"]["Status"]["Name"]
    assert name() == "Pending"
    agent.run_due(modelled_snapshot(packages=3))
    assert name() == "Success"


# There is no room for a report of a hundred packages and more, as on a server that is busy.
BUSY = ("--body-bytes-in-flight-max", "1")


def test_a_run_that_failed_since_the_server_was_busy_is_asked_for_again():
    """The agent gives up after four refusals and waits for its schedule, twelve hours here."""
    server = Server(*BUSY)
    try:
        agent, other = live(server), live(server)
        assert agent.run_due(modelled_snapshot(packages=300)) == 0
        assert "ThrottlingException" in str(agent.logged)
        for attempt in range(3):
            assert agent.associations()[0]["DetailedStatus"] == "Pending", attempt
            assert agent.run_due(modelled_snapshot(packages=300)) == 0
        # Not for ever: then the schedule counts.
        assert agent.associations()[0]["DetailedStatus"] == "Failed"
        assert other.run_due(modelled_snapshot(packages=300)) == 0
        server.stop()
        server.options = ()
        server.start()
        other.endpoint = Agent(server.url, key=KEY).endpoint
        deadline = time.monotonic() + 10
        while other.run_due(modelled_snapshot(packages=300)) != 1:
            assert time.monotonic() < deadline
        assert other.associations()[0]["DetailedStatus"] == "Success"
        assert len(entries(server.client(), other.id)) == 300
    finally:
        server.close()


def test_a_run_whose_document_did_not_come_is_asked_for_again(account):
    """The agent reports it as failed, and would ask for the document only when it is due again."""
    agent = live(account)
    broken_once(agent, "GetDocument")
    assert agent.run_due(modelled_snapshot(packages=3)) == 0
    assert agent.run_due(modelled_snapshot(packages=3)) == 1


def test_a_run_that_failed_by_itself_is_not_asked_for_again(account):
    agent = live(account)
    association = agent.associations()[0]
    told(agent, association, "InProgress")
    told(agent, association, "Failed")
    assert not Agent.due(agent.associations()[0])


def test_a_busy_server_takes_the_small_calls_by_which_agents_live():
    server = Server(*BUSY)
    try:
        agent = live(server)
        agent.retries = agent.sleep_scale = 0
        with pytest.raises(AgentError) as error:
            agent.put_inventory(modelled_snapshot(packages=300))
        assert (error.value.code, error.value.status) == ("ThrottlingException", 429)
        agent.renew = 0
        agent.start(hibernations=0)
        told(agent, agent.associations()[0], "InProgress")
    finally:
        server.close()


# Schedules.

def test_what_is_for_its_schedule_alone_does_not_run_at_once(account):
    ssm, agent = account.client(), live(account)
    ssm.create_association(**everything(
        ScheduleExpression="cron(0 0 1 1 ? *)", ApplyOnlyAtCronInterval=True))
    found = agent.associations()[0]
    assert not Agent.due(found) and Agent.due(found, now=time.time() + 366 * 24 * HOURS)
    ssm.start_associations_once(AssociationIds=[found["AssociationId"]])
    assert agent.run_due(modelled_snapshot(packages=3)) == 1
    assert not Agent.due(agent.associations()[0])
    ssm.update_association(AssociationId=found["AssociationId"],
                           ScheduleExpression="cron(0 0 2 1 ? *)")
    assert Agent.due(agent.associations()[0])  # as for all where nothing else is said


# Messages.

def asked_to_run(server, agent):
    """A message that the agent got and did nothing about yet."""
    ssm = server.client()
    agent.run_due(modelled_snapshot(packages=3))
    agent.messages(visibility=0)
    ssm.start_associations_once(AssociationIds=[agent.associations()[0]["AssociationId"]])
    return agent.messages(visibility=0)[0]


def test_a_message_that_the_agent_cannot_read_does_not_come_again(account):
    """It says so by a reply alone, and acknowledges nothing."""
    agent = live(account)
    message = asked_to_run(account, agent)
    assert agent.handle(message | {"Payload": "not JSON"}, {}) == 0
    assert agent.messages(visibility=0) == []


def test_a_message_that_the_agent_refuses_does_not_come_again(account):
    agent = live(account)
    message = asked_to_run(account, agent)
    assert agent.handle(message | {"Topic": "something else"}, {}) == 0
    assert agent.messages(visibility=0) == []


def test_a_message_in_progress_stays_until_it_is_acknowledged(account):
    agent = live(account)
    message = asked_to_run(account, agent)
    agent.reply(message, "InProgress")
    assert [m["MessageId"] for m in agent.messages(visibility=0)] == [message["MessageId"]]
    assert agent.handle(message, modelled_snapshot(packages=3)) == 1
    # The same command once more is acknowledged, and not run again.
    assert agent.handle(message, modelled_snapshot(packages=3)) == 0
    assert agent.messages(visibility=0) == []
    assert agent.logged == []


def test_a_message_of_which_nothing_is_heard_comes_a_few_times(account):
    agent = live(account)
    message = asked_to_run(account, agent)
    times = 1
    while found := agent.messages(visibility=0):
        assert [m["MessageId"] for m in found] == [message["MessageId"]]
        times += 1
        assert times < 10
    assert times == 5


def test_a_hidden_message_is_not_waited_past():
    """Nobody is woken when it shows again: the question must end by then."""
    server = Server("--message-wait-seconds", "15")
    try:
        agent = live(server)
        agent.run_due(modelled_snapshot(packages=3))
        server.client().start_associations_once(
            AssociationIds=[agent.associations()[0]["AssociationId"]])
        first = agent.messages(visibility=2)
        start = time.monotonic()
        assert agent.messages(visibility=2) == []
        assert [m["MessageId"] for m in agent.messages(visibility=2)] == [first[0]["MessageId"]]
        assert time.monotonic() - start < 8
    finally:
        server.close()


def test_a_node_that_was_taken_out_asks_slowly_and_is_told_once(account):
    ssm, agent = account.client(), live(account)
    ssm.deregister_managed_instance(InstanceId=agent.id)
    start = time.monotonic()
    for _ in range(2):
        with pytest.raises(AgentError) as error:
            agent.messages()
        assert error.value.code == "AccessDeniedException"
    assert time.monotonic() - start >= 3.5  # 2 s each, as long as any question waits here
    lines = [line for line in (account.directory / "log").read_text().splitlines()
             if '"refused"' in line and agent.id in line]
    assert len(lines) == 1, lines


# Compliance.

def test_compliance_as_a_hash_that_is_not_known_takes_nothing_away(account):
    ssm, agent = account.client(), live(account)
    agent.run_due(modelled_snapshot(packages=3))
    agent.call("PutComplianceItems", ResourceId=agent.id, ResourceType="ManagedInstance",
               ComplianceType="Association", Items=[], ItemContentHash="of another server",
               ExecutionSummary={"ExecutionTime": round(time.time(), 3), "ExecutionId": "",
                                 "ExecutionType": ""})
    found = ssm.list_compliance_items(
        ResourceIds=[agent.id], ResourceTypes=["ManagedInstance"])["ComplianceItems"]
    assert len(found) == 1
