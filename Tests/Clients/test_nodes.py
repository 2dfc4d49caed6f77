"""DescribeInstanceInformation, DescribeInstanceProperties, ListNodes, ListNodesSummary."""

import pytest
from support import APP, INFO, information, item, node, package, put, refused, stamp


@pytest.fixture
def fleet(ssm):
    for n in range(1, 13):
        put(ssm, node(n), [information(
            node(n), PlatformType="Windows" if n % 3 == 0 else "Linux")], INFO, when=100)
    put(ssm, "mi-" + "0" * 17, [package("a")])
    return ssm


def described(ssm, **more):
    pages = ssm.get_paginator("describe_instance_information").paginate(**more)
    return [i["InstanceId"] for p in pages for i in p["InstanceInformationList"]]


def test_describe_instance_information(fleet):
    assert len(fleet.describe_instance_information()["InstanceInformationList"]) == 10
    assert described(fleet) == [node(n) for n in range(1, 13)] + ["mi-" + "0" * 17]
    one = fleet.describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [node(3)]}])["InstanceInformationList"][0]
    assert (one["PlatformType"], one["PingStatus"], one["ResourceType"]) == (
        "Windows", "Online", "EC2Instance")
    assert one["LastPingDateTime"] and one["ComputerName"] and one["AgentVersion"]
    windows = [{"Key": "PlatformTypes", "Values": ["Windows"]}]
    assert len(described(fleet, Filters=windows)) == 4
    assert described(fleet, Filters=[{"Key": "ResourceType", "Values": ["ManagedInstance"]}]) == [
        "mi-" + "0" * 17]
    old = [{"key": "PlatformTypes", "valueSet": ["Windows"]}]
    assert len(described(fleet, InstanceInformationFilterList=old)) == 4
    with refused("ValidationException"):
        described(fleet, Filters=windows, InstanceInformationFilterList=old)
    with refused("InvalidFilterKey"):
        described(fleet, Filters=[{"Key": "Nonsense", "Values": ["x"]}])
    with refused("InvalidInstanceId"):
        described(fleet, Filters=[{"Key": "InstanceIds", "Values": [node(99)]}])
    with refused("ValidationException"):
        described(fleet, Filters=windows + [{"Key": "tag:a", "Values": ["x"]}])


def test_ping_status(own):
    server = own("--connection-lost-after", "1")
    ssm = server.client()
    put(ssm, node(1), [package("a")])
    import time
    time.sleep(2.5)
    put(ssm, node(2), [package("a")])
    for status, n in (("ConnectionLost", 1), ("Online", 2)):
        assert described(ssm, Filters=[{"Key": "PingStatus", "Values": [status]}]) == [node(n)]


def test_describe_instance_properties(fleet):
    pages = fleet.get_paginator("describe_instance_properties").paginate(
        PaginationConfig={"PageSize": 5},
        FiltersWithOperator=[{"Key": "PlatformTypes", "Values": ["Windows"],
                              "Operator": "NotEqual"}])
    found = [i["InstanceId"] for p in pages for i in p["InstanceProperties"]]
    assert len(found) == 9 and node(3) not in found
    old = [{"key": "InstanceIds", "valueSet": [node(1)]}]
    answer = fleet.describe_instance_properties(InstancePropertyFilterList=old)
    assert answer["InstanceProperties"][0]["Name"]


def test_list_nodes(fleet, account):
    pages = fleet.get_paginator("list_nodes").paginate(PaginationConfig={"PageSize": 5})
    nodes = [n for p in pages for n in p["Nodes"]]
    assert [n["Id"] for n in nodes] == [node(n) for n in range(1, 13)] + ["mi-" + "0" * 17]
    assert nodes[0]["Owner"]["AccountId"] == account["account"] and nodes[0]["Region"] == "us-east-1"
    assert nodes[0]["NodeType"]["Instance"]["PlatformType"] == "Linux"
    for key, type, values, count in [
        ("PlatformType", "Equal", ["Windows"], 4), ("PlatformType", "NotEqual", ["Windows"], 9),
        ("InstanceId", "BeginWith", ["mi-"], 1), ("Region", "Equal", ["us-east-1"], 13),
        ("ManagedStatus", "Equal", ["All"], 13), ("ManagedStatus", "Equal", ["Unmanaged"], 0),
    ]:
        found = fleet.list_nodes(Filters=[{"Key": key, "Type": type, "Values": values}])
        assert len(found["Nodes"]) == count, (key, type)
    with refused("InvalidFilter", "ValidationException"):
        fleet.list_nodes(Filters=[{"Key": "Nonsense", "Values": ["x"]}])
    with refused("ResourceDataSyncNotFoundException"):
        fleet.list_nodes(SyncName="x")


def test_list_nodes_summary(fleet):
    def level(name, **more):
        return {"AggregatorType": "Count", "TypeName": "Instance", "AttributeName": name, **more}
    pages = fleet.get_paginator("list_nodes_summary").paginate(Aggregators=[level("PlatformType")])
    rows = [row for p in pages for row in p["Summary"]]
    assert rows == [{"Count": "8", "PlatformType": "Linux"}, {"Count": "4", "PlatformType": "Windows"}]
    rows = fleet.list_nodes_summary(Aggregators=[
        level("PlatformType", Aggregators=[level("Region")])])["Summary"]
    assert rows[0] == {"Count": "8", "PlatformType": "Linux", "Region": "us-east-1"}


def test_a_terminated_node_is_shown_by_its_id(own):
    server = own()
    ssm = server.client()
    ssm.put_inventory(InstanceId=node(1), Items=[
        item([information(node(1))], INFO, when=100), item([package("a")], when=100)])
    server.command("node", "terminate", node(1))
    data = ssm.get_inventory()["Entities"][0]["Data"][INFO]["Content"]
    assert data == [{"InstanceId": node(1), "InstanceStatus": "Terminated"}]
    assert described(ssm) == []
    # Its software is still known: that is what history is for.
    at = [{"Key": "Stocktake:At", "Values": [stamp(50)]}]
    rows = ssm.list_inventory_entries(InstanceId=node(1), TypeName=APP, Filters=at)["Entries"]
    assert rows == [package("a")]
