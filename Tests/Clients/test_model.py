"""Walks the public service model: every constraint of every operation broken once, and met at its edge.

What is built comes from botocore's own model, so that nothing here repeats what the server believes.
"""

import copy
import json
import re

import boto3
import botocore.exceptions
import pytest
from support import node
from test_auth import send_whole

MODEL = boto3.client("ssm", region_name="x", aws_access_key_id="x",
                     aws_secret_access_key="x").meta.service_model
ITEM = {"TypeName": "AWS:Application", "SchemaVersion": "1.0",
        "CaptureTime": "2026-01-01T00:00:00Z", "Content": [{"Name": "a"}]}
FILTER = {"Key": "AWS:Application.Name", "Values": ["a"], "Type": "Equal"}
AGGREGATOR = {"AggregatorType": "Count", "TypeName": "Instance", "AttributeName": "PlatformType"}
SOURCE = {"SourceType": "SingleAccountMultiRegions", "SourceRegions": ["x"]}

# A request for each operation that is answered, with as many members as there are.
BASE = {
    "PutInventory": {"InstanceId": node(1), "Items": [ITEM]},
    "GetInventory": {"Filters": [FILTER], "MaxResults": 5,
                     "ResultAttributes": [{"TypeName": "AWS:Application"}]},
    "GetInventorySchema": {"TypeName": "AWS:Application", "MaxResults": 50, "Aggregator": False,
                           "SubType": False},
    "ListInventoryEntries": {"InstanceId": node(1), "TypeName": "AWS:Application",
                             "Filters": [FILTER], "MaxResults": 5},
    "DeleteInventory": {"TypeName": "Custom:Model", "SchemaDeleteOption": "DisableSchema",
                        "DryRun": True, "ClientToken": "01234567-89ab-cdef-0123-456789abcdef"},
    "DescribeInventoryDeletions": {"MaxResults": 5},
    "PutComplianceItems": {
        "ResourceId": node(1), "ResourceType": "ManagedInstance", "ComplianceType": "Association",
        "ExecutionSummary": {"ExecutionTime": 1767225600, "ExecutionId": "x", "ExecutionType": "x"},
        "Items": [{"Id": "a", "Title": "t", "Severity": "HIGH", "Status": "COMPLIANT",
                   "Details": {"a": "b"}}], "ItemContentHash": "h", "UploadType": "COMPLETE"},
    "ListComplianceItems": {
        "Filters": [{"Key": "Status", "Values": ["x"], "Type": "EQUAL"}],
        "ResourceIds": [node(1)], "ResourceTypes": ["ManagedInstance"], "MaxResults": 5},
    "ListComplianceSummaries": {
        "Filters": [{"Key": "Status", "Values": ["x"], "Type": "EQUAL"}], "MaxResults": 5},
    "ListResourceComplianceSummaries": {
        "Filters": [{"Key": "Status", "Values": ["x"], "Type": "EQUAL"}], "MaxResults": 5},
    "AddTagsToResource": {"ResourceType": "ManagedInstance", "ResourceId": node(1),
                          "Tags": [{"Key": "k", "Value": "v"}]},
    "RemoveTagsFromResource": {"ResourceType": "ManagedInstance", "ResourceId": node(1),
                               "TagKeys": ["k"]},
    "ListTagsForResource": {"ResourceType": "ManagedInstance", "ResourceId": node(1)},
    "DescribeInstanceInformation": {"Filters": [{"Key": "PingStatus", "Values": ["Online"]}],
                                    "MaxResults": 5},
    "DescribeInstanceProperties": {
        "FiltersWithOperator": [{"Key": "PingStatus", "Values": ["Online"], "Operator": "Equal"}],
        "MaxResults": 5},
    "ListNodes": {"Filters": [{"Key": "PlatformType", "Values": ["x"], "Type": "Equal"}],
                  "MaxResults": 5},
    "ListNodesSummary": {"Filters": [{"Key": "PlatformType", "Values": ["x"], "Type": "Equal"}],
                         "Aggregators": [AGGREGATOR], "MaxResults": 5},
}
# Not built: an error that says so. Their constraints are checked all the same.
NOT_YET = {
    "CreateResourceDataSync": {
        "SyncName": "s", "SyncType": "SyncToDestination", "SyncSource": SOURCE,
        "S3Destination": {"BucketName": "b", "Prefix": "p", "SyncFormat": "JsonSerDe",
                          "Region": "r", "AWSKMSKeyARN": "arn:x"}},
    "UpdateResourceDataSync": {"SyncName": "s", "SyncType": "x", "SyncSource": SOURCE},
    "DeleteResourceDataSync": {"SyncName": "s", "SyncType": "x"},
    "ListResourceDataSync": {"SyncType": "x", "MaxResults": 5},
}
ID = "01234567-89ab-cdef-0123-456789abcdef"
DOCUMENT = "AWS-GatherSoftwareInventory"
ASSOCIATION = {
    "DocumentVersion": "1", "Parameters": {"applications": ["Enabled"]},
    "Targets": [{"Key": "tag:model", "Values": ["a"]}], "ScheduleExpression": "rate(1 day)",
    "OutputLocation": {"S3Location": {"OutputS3Region": "us-east-1", "OutputS3BucketName": "bucket",
                                      "OutputS3KeyPrefix": "p"}},
    "AssociationName": "model", "AutomationTargetParameterName": "a", "MaxErrors": "10%",
    "MaxConcurrency": "10", "ComplianceSeverity": "HIGH", "SyncCompliance": "AUTO",
    "ApplyOnlyAtCronInterval": False, "CalendarNames": ["c"], "ScheduleOffset": 1, "Duration": 1}
