"""Compliance, tags, deletions and data sync."""

import datetime

import pytest
from support import entries, ids, node, package, put, refused, stamp


def comply(ssm, id, *items, type="Custom:Check", when=0, **more):
    time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=when)
    return ssm.put_compliance_items(
        ResourceId=id, ResourceType="ManagedInstance", ComplianceType=type,
        ExecutionSummary={"ExecutionTime": time, "ExecutionId": "", "ExecutionType": ""},
        Items=[{"Id": i, "Title": "", "Severity": severity, "Status": status,
                "Details": {"DocumentName": "d", "Severity": "own"}}
               for i, severity, status in items], **more)


BAD, GOOD = "NON_COMPLIANT", "COMPLIANT"


def found(ssm, id, *filters):
    pages = ssm.get_paginator("list_compliance_items").paginate(
        ResourceIds=[id], ResourceTypes=["ManagedInstance"],
        Filters=[{"Key": k, "Type": t, "Values": [v]} for k, t, v in filters])
    return [(i["ComplianceType"], i["Id"], i["Status"]) for p in pages for i in p["ComplianceItems"]]


def test_items_replace_those_of_their_type(ssm):
    comply(ssm, node(1), ("a", "HIGH", BAD), ("b", "LOW", GOOD), when=50)
    comply(ssm, node(1), ("x", "LOW", GOOD), type="Association", when=40)
    comply(ssm, node(1), ("c", "LOW", GOOD), when=30)
    assert sorted(found(ssm, node(1))) == [
        ("Association", "x", GOOD), ("Custom:Check", "c", GOOD)]
    # An execution that is older than the last one is late, and changes nothing.
    comply(ssm, node(1), ("old", "LOW", BAD), when=500)
    assert len(found(ssm, node(1))) == 2
    item = ssm.list_compliance_items(ResourceIds=[node(1)])["ComplianceItems"][0]
    assert item["Details"] == {"DocumentName": "d", "Severity": "own"}
    assert item["Severity"] == "LOW" and item["ExecutionSummary"]["ExecutionTime"]
    comply(ssm, node(1), when=10)
    assert found(ssm, node(1)) == [("Association", "x", GOOD)]


def test_hash_and_partial(ssm):
    comply(ssm, node(1), ("a", "LOW", GOOD), type="Association", when=50, ItemContentHash="h")
    comply(ssm, node(1), type="Association", when=40, ItemContentHash="h")
    assert len(found(ssm, node(1))) == 1
    comply(ssm, node(1), ("b", "LOW", BAD), type="Association", when=30, UploadType="PARTIAL")
    assert len(found(ssm, node(1))) == 2
    with refused("InvalidItemContentException"):
        comply(ssm, node(1), ("b", "LOW", BAD), UploadType="PARTIAL")


@pytest.mark.parametrize("filter, expected", [
    (("Status", "EQUAL", BAD), ["a"]), (("Status", "NOT_EQUAL", BAD), ["b", "c"]),
    (("Id", "BEGIN_WITH", "b"), ["b"]), (("Id", "GREATER_THAN", "a"), ["b", "c"]),
    (("Severity", "EQUAL", "HIGH"), ["a"]), (("ExecutionTime", "LESS_THAN", stamp(-3600)), ["a", "b", "c"]),
])
def test_item_filters(ssm, filter, expected):
    comply(ssm, node(1), ("a", "HIGH", BAD), ("b", "LOW", GOOD), ("c", "LOW", GOOD), when=50)
    assert [id for _, id, _ in found(ssm, node(1), filter)] == expected


def test_summaries(ssm):
    comply(ssm, node(1), ("a", "HIGH", BAD), ("b", "CRITICAL", GOOD), when=50)
    comply(ssm, node(2), ("a", "LOW", GOOD), when=50)
    summary = ssm.list_compliance_summaries()["ComplianceSummaryItems"]
    assert len(summary) == 1
    assert summary[0]["NonCompliantSummary"]["NonCompliantCount"] == 1
    assert summary[0]["NonCompliantSummary"]["SeveritySummary"]["HighCount"] == 1
    assert summary[0]["CompliantSummary"]["CompliantCount"] == 1
    pages = ssm.get_paginator("list_resource_compliance_summaries").paginate(
        PaginationConfig={"PageSize": 1})
    rows = [row for page in pages for row in page["ResourceComplianceSummaryItems"]]
    assert [(r["ResourceId"], r["Status"], r["OverallSeverity"]) for r in rows] == [
        (node(1), BAD, "HIGH"), (node(2), GOOD, "UNSPECIFIED")]
    assert rows[0]["CompliantSummary"]["SeveritySummary"]["CriticalCount"] == 1
    only = ssm.list_resource_compliance_summaries(
        Filters=[{"Key": "Status", "Values": [BAD], "Type": "EQUAL"}])
    assert len(only["ResourceComplianceSummaryItems"]) == 1


