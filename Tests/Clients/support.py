"""What the tests share."""

import datetime
import os
import re

import botocore.exceptions
import pytest

APP = "AWS:Application"
INFO = "AWS:InstanceInformation"

# What libraries, compilers and builds say of themselves; nobody who runs the program can do anything with it.
FOREIGN = re.compile(
    r"Error Domain|NSCocoa|NSPOSIX|NIO|Humming[bB]ird|AsyncHTTP|HTTPClientError|BoringSSL|OPENSSL_|routines:"
    r"|\.swift\b|\.cc\b|errno\b|/\.build/|checkouts|DecodingError|CodingKeys|\bOptional\(|\bnil\b|Swift\."
    r"|Foundation|Fatal error|\*\*\*|\b0x[0-9a-f]{6,}|[a-z]+Error\(|\bcode: -?\d|[A-Z]+_ERROR\b")


def long_form(short, long):
    """How often something is tried: more with STOCKTAKE_TORTURE=1, as `make torture` sets it."""
    return long if os.environ.get("STOCKTAKE_TORTURE") else short


def stamp(when):
    """A capture time; a number is seconds before now."""
    if not isinstance(when, datetime.datetime):
        when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=when)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def node(number):
    return f"i-{number:017x}"


def item(content, type=APP, when=0, version="1.0", hash=None):
    entry = {"TypeName": type, "SchemaVersion": version,
             "CaptureTime": when if isinstance(when, str) else stamp(when)}
    if content is not None:
        entry["Content"] = content
    if hash is not None:
        entry["ContentHash"] = hash
    return entry


def package(name, version="1.0", **more):
    return {"Name": name, "Version": version, "Architecture": "x86_64", **more}


def information(id, **more):
    return {"InstanceId": id, "ComputerName": f"host-{id[-4:]}", "PlatformType": "Linux",
            "PlatformName": "Debian GNU/Linux", "PlatformVersion": "12", "AgentVersion": "3.3.0.0",
            **more}


def put(ssm, id, content, type=APP, **more):
    return ssm.put_inventory(InstanceId=id, Items=[item(content, type, **more)])


def entries(ssm, id, type=APP, **more):
    """All rows, over all pages, sorted."""
    rows, token = [], None
    while True:
        page = ssm.list_inventory_entries(
            InstanceId=id, TypeName=type, **({"NextToken": token} if token else {}), **more)
        rows += page["Entries"]
        token = page.get("NextToken")
        if not token:
            return sorted(rows, key=lambda row: sorted(row.items()))


def ids(ssm, *filters, **more):
    """The ids of the nodes that fulfil filters (key, type, values…)."""
    if filters:
        more["Filters"] = [
            {"Key": key, "Type": type, "Values": list(values)} for key, type, *values in filters]
    pages = ssm.get_paginator("get_inventory").paginate(**more)
    return [entity["Id"] for page in pages for entity in page["Entities"]]


class refused:
    """Expects an error by its name; `value` is the answer."""

    def __init__(self, *names):
        self.names = names

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            pytest.fail(f"no error, where one of {self.names} was expected")
        if not isinstance(error, botocore.exceptions.ClientError):
            return False
        self.value = error.response
        code = error.response["Error"]["Code"]
        assert code in self.names, f"{code}: {error.response['Error']['Message']}"
        return True