# Of hybrid nodes: what is named need not be there, but the constraints come first.
HYBRID = {
    "CreateActivation": {"IamRole": "role", "Description": "d", "DefaultInstanceName": "n",
                         "RegistrationLimit": 5, "Tags": [{"Key": "k", "Value": "v"}],
                         "RegistrationMetadata": [{"Key": "k", "Value": "v"}]},
    "DescribeActivations": {
        "Filters": [{"FilterKey": "IamRole", "FilterValues": ["role"]}], "MaxResults": 5},
    "DeleteActivation": {"ActivationId": ID},
    "DeregisterManagedInstance": {"InstanceId": "mi-" + "0" * 17},
    "UpdateManagedInstanceRole": {"InstanceId": "mi-" + "0" * 17, "IamRole": "role"},
    "CreateAssociation": {"Name": DOCUMENT, **ASSOCIATION, "Tags": [{"Key": "k", "Value": "v"}]},
    "UpdateAssociation": {"AssociationId": ID, "Name": DOCUMENT, "AssociationVersion": "1",
                          **ASSOCIATION},
    "DeleteAssociation": {"Name": DOCUMENT, "InstanceId": node(1), "AssociationId": ID},
    "DescribeAssociation": {"Name": DOCUMENT, "InstanceId": node(1), "AssociationId": ID,
                            "AssociationVersion": "1"},
    "ListAssociations": {
        "AssociationFilterList": [{"key": "Name", "value": DOCUMENT}], "MaxResults": 5},
    "ListAssociationVersions": {"AssociationId": ID, "MaxResults": 5},
    "StartAssociationsOnce": {"AssociationIds": [ID]},
    "UpdateAssociationStatus": {
        "Name": DOCUMENT, "InstanceId": node(1), "AssociationStatus": {
            "Name": "Success", "Date": 1767225600, "Message": "m", "AdditionalInfo": "{}"}},
    "DescribeAssociationExecutions": {
        "AssociationId": ID, "MaxResults": 5,
        "Filters": [{"Key": "Status", "Value": "Success", "Type": "EQUAL"}]},
    "DescribeAssociationExecutionTargets": {
        "AssociationId": ID, "ExecutionId": ID, "MaxResults": 5,
        "Filters": [{"Key": "Status", "Value": "Success"}]},
    "DescribeInstanceAssociationsStatus": {"InstanceId": node(1), "MaxResults": 5},
    "GetDocument": {"Name": DOCUMENT, "DocumentVersion": "1", "DocumentFormat": "JSON",
                    "VersionName": "v"},
    "DescribeDocument": {"Name": DOCUMENT, "DocumentVersion": "1", "VersionName": "v"},
    "ListDocuments": {"Filters": [{"Key": "Owner", "Values": ["Amazon"]}], "MaxResults": 5},
}
ALL = BASE | NOT_YET | HYBRID