def test_it_is_inventory_and_has_a_past(ssm):
    comply(ssm, node(1), ("a", "HIGH", BAD), when=500)
    comply(ssm, node(1), ("a", "HIGH", GOOD), when=100)
    now = entries(ssm, node(1), "AWS:ComplianceItem")
    assert [(r["ComplianceType"], r["Status"]) for r in now] == [("Custom:Check", GOOD)]
    at = {"Key": "Stocktake:At", "Values": [stamp(300)]}
    before = entries(ssm, node(1), "AWS:ComplianceItem", Filters=[at])
    assert [r["Status"] for r in before] == [BAD]
    assert entries(ssm, node(1), "AWS:ComplianceSummary", Filters=[at])[0]["Status"] == BAD
    old = ssm.list_compliance_items(ResourceIds=[node(1)], Filters=[{**at, "Type": "EQUAL"}])
    assert old["ComplianceItems"][0]["Status"] == BAD
    assert ids(ssm, ("AWS:ComplianceItem.Status", "Equal", BAD)) == []


def test_an_execution_that_finds_the_same_confirms_and_changes_nothing(ssm):
    comply(ssm, node(1), ("a", "HIGH", BAD), when=500)
    comply(ssm, node(1), ("x", "LOW", GOOD), type="Association", when=450, ItemContentHash="h")
    first = entries(ssm, node(1), "AWS:ComplianceSummary")
    comply(ssm, node(1), ("a", "HIGH", BAD), when=300)
    comply(ssm, node(1), type="Association", when=250, ItemContentHash="h")
    comply(ssm, node(1), ("x", "LOW", GOOD), type="Association", when=200, ItemContentHash="i")
    assert entries(ssm, node(1), "AWS:ComplianceSummary") == first
    for type, when in (("Custom:Check", 300), ("Association", 200)):
        mine = [{"Key": "ComplianceType", "Values": [type], "Type": "EQUAL"}]
        for told in (ssm.list_resource_compliance_summaries(Filters=mine)[
                "ResourceComplianceSummaryItems"],
                ssm.list_compliance_items(ResourceIds=[node(1)], Filters=mine)["ComplianceItems"]):
            seen = told[0]["ExecutionSummary"]["ExecutionTime"].timestamp()
            assert abs(seen - (datetime.datetime.now().timestamp() - when)) < 30, (type, seen)
    # What was known then is the execution of then.
    at = [{"Key": "Stocktake:At", "Values": [stamp(400)], "Type": "EQUAL"}]
    told = ssm.list_resource_compliance_summaries(Filters=at)["ResourceComplianceSummaryItems"]
    assert told[-1]["ExecutionSummary"]["ExecutionTime"].strftime("%Y-%m-%dT%H:%M:%SZ") <= stamp(400)
    # An older execution is late, measured by the newest that confirmed.
    comply(ssm, node(1), ("late", "LOW", BAD), when=400)
    assert ("Custom:Check", "late", BAD) not in found(ssm, node(1))
    comply(ssm, node(1), ("a", "HIGH", GOOD), when=100)
    assert len(entries(ssm, node(1), "AWS:ComplianceSummary")) == 2
    assert entries(ssm, node(1), "AWS:ComplianceSummary") != first


def test_compliance_that_is_refused(ssm):
    with refused("InvalidResourceType"):
        ssm.put_compliance_items(
            ResourceId=node(1), ResourceType="Bucket", ComplianceType="Custom:Check",
            ExecutionSummary={"ExecutionTime": 0}, Items=[])
    with refused("InvalidResourceId"):
        comply(ssm, "nonsense", ("a", "LOW", GOOD))
    with refused("InvalidItemContentException"):
        comply(ssm, node(1), ("a", "LOW", GOOD), ("a", "LOW", BAD))
    for n in range(10):
        comply(ssm, node(3), ("a", "LOW", GOOD), type=f"Custom:Type{n}")
    with refused("ComplianceTypeCountLimitExceededException"):
        comply(ssm, node(3), ("a", "LOW", GOOD), type="Custom:Eleventh")
    with refused("InvalidFilter"):
        found(ssm, node(3), ("Nonsense", "EQUAL", "x"))
    with refused("InvalidResourceId"):
        found(ssm, node(9))


def tags(ssm, id):
    answer = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=id)
    return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}


def tag(ssm, id, **values):
    ssm.add_tags_to_resource(
        ResourceType="ManagedInstance", ResourceId=id,
        Tags=[{"Key": k, "Value": v} for k, v in values.items()])


