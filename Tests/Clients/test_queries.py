"""GetInventory: filters, aggregators, groups, result attributes, paging."""

import pytest
from support import APP, INFO, entries, ids, information, node, package, put, refused


@pytest.fixture
def fleet(ssm):
    """Nodes 1 to 6: node n has openssl 3.0.n; even ones run Windows; 5 and 6 have two packages."""
    for n in range(1, 7):
        put(ssm, node(n), [information(
            node(n), PlatformType="Windows" if n % 2 == 0 else "Linux",
            PlatformVersion=str(n * 4), IpAddress=f"10.0.0.{n}")], INFO, when=100)
        rows = [package("openssl", f"3.0.{n}", Publisher="Debian")]
        if n >= 5:
            rows.append(package("nginx", "1.0", InstalledTime=f"2026-0{n}-01T00:00:00Z"))
        put(ssm, node(n), rows, when=100)
    return ssm


NAME, VERSION = APP + ".Name", APP + ".Version"


@pytest.mark.parametrize("filters, expected", [
    ([], [1, 2, 3, 4, 5, 6]),
    ([(NAME, "Equal", "nginx")], [5, 6]),
    ([(NAME, "Equal", "nginx", "openssl")], [1, 2, 3, 4, 5, 6]),
    ([(NAME, "Equal", "Nginx")], []),
    ([(NAME, "NotEqual", "nginx")], [1, 2, 3, 4]),
    ([(NAME, "BeginWith", "ng", "x")], [5, 6]),
    ([(VERSION, "LessThan", "3.0.3"), (NAME, "Equal", "openssl")], [1, 2]),
    ([(VERSION, "GreaterThan", "3.0.4")], [5, 6]),
    # Of one type, one row must fulfil all.
    ([(NAME, "Equal", "nginx"), (VERSION, "BeginWith", "3")], []),
    ([(NAME, "Equal", "openssl"), (VERSION, "NotEqual", "3.0.5")], [1, 2, 3, 4, 6]),
    ([(INFO + ".PlatformType", "Equal", "Windows"), (NAME, "Equal", "nginx")], [6]),
    ([(INFO + ".InstanceId", "Equal", node(2), node(9))], [2]),
    ([(INFO + ".PlatformVersion", "LessThan", "12")], [1, 2]),
    ([(APP + ".InstalledTime", "GreaterThan", "2026-05-15T00:00:00Z")], [6]),
    ([("Custom:Nothing.A", "Equal", "x")], []),
    ([("Custom:Nothing.A", "NotEqual", "x")], [1, 2, 3, 4, 5, 6]),
])
def test_filters(fleet, filters, expected):
    assert ids(fleet, *filters) == [node(n) for n in expected]


def test_without_type_a_filter_is_equal(fleet):
    answer = fleet.get_inventory(Filters=[{"Key": NAME, "Values": ["nginx"]}])
    assert [entity["Id"] for entity in answer["Entities"]] == [node(5), node(6)]


@pytest.mark.parametrize("filter, name", [
    (("Name", "Equal", "x"), "InvalidFilter"),
    ((APP + ".", "Equal", "x"), "InvalidFilter"),
    (("AWS:Nonsense.Name", "Equal", "x"), "InvalidTypeNameException"),
    ((NAME, "Exists", "x"), "InvalidFilter"),
    ((NAME, "Like", "x"), "ValidationException"),
    ((NAME, "Equal", *"x" * 41), "ValidationException"),
    (("Stocktake:At", "Equal", "yesterday"), "InvalidFilter"),
    (("Stocktake:Att", "Equal", "2026-01-01T00:00:00Z"), "InvalidFilter"),
    (("Stocktake:At", "NotEqual", "2026-01-01T00:00:00Z"), "InvalidFilter"),
])
def test_filters_that_are_refused(ssm, filter, name):
    with refused(name):
        ids(ssm, filter)


def test_more_than_five_filters(ssm):
    with refused("ValidationException"):
        ids(ssm, *[(NAME, "Equal", "x")] * 6)


