"""The AWS CLI, as people and scripts call it: the current one, and Debian's where it is installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import node, package, stamp

CURRENT = str(Path(sys.executable).with_name("aws"))
DEBIAN = "/usr/bin/aws"
# What a service error makes of the first generation, and of the second.
REFUSED = (255, 254)
GENERATIONS = [CURRENT] + ([DEBIAN] if os.access(DEBIAN, os.X_OK) else [])


@pytest.fixture(params=GENERATIONS, ids=lambda path: "debian" if path == DEBIAN else "current")
def aws(request, server):
    key = server.key("--account", "333333333333", "--permissions", "admin",
                     "--regions", "eu-west-1")
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": key["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"], "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": ""}

    def run(*arguments, status=(0,)):
        done = subprocess.run(
            [request.param, "ssm", *arguments, "--endpoint-url", server.url, "--output", "json"],
            env=environment, capture_output=True, text=True)
        assert done.returncode in status, done.stdout + done.stderr
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else done.stderr

    return run


def test_inventory_there_and_back_in_time(aws):
    for version, days in (("1", 20), ("2", 10)):
        aws("put-inventory", "--instance-id", node(7), "--items", json.dumps([{
            "TypeName": "AWS:Application", "SchemaVersion": "1.1",
            "CaptureTime": stamp(days * 86400), "Content": [package("openssl", version)]}]))
    now = aws("list-inventory-entries", "--instance-id", node(7), "--type-name", "AWS:Application")
    assert now["Entries"] == [package("openssl", "2")]
    then = aws("list-inventory-entries", "--instance-id", node(7), "--type-name",
               "AWS:Application", "--filters",
               f"Key=Stocktake:At,Values={stamp(15 * 86400)},Type=Equal")
    assert then["Entries"] == [package("openssl", "1")]
    found = aws("get-inventory", "--filters", "Key=AWS:Application.Name,Values=openssl,Type=Equal",
                f"Key=Stocktake:At,Values={stamp(15 * 86400)},Type=Equal")
    assert [entity["Id"] for entity in found["Entities"]] == [node(7)]


def test_errors_and_no_answers(aws):
    assert "InvalidInstanceId" in aws(
        "list-inventory-entries", "--instance-id", node(99), "--type-name", "AWS:Application",
        status=REFUSED)


def test_other_operations(aws):
    aws("put-inventory", "--instance-id", node(8), "--items", json.dumps([{
        "TypeName": "Custom:Rack", "SchemaVersion": "1.0", "CaptureTime": stamp(5),
        "Content": [{"Rack": "1"}]}]))
    assert aws("get-inventory-schema", "--type-name", "Custom:Rack")["Schemas"]
    aws("add-tags-to-resource", "--resource-type", "ManagedInstance", "--resource-id", node(8),
        "--tags", "Key=env,Value=prod")
    aws("put-compliance-items", "--resource-id", node(8), "--resource-type", "ManagedInstance",
        "--compliance-type", "Custom:Check", "--execution-summary", f"ExecutionTime={stamp(3)}",
        "--items", "Id=a,Title=t,Severity=HIGH,Status=NON_COMPLIANT")
    assert aws("list-compliance-summaries")["ComplianceSummaryItems"]
    listed = aws("describe-instance-information")["InstanceInformationList"]
    assert node(8) in [i["InstanceId"] for i in listed]
