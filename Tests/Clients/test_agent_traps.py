"""What stands between an unmodified amazon-ssm-agent and a server: each case is one it would stumble over."""

import json

import botocore.exceptions
import pytest
from agent import Agent, modelled_snapshot
from conftest import Server
from support import entries
from test_agent import DOCUMENT, account, everything, live  # noqa: F401

@pytest.fixture(scope="module")
def hybrid():
    server = Server("--message-wait-seconds", "2", "--log-level", "warning")
    yield server
    server.close()


@pytest.fixture
def ssm(hybrid):
    return hybrid.client()


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
