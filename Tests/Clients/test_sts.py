"""The Security Token Service, as far as tools ask it whose keys they have; and the query protocol."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import boto3
import http.client
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from support import refused
from test_agent import account, live  # noqa: F401

FORM = "application/x-www-form-urlencoded; charset=utf-8"
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
SPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def sts(server, id, secret, token=None, region="us-east-1"):
    return boto3.client(
        "sts", endpoint_url=server.url, region_name=region, aws_access_key_id=id,
        aws_secret_access_key=secret, aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}))


def test_a_key_is_a_user_of_its_account(server):
    key = server.key("--account", "111122223333")
    told = sts(server, key["accessKeyId"], key["secretAccessKey"]).get_caller_identity()
    assert (told["Account"], told["UserId"], told["Arn"]) == (
        "111122223333", key["accessKeyId"], f"arn:aws:iam::111122223333:user/{key['accessKeyId']}")
    assert told["ResponseMetadata"]["RequestId"]


def test_a_node_is_a_session_of_its_role(account):
    agent = live(account)
    keys = agent.credentials
    told = sts(account, keys.access_key, keys.secret_key, keys.token).get_caller_identity()
    assert told["Arn"] == f"arn:aws:sts::000000000000:assumed-role/Stocktake/{agent.id}"
    assert told["UserId"] == f"{keys.access_key}:{agent.id}"


def test_who_is_not_believed_is_told_nothing(server):
    key = server.key("--account", "111122223333", "--regions", "us-east-1")
    for id, secret, token, region, name in [
            (key["accessKeyId"], "wrong", None, "us-east-1", "SignatureDoesNotMatch"),
            ("AKIA" + "2" * 16, "x", None, "us-east-1", "InvalidClientTokenId"),
            ("ASIA" + "0" * 16, "x", "sealed by another", "us-east-1", "ExpiredToken"),
            (key["accessKeyId"], key["secretAccessKey"], None, "eu-west-1", "AccessDenied")]:
        with refused(name) as error:
            sts(server, id, secret, token, region).get_caller_identity()
        assert error.value["ResponseMetadata"]["HTTPStatusCode"] == 403


def ask(server, body, service="sts", is_signed=True, type=FORM):
    request = AWSRequest("POST", server.url + "/", data=body, headers={"Content-Type": type})
    key = server.first_key
    if is_signed:
        SigV4Auth(Credentials(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"]), service,
                  "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.request("POST", "/", body, dict(request.headers))
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers["Content-Type"], text


@pytest.mark.parametrize("body, more, status, code", [
    (b"Action=AssumeRole&Version=2011-06-15", {}, 400, "InvalidAction"),
    (b"Action=ListUsers&Version=2010-05-08", {"service": "iam"}, 400, "InvalidAction"),
    (b"Action=GetCallerIdentity&Version=2000-01-01", {}, 400, "InvalidAction"),
    (b"Action=%3Cb%3E%00+%26&Version=2011-06-15", {}, 400, "InvalidAction"),
    (b"Version=2011-06-15", {}, 400, "MissingAction"),
    (b"", {}, 400, "MissingAction"),
    (b"&&=&%&%zz&Action", {}, 400, "MissingAction"),
    (b"Action=GetCallerIdentity&Version=2011-06-15" + b"&x=y" * 10_000, {}, 413,
     "RequestEntityTooLarge"),
    (IDENTITY, {"is_signed": False}, 403, "MissingAuthenticationToken"),
    (IDENTITY, {"service": "ssm"}, 403, "SignatureDoesNotMatch"),
])
def test_a_query_is_answered_by_an_error_of_its_protocol(server, body, more, status, code):
    answer = ask(server, body, **more)
    assert answer[:2] == (status, "text/xml"), answer
    root = ElementTree.fromstring(answer[2])
    assert root.tag == SPACE + "ErrorResponse"
    assert root.findtext(f"{SPACE}Error/{SPACE}Code") == code
    assert root.findtext(f"{SPACE}Error/{SPACE}Type") == "Sender"
    assert root.findtext(f"{SPACE}Error/{SPACE}Message") and root.findtext(SPACE + "RequestId")


def test_what_is_no_query_is_answered_in_json(server):
    status, type, text = ask(server, b"{}", type="application/x-amz-json-1.1")
    assert (status, type) == (400, "application/x-amz-json-1.1") and "X-Amz-Target" in text


def test_the_first_key_alone_lets_the_command_line_ask(server):
    """With nothing but the file: no option, and nobody is asked outside of this machine."""
    environment = server.first_key | {
        "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1"}
    aws = str(Path(sys.executable).with_name("aws"))
    for command, expected in [
            (["sts", "get-caller-identity"], "arn:aws:iam::000000000000:user/"),
            (["ssm", "get-inventory"], "Entities")]:
        done = subprocess.run([aws, *command], env=environment, capture_output=True, text=True)
        assert done.returncode == 0 and expected in done.stdout, done.stderr
