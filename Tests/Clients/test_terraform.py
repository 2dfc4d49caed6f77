"""Terraform and its AWS provider, where they are on the machine: apply, an empty plan, destroy."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Server
from test_agent import live

PROVIDER = "registry.terraform.io/hashicorp/aws"


def plugins():
    """A folder that has the provider; none can be fetched here."""
    named = os.environ.get("STOCKTAKE_TERRAFORM_PLUGINS")
    places = [named] if named else [
        Path.home() / ".terraform.d/plugins", "/usr/local/share/terraform/plugins",
        *Path("/opt").glob("*")]
    return next((str(place) for place in places if (Path(place) / PROVIDER).is_dir()), None)


pytestmark = pytest.mark.skipif(
    shutil.which("terraform") is None or plugins() is None,
    reason="terraform or its AWS provider is not there")

CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {}
data "aws_caller_identity" "me" {}
resource "aws_ssm_activation" "one" {
  iam_role = "any"
}
resource "aws_ssm_activation" "office" {
  name               = "office"
  description        = "the machines in the office"
  iam_role           = "role"
  registration_limit = 5
  tags               = { env = "prod" }
}
resource "aws_ssm_association" "inventory" {
  name                = "AWS-GatherSoftwareInventory"
  association_name    = "daily"
  schedule_expression = "rate(%(hours)d hours)"
  parameters          = { applications = "Enabled", services = "Disabled" }
  tags                = { env = "prod" }
  targets {
    key    = "InstanceIds"
    values = ["*"]
  }
}
data "aws_ssm_instances" "linux" {
  filter {
    name   = "PlatformTypes"
    values = ["Linux"]
  }
}
output "nodes" { value = data.aws_ssm_instances.linux.ids }
output "account" { value = data.aws_caller_identity.me.account_id }
"""


def test_what_terraform_makes_is_what_it_finds(tmp_path):
    server = Server()
    try:
        agent = live(server)
        # Nothing but what the first key's file says: no option of the provider's.
        environment = os.environ | server.first_key | {
            "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": ""}

        def terraform(*arguments, codes=(0,)):
            done = subprocess.run(["terraform", *arguments], cwd=tmp_path, env=environment,
                                  capture_output=True, text=True, timeout=200)
            assert done.returncode in codes, done.stdout + done.stderr
            return done

        def configure(hours):
            (tmp_path / "main.tf").write_text(CONFIGURATION % {"hours": hours})

        configure(24)
        terraform("init", "-no-color", "-plugin-dir", plugins())
        terraform("apply", "-no-color", "-auto-approve")
        terraform("plan", "-no-color", "-detailed-exitcode")  # exits with 2 where anything differs
        nodes = json.loads(terraform("output", "-json", "nodes").stdout)
        assert nodes == [agent.id]
        assert json.loads(terraform("output", "-json", "account").stdout) == "000000000000"
        ssm = server.client()
        mine = [{"FilterKey": "DefaultInstanceName", "FilterValues": ["office"]}]
        assert len(ssm.describe_activations(Filters=mine)["ActivationList"]) == 1
        assert agent.associations()[0]["ScheduleExpression"] == "rate(24 hours)"
        configure(12)
        terraform("apply", "-no-color", "-auto-approve")
        terraform("plan", "-no-color", "-detailed-exitcode")
        assert agent.associations()[0]["ScheduleExpression"] == "rate(12 hours)"
        assert agent.associations()[0]["Parameters"]["services"] == ["Disabled"]
        terraform("destroy", "-no-color", "-auto-approve")
        assert ssm.describe_activations(Filters=mine)["ActivationList"] == []
        assert ssm.list_associations()["Associations"] == []
    finally:
        server.close()