def test_result_attributes(fleet):
    answer = fleet.get_inventory(
        Filters=[{"Key": NAME, "Values": ["nginx"]}], ResultAttributes=[{"TypeName": APP}])
    data = answer["Entities"][0]["Data"]
    assert list(data) == [APP]
    assert {row["Name"] for row in data[APP]["Content"]} == {"openssl", "nginx"}
    assert data[APP]["SchemaVersion"] == "1.0" and data[APP]["CaptureTime"]
    with refused("InvalidResultAttributeException"):
        fleet.get_inventory(ResultAttributes=[{"TypeName": "AWS:Nonsense"}])


def aggregate(ssm, *aggregators, **more):
    entities = ssm.get_inventory(Aggregators=list(aggregators), **more)["Entities"]
    assert len(entities) == 1 and "Id" not in entities[0]
    return entities[0]["Data"]


def test_aggregators(fleet):
    data = aggregate(fleet, {"Expression": INFO + ".PlatformType"})
    assert data[INFO]["Content"] == [
        {"Count": "3", "PlatformType": "Linux"}, {"Count": "3", "PlatformType": "Windows"}]
    data = aggregate(fleet, {
        "Expression": INFO + ".PlatformType", "Aggregators": [{"Expression": NAME}]})
    assert {(r["PlatformType"], r["Name"], r["Count"]) for r in data[INFO]["Content"]} == {
        ("Linux", "openssl", "3"), ("Windows", "openssl", "3"), ("Linux", "nginx", "1"),
        ("Windows", "nginx", "1")}
    data = aggregate(
        fleet, {"Expression": NAME, "Aggregators": [{"Expression": VERSION}]},
        Filters=[{"Key": NAME, "Values": ["nginx"]}])
    assert {(r["Name"], r["Version"], r["Count"]) for r in data[APP]["Content"]} == {
        ("nginx", "1.0", "2"), ("openssl", "3.0.5", "1"), ("openssl", "3.0.6", "1")}


def test_groups(fleet):
    data = aggregate(fleet, {"Groups": [
        {"Name": "web", "Filters": [{"Key": NAME, "Values": ["nginx"]}]},
        {"Name": "apps", "Filters": [{"Key": APP, "Values": ["TRUE"], "Type": "Exists"}]},
        {"Name": "named", "Filters": [{"Key": "TypeName", "Values": [APP], "Type": "Exists"}]},
        {"Name": "none", "Filters": [
            {"Key": "TypeName", "Values": ["AWS:Network"], "Type": "Exists"}]},
        {"Name": "custom", "Filters": [
            {"Key": "Custom:X", "Values": ["TRUE"], "Type": "Exists"}]}]})
    assert data["web"]["Content"] == [{"notMatchingCount": "4"}, {"matchingCount": "2"}]
    assert data["apps"]["Content"] == [{"notMatchingCount": "0"}, {"matchingCount": "6"}]
    assert data["named"]["Content"] == data["apps"]["Content"]
    assert data["none"]["Content"] == [{"notMatchingCount": "6"}, {"matchingCount": "0"}]
    assert data["custom"]["Content"] == [{"notMatchingCount": "6"}, {"matchingCount": "0"}]


@pytest.mark.parametrize("aggregator, name", [
    ({"Expression": "PlatformType"}, "InvalidAggregatorException"),
    ({"Expression": INFO + ".Nonsense"}, "InvalidAggregatorException"),
    ({"Expression": "AWS:Nonsense.Name"}, "InvalidAggregatorException"),
    ({}, "InvalidAggregatorException"),
    ({"Groups": [{"Name": "g", "Filters": [{"Key": "x", "Values": ["y"]}]}]},
     "InvalidInventoryGroupException"),
])
def test_aggregators_that_are_refused(ssm, aggregator, name):
    with refused(name):
        ssm.get_inventory(Aggregators=[aggregator])