def test_tags(ssm):
    put(ssm, node(1), [package("a")])
    assert tags(ssm, node(1)) == {}
    tag(ssm, node(1), env="prod", team="a")
    tag(ssm, node(1), env="test")
    assert tags(ssm, node(1)) == {"env": "test", "team": "a"}
    assert ids(ssm, ("AWS:Tag.Key", "Equal", "env"), ("AWS:Tag.Value", "Equal", "test")) == [node(1)]
    listed = ssm.describe_instance_information(Filters=[{"Key": "tag:env", "Values": ["test"]}])
    assert [i["InstanceId"] for i in listed["InstanceInformationList"]] == [node(1)]
    ssm.remove_tags_from_resource(
        ResourceType="ManagedInstance", ResourceId=node(1), TagKeys=["env", "nothing"])
    assert tags(ssm, node(1)) == {"team": "a"}
    with refused("TooManyTagsError"):
        tag(ssm, node(1), **{f"k{n}": "v" for n in range(60)})
    with refused("InvalidResourceId"):
        tags(ssm, node(9))
    with refused("InvalidResourceType"):
        ssm.list_tags_for_resource(ResourceType="Document", ResourceId="x")


def test_tags_at_once_from_many(ssm):
    from concurrent.futures import ThreadPoolExecutor
    put(ssm, node(1), [package("a")])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: tag(ssm, node(1), **{f"k{n}": str(n)}), range(40)))
    assert len(tags(ssm, node(1))) == 40


def test_delete(ssm):
    for n in (1, 2):
        put(ssm, node(n), [{"Rack": str(n)}], "Custom:Rack", when=100, version=f"1.{n}")
    dry = ssm.delete_inventory(TypeName="Custom:Rack", DryRun=True)
    assert dry["DeletionSummary"]["TotalCount"] == 2
    assert len(entries(ssm, node(1), "Custom:Rack")) == 1
    done = ssm.delete_inventory(TypeName="Custom:Rack")
    assert [i["Version"] for i in done["DeletionSummary"]["SummaryItems"]] == ["1.1", "1.2"]
    assert entries(ssm, node(1), "Custom:Rack") == []
    at = [{"Key": "Stocktake:At", "Values": [stamp(50)]}]
    assert entries(ssm, node(1), "Custom:Rack", Filters=at) == [{"Rack": "1"}]
    listed = ssm.describe_inventory_deletions(DeletionId=done["DeletionId"])
    status = listed["InventoryDeletions"][0]
    assert (status["LastStatus"], status["DeletionSummary"]["RemainingCount"]) == ("Complete", 0)
    assert ssm.get_inventory_schema(TypeName="Custom:Rack")["Schemas"]
    with refused("InvalidDeleteInventoryParametersException", "InvalidTypeNameException"):
        ssm.delete_inventory(TypeName="AWS:Application")
    with refused("InvalidTypeNameException"):
        ssm.delete_inventory(TypeName="Custom:Nothing")
    with refused("InvalidDeletionIdException"):
        ssm.describe_inventory_deletions(DeletionId="00000000-0000-0000-0000-000000000000")


def test_delete_and_the_schema(ssm):
    put(ssm, node(1), [{"A": "1"}], "Custom:X", version="1.5", when=100)
    ssm.delete_inventory(TypeName="Custom:X", SchemaDeleteOption="DisableSchema")
    put(ssm, node(1), [{"A": "2"}], "Custom:X", version="1.5")
    assert entries(ssm, node(1), "Custom:X") == []
    put(ssm, node(1), [{"A": "3"}], "Custom:X", version="1.10")
    assert entries(ssm, node(1), "Custom:X") == [{"A": "3"}]
    put(ssm, node(1), [{"A": "1"}], "Custom:Y", when=100)
    token = "01234567-89ab-cdef-0123-456789abcdef"
    first = ssm.delete_inventory(
        TypeName="Custom:Y", SchemaDeleteOption="DeleteSchema", ClientToken=token)
    with refused("InvalidTypeNameException"):
        ssm.get_inventory_schema(TypeName="Custom:Y")
    put(ssm, node(1), [{"A": "1"}], "Custom:Y")
    assert ssm.get_inventory_schema(TypeName="Custom:Y")["Schemas"]
    again = ssm.delete_inventory(
        TypeName="Custom:Y", SchemaDeleteOption="DeleteSchema", ClientToken=token)
    assert again["DeletionId"] == first["DeletionId"]
    assert len(entries(ssm, node(1), "Custom:Y")) == 1
    pages = ssm.get_paginator("describe_inventory_deletions").paginate(
        PaginationConfig={"PageSize": 1})
    assert len([d for p in pages for d in p["InventoryDeletions"]]) == 2


def test_data_sync_says_that_it_is_not_there(ssm):
    for call in (
        lambda: ssm.create_resource_data_sync(SyncName="s", S3Destination={
            "BucketName": "b", "SyncFormat": "JsonSerDe", "Region": "r"}),
        lambda: ssm.delete_resource_data_sync(SyncName="s"),
        lambda: ssm.update_resource_data_sync(SyncName="s", SyncType="SyncFromSource", SyncSource={
            "SourceType": "x", "SourceRegions": ["r"]}),
    ):
        with refused("ResourceDataSyncInvalidConfigurationException") as error:
            call()
        assert "yet" in error.value["Error"]["Message"]
    # Nobody has any: so clients that look before they make one go on.
    assert ssm.list_resource_data_sync()["ResourceDataSyncItems"] == []