# Where the server takes more than the model, on purpose.
LENIENT = {
    # A custom type's content may be in any version; ids that are read may be of any form.
    ("ListInventoryEntries", "InstanceId", "pattern"),
    # Agents tell more statuses than the model has, with any message or none.
    ("UpdateAssociationStatus", "Name", "enum"), ("UpdateAssociationStatus", "Message", "min"),
    ("UpdateAssociationStatus", "Message", "max"),
}


def paths(shape, value, path=()):
    """Every place of a request with its shape."""
    yield path, shape, value
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if isinstance(value, dict) and name in value:
                yield from paths(member, value[name], (*path, name))
    elif shape.type_name == "list" and value:
        yield from paths(shape.member, value[0], (*path, 0))
    elif shape.type_name == "map" and value:
        yield from paths(shape.value, next(iter(value.values())), (*path, next(iter(value))))


def replaced(request, path, value):
    request = copy.deepcopy(request)
    if not path:
        return value
    place = request
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return request


def breaking():
    for operation, base in ALL.items():
        for path, shape, value in paths(MODEL.operation_model(operation).input_shape, base):
            limits, kind = shape.metadata, shape.type_name

            def case(what, broken):
                return pytest.param(operation, path, what, replaced(base, path, broken),
                                    id=f"{operation}-{'.'.join(map(str, path))}-{what}")

            if kind == "structure":
                for name in shape.required_members:
                    if name in value:
                        yield case(f"no{name}", {k: v for k, v in value.items() if k != name})
            if kind == "string":
                if limits.get("min", 0) > 0:
                    yield case("min", "")
                if "max" in limits and limits["max"] < 10_000:
                    yield case("max", (value + "x" * limits["max"])[:limits["max"] + 1])
                if shape.enum:
                    yield case("enum", "Nonsense")
                elif "pattern" in limits:
                    yield case("pattern", "\n!#")
            if kind == "list":
                if limits.get("min", 0) > 0:
                    yield case("min", [])
                if "max" in limits:
                    yield case("max", value[:1] * (limits["max"] + 1))
            if kind in ("integer", "long"):
                if "min" in limits:
                    yield case("min", limits["min"] - 1)
                if "max" in limits:
                    yield case("max", limits["max"] + 1)
            if path:
                wrong = {"string": 7, "list": "x", "structure": "x", "map": "x", "integer": "x",
                         "boolean": "x", "timestamp": [1]}.get(kind)
                if wrong is not None:
                    yield case("kind", wrong)


def edges():
    for operation, base in ALL.items():
        for path, shape, value in paths(MODEL.operation_model(operation).input_shape, base):
            limits, kind = shape.metadata, shape.type_name

            def case(what, edge):
                return pytest.param(operation, replaced(base, path, edge),
                                    id=f"{operation}-{'.'.join(map(str, path))}-{what}")

            if kind in ("integer", "long"):
                for what in ("min", "max"):
                    if what in limits:
                        yield case(what, limits[what])
            if kind == "string" and "max" in limits and limits["max"] < 10_000:
                if not shape.enum and "pattern" not in limits:
                    yield case("max", (value + "x" * limits["max"])[:limits["max"]])
            if shape.type_name == "string":
                for word in shape.enum:
                    yield case(word, word)
            if path and path[-1] not in required(operation, path):
                yield case("absent", None)