@pytest.mark.parametrize("filters", [[], [(NAME, "Equal", "openssl")]])
def test_pages_are_of_one_moment(fleet, filters):
    wanted = [{"Key": k, "Type": t, "Values": v} for k, t, *v in filters]
    more = {"Filters": wanted} if wanted else {}
    first = fleet.get_inventory(MaxResults=2, **more)
    assert [entity["Id"] for entity in first["Entities"]] == [node(1), node(2)]
    # What comes meanwhile does not show: a new node, one that changes, one that loses the package.
    put(fleet, "i-00000000000000003a"[:19], [package("openssl")], when=5)
    put(fleet, node(3), [information(node(3), ComputerName="new")], INFO, when=5)
    put(fleet, node(4), [], when=5)
    seen, token = [], first["NextToken"]
    while token:
        page = fleet.get_inventory(MaxResults=2, NextToken=token, **more)
        seen += page["Entities"]
        token = page.get("NextToken")
    assert [entity["Id"] for entity in seen] == [node(3), node(4), node(5), node(6)]
    assert seen[0]["Data"][INFO]["Content"][0]["ComputerName"] != "new"


def test_a_token_is_of_one_question(fleet, server):
    token = fleet.get_inventory(MaxResults=2)["NextToken"]
    with refused("InvalidNextToken"):
        fleet.get_inventory(MaxResults=2, NextToken=token,
                            Filters=[{"Key": NAME, "Values": ["openssl"]}])
    with refused("InvalidNextToken"):
        fleet.list_inventory_entries(InstanceId=node(1), TypeName=APP, NextToken=token)
    for broken in ("x", token[:-5], token[:10] + ("A" if token[10] != "A" else "B") + token[11:]):
        with refused("InvalidNextToken"):
            fleet.get_inventory(NextToken=broken)
    with refused("InvalidNextToken"):
        other = server.key("--account", "999999999999", "--permissions", "read")
        server.client(other).get_inventory(MaxResults=2, NextToken=token)


def test_entries(ssm):
    rows = [package(f"p{n:03}", str(n)) for n in range(120)]
    put(ssm, node(1), rows, when=10)
    assert len(ssm.list_inventory_entries(InstanceId=node(1), TypeName=APP)["Entries"]) == 50
    assert entries(ssm, node(1)) == sorted(rows, key=lambda row: sorted(row.items()))
    assert entries(ssm, node(1), MaxResults=7) == entries(ssm, node(1))
    for key in ("Name", NAME):
        found = entries(ssm, node(1), Filters=[{"Key": key, "Values": ["p007", "p008"]}])
        assert [row["Version"] for row in found] == ["7", "8"]
    found = entries(ssm, node(1), Filters=[
        {"Key": "Version", "Values": ["110"], "Type": "GreaterThan"}])
    assert len(found) == 9
    answer = ssm.list_inventory_entries(InstanceId=node(1), TypeName="AWS:Network")
    assert (answer["Entries"], answer["TypeName"], answer["InstanceId"]) == \
        ([], "AWS:Network", node(1))
    with refused("InvalidInstanceId"):
        entries(ssm, node(2))
    with refused("InvalidTypeNameException"):
        entries(ssm, node(1), "AWS:Nonsense")
    with refused("InvalidFilter"):
        entries(ssm, node(1), Filters=[{"Key": "AWS:Network.Name", "Values": ["x"]}])


def test_schemas(ssm):
    put(ssm, node(1), [{"Rack": "1", "Row": "2"}], "Custom:Rack")
    pages = ssm.get_paginator("get_inventory_schema").paginate(PaginationConfig={"PageSize": 50})
    schemas = {s["TypeName"]: s for page in pages for s in page["Schemas"]}
    assert {a["Name"] for a in schemas["Custom:Rack"]["Attributes"]} == {"Rack", "Row"}
    assert schemas[APP]["Version"] == "1.1" and len(schemas) >= 18
    assert ssm.get_inventory_schema(TypeName=APP)["Schemas"] == [schemas[APP]]
    cores = next(a for a in schemas["AWS:InstanceDetailedInformation"]["Attributes"]
                 if a["Name"] == "CPUs")
    assert cores["DataType"] == "NUMBER"
    aggregators = ssm.get_inventory_schema(Aggregator=True)["Schemas"]
    assert {s["DisplayName"] for s in aggregators} == {
        "Application", "Platform", "ResourceGroup", "Service", "WindowsRole"}
    with refused("InvalidTypeNameException"):
        ssm.get_inventory_schema(TypeName="AWS:Nonsense")
