"""PutInventory and its ContentHash protocol, as the agent uses it."""

import pytest
from support import APP, INFO, entries, ids, information, item, node, package, put, refused, stamp


def test_content_replaces_and_other_types_stay(ssm):
    put(ssm, node(1), [package("a"), package("b")], when=100)
    put(ssm, node(1), [information(node(1))], INFO, when=100)
    put(ssm, node(1), [package("b"), package("c", URL="http://x")], when=50)
    assert entries(ssm, node(1)) == [package("b"), {**package("c"), "URL": "http://x"}]
    assert entries(ssm, node(1), INFO)[0]["ComputerName"] == information(node(1))["ComputerName"]


def test_empty_content_says_nothing_is_there(ssm):
    put(ssm, node(1), [package("a")], when=20)
    put(ssm, node(1), [], when=10)
    page = ssm.list_inventory_entries(InstanceId=node(1), TypeName=APP)
    assert page["Entries"] == [] and page["CaptureTime"]


def test_many_items_at_once(ssm):
    types = [f"Custom:T{n}" for n in range(30)]
    ssm.put_inventory(InstanceId=node(1), Items=[item([{"A": t}], t) for t in types])
    assert all(entries(ssm, node(1), t) == [{"A": t}] for t in types)


def test_hash_only_moves_the_time_and_keeps_the_rest(ssm):
    # The real agent sends another type's capture time and version with an unchanged type.
    first = item([package("a")], version="1.1", when=300, hash="h1")
    ssm.put_inventory(InstanceId=node(1), Items=[first])
    later = item(None, version="1.0", when=100, hash="h1")
    ssm.put_inventory(InstanceId=node(1), Items=[later])
    page = ssm.list_inventory_entries(InstanceId=node(1), TypeName=APP)
    assert page["Entries"] == [package("a")]
    assert page["SchemaVersion"] == "1.1"
    assert page["CaptureTime"] == later["CaptureTime"]
    old = item(None, version="1.0", when=4000, hash="h1")
    ssm.put_inventory(InstanceId=node(1), Items=[old])
    assert ssm.list_inventory_entries(InstanceId=node(1), TypeName=APP)["CaptureTime"] == \
        later["CaptureTime"]


def test_unknown_hash_is_refused_and_nothing_of_the_call_is_stored(ssm):
    put(ssm, node(1), [package("a")], when=100, hash="h1")
    with refused("ItemContentMismatchException") as error:
        ssm.put_inventory(InstanceId=node(1), Items=[
            item([package("z")], "Custom:Other", when=50), item(None, when=50, hash="other")])
    assert error.value["TypeName"] == APP
    assert entries(ssm, node(1), "Custom:Other") == []
    assert entries(ssm, node(1)) == [package("a")]


def test_hash_of_a_node_that_is_not_known(ssm):
    with refused("ItemContentMismatchException"):
        ssm.put_inventory(InstanceId=node(9), Items=[item(None, hash="h")])
    assert ids(ssm) == []


def test_a_hash_is_opaque_and_of_one_node_and_type(ssm):
    put(ssm, node(1), [package("a")], when=100, hash="same")
    put(ssm, node(1), [{"A": "1"}], "Custom:X", when=100, hash="same")
    for entry in (item(None, when=50, hash="same"), item(None, "Custom:X", when=50, hash="same")):
        ssm.put_inventory(InstanceId=node(1), Items=[entry])
    with refused("ItemContentMismatchException"):
        ssm.put_inventory(InstanceId=node(2), Items=[item(None, hash="same")])


@pytest.mark.parametrize("broken, name", [
    (dict(type="AWS:Nonsense"), "InvalidTypeNameException"),
    (dict(type="Other:X"), "ValidationException InvalidTypeNameException"),
    (dict(version="9.9"), "UnsupportedInventorySchemaVersionException"),
    (dict(content=[{"Name": "x" * 4097}]),
     "ValidationException InvalidItemContentException ItemSizeLimitExceededException"),
    (dict(content=[{"n" * 65: "x"}]), "ValidationException InvalidItemContentException"),
    (dict(content=[{f"A{n}": "x" for n in range(51)}]),
     "ValidationException InvalidItemContentException"),
    (dict(content=[{"Name": "x", "n": str(n)} for n in range(10_001)]),
     "ValidationException InvalidItemContentException ItemSizeLimitExceededException"),
    (dict(when="2026-13-01T00:00:00Z"), "ValidationException"),
    (dict(when="2090-01-01T00:00:00Z"), "ValidationException"),
    (dict(hash="h" * 257), "ValidationException InvalidItemContentException"),
])
def test_items_that_are_refused(ssm, broken, name):
    broken = {"content": [package("a")], **broken}
    with refused(*name.split()):
        ssm.put_inventory(InstanceId=node(1), Items=[item(**broken)])


def test_one_type_twice_in_a_call(ssm):
    with refused("InvalidItemContentException"):
        ssm.put_inventory(InstanceId=node(1), Items=[item([package("a")]), item([package("b")])])


def test_context_is_refused(ssm):
    with refused("UnsupportedInventoryItemContextException"):
        ssm.put_inventory(InstanceId=node(1), Items=[
            {**item([package("a")]), "Context": {"A": "b"}}])


def test_too_large_a_call(ssm):
    row = {f"A{n}": "x" * 4000 for n in range(40)}
    with refused("TotalSizeLimitExceededException"):
        put(ssm, node(1), [{**row, "Id": str(n)} for n in range(80)], "Custom:Big")


@pytest.mark.parametrize("id", ["x", "i-123", "mi-1", "i-" + "g" * 18, "i-1234567!"])
def test_ids_that_are_none(ssm, id):
    with refused("ValidationException", "InvalidInstanceId"):
        put(ssm, id, [package("a")])


def test_unicode_and_escapes_survive(ssm):
    value = 'ü\u0001\t"\\/\u2028 \U0001f600 </script>'
    put(ssm, node(1), [{"Name": "ä", "Value": value}], "Custom:Text")
    assert entries(ssm, node(1), "Custom:Text") == [{"Name": "ä", "Value": value}]


def test_equal_report_is_an_observation(ssm):
    put(ssm, node(1), [package("a")], when=100)
    put(ssm, node(1), [package("a")], when=50)
    page = ssm.list_inventory_entries(InstanceId=node(1), TypeName=APP)
    assert page["CaptureTime"] >= stamp(60)


def test_attribute_names_keep_their_case(ssm):
    put(ssm, node(1), [{"Name": "a", "Size": "1"}], "Custom:Cased")
    for rows in ([{"name": "a"}], [{"Name": "b"}, {"SIZE": "2"}]):
        with refused("InvalidItemContentException"):
            put(ssm, node(2), rows, "Custom:Cased")
    with refused("InvalidItemContentException"):
        put(ssm, node(2), [{"Id": "1"}, {"ID": "2"}], "Custom:Fresh")
    put(ssm, node(2), [{"Name": "a", "Other": "1"}], "Custom:Cased")
    put(ssm, node(2), [{"ID": "2"}], "Custom:Fresh")
    ssm.delete_inventory(TypeName="Custom:Cased", SchemaDeleteOption="DeleteSchema")
    put(ssm, node(1), [{"name": "a"}], "Custom:Cased")