def required(operation, path):
    """The required members of the structure that a path ends in."""
    shape = MODEL.operation_model(operation).input_shape
    for step in path[:-1]:
        shape = {"structure": lambda: shape.members[step], "list": lambda: shape.member,
                 "map": lambda: shape.value}[shape.type_name]()
    if shape.type_name != "structure":
        return [path[-1]]
    return shape.required_members


@pytest.fixture(scope="module")
def model_client(server):
    key = server.key("--account", "222222222222", "--permissions", "admin")
    client = server.client(key, validate=False)
    client.put_inventory(InstanceId=node(1), Items=[ITEM, {**ITEM, "TypeName": "Custom:Model"}])
    client.key = {"AWS_ACCESS_KEY_ID": key["accessKeyId"],
                  "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"]}
    return client


def call(client, operation, request):
    """What the server says: an error's name, or the answer."""
    method = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", operation).lower()
    try:
        return None, getattr(client, method)(**request)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response


@pytest.mark.parametrize("operation, path, what, request_", list(breaking()))
def test_broken(server, model_client, operation, path, what, request_):
    if (operation, path[-1] if path else "", what) in LENIENT:
        pytest.skip("taken on purpose")
    declared = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
    # As JSON of our own: botocore would not serialise all of these.
    status, text = send_whole(server, json.dumps(request_).encode(), operation=operation,
                              key=model_client.key)
    answer = json.loads(text)
    error = answer.get("__type")
    expected = {"ValidationException", "SerializationException"} | declared
    if operation in NOT_YET:
        # "Not yet" must not hide that the request was wrong.
        expected = {"ValidationException", "SerializationException"}
    assert error in expected - {"InternalServerError"}, answer


@pytest.mark.parametrize("operation, request_", list(edges()))
def test_edge(model_client, operation, request_):
    error, answer = call(model_client, operation, request_)
    assert error not in ("ValidationException", "SerializationException", "InternalServerError"), \
        answer


def check(shape, value, path=""):
    """An answer has the form of the output shape, with nothing that is not in it."""
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), path
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{path}: {unknown}"
        for name in shape.required_members:
            assert name in value, f"{path}.{name} is missing"
        for name, member in value.items():
            check(shape.members[name], member, f"{path}.{name}")
    elif kind == "list":
        for index, member in enumerate(value):
            check(shape.member, member, f"{path}[{index}]")
    elif kind == "map":
        for name, member in value.items():
            check(shape.value, member, f"{path}.{name}")
    elif kind == "string":
        assert isinstance(value, str), path
        # AWS itself answers upper case for the data types of a schema.
        assert not shape.enum or value in shape.enum or value.lower() in shape.enum, (path, value)
        pattern = shape.metadata.get("pattern")
        if pattern and "\\p{" not in pattern and not shape.enum:
            assert re.search(pattern, value), (path, value)
    elif kind in ("integer", "long"):
        assert isinstance(value, int), path
    elif kind == "boolean":
        assert isinstance(value, bool), path


@pytest.mark.parametrize("operation", list(BASE))
def test_answers_have_the_shape_of_the_model(server, operation):
    client = server.client()
    client.put_inventory(InstanceId=node(1), Items=[
        ITEM, {**ITEM, "TypeName": "Custom:Model"}])
    request = dict(BASE[operation])
    for filters in ("Filters", "FiltersWithOperator"):
        request.pop(filters, None)
    if operation == "DeleteInventory":
        client.delete_inventory(TypeName="Custom:Model")
        request["DryRun"] = False
    status, answer = send_whole(server, json.dumps(request).encode(), operation=operation)
    assert status == 200, answer
    check(MODEL.operation_model(operation).output_shape, json.loads(answer))
