"""The reserved filter keys: what was there, what was known, what changed."""

from support import APP, INFO, entries, ids, information, node, package, put, stamp, refused

AT, KNOWN, SINCE = ("Stocktake:" + name for name in ("At", "KnownAt", "ChangedSince"))
DAY = 86400


def on(key, seconds):
    return [{"Key": key, "Values": [stamp(seconds)], "Type": "Equal"}]


def history(ssm):
    put(ssm, node(1), [package("openssl", "3.0.1")], when=30 * DAY)
    put(ssm, node(1), [package("openssl", "3.0.2"), package("nginx")], when=20 * DAY)
    put(ssm, node(1), [package("openssl", "3.0.3")], when=10 * DAY)
    put(ssm, node(2), [package("openssl", "3.0.2")], when=15 * DAY)


def test_at(ssm):
    history(ssm)
    versions = {25: "3.0.1", 15: "3.0.2", 5: "3.0.3"}
    for days, version in versions.items():
        rows = entries(ssm, node(1), Filters=on(AT, days * DAY))
        assert next(r for r in rows if r["Name"] == "openssl")["Version"] == version
    assert entries(ssm, node(1), Filters=on(AT, 40 * DAY)) == []
    old = [{"Key": APP + ".Version", "Values": ["3.0.2"]}]
    for days, expected in {25: [], 18: [1], 12: [1, 2], 5: [2]}.items():
        pages = ssm.get_paginator("get_inventory").paginate(Filters=old + on(AT, days * DAY))
        found = [entity["Id"] for page in pages for entity in page["Entities"]]
        assert found == [node(n) for n in expected], days
    assert ids(ssm) == [node(1), node(2)]
    assert ids(ssm, (AT, "Equal", stamp(25 * DAY))) == [node(1)]


def test_at_takes_a_day_and_an_offset(ssm):
    put(ssm, node(1), [package("a", "1")], when="2026-03-02T10:00:00Z")
    put(ssm, node(1), [package("a", "2")], when="2026-03-03T10:00:00Z")
    for text, version in {"2026-03-03": "1", "2026-03-03T10:59:59+01:00": "1",
                          "2026-03-03T11:00:00+01:00": "2", "2026-03-03T10:00:00.5Z": "2"}.items():
        rows = entries(ssm, node(1), Filters=[{"Key": AT, "Values": [text]}])
        assert rows[0]["Version"] == version, text


def test_known_at(ssm):
    import time
    put(ssm, node(1), [package("a", "1")], when=10 * DAY)
    time.sleep(1.1)
    before = stamp(0)
    time.sleep(1.1)
    put(ssm, node(1), [package("a", "late")], when=5 * DAY)
    assert entries(ssm, node(1))[0]["Version"] == "late"
    known = [{"Key": KNOWN, "Values": [before]}]
    assert entries(ssm, node(1), Filters=known)[0]["Version"] == "1"
    assert entries(ssm, node(1), Filters=known + on(AT, DAY))[0]["Version"] == "1"


def test_changed_since(ssm):
    history(ssm)
    assert ids(ssm, (SINCE, "Equal", stamp(12 * DAY))) == [node(1)]
    assert ids(ssm, (SINCE, "Equal", stamp(16 * DAY))) == [node(1), node(2)]
    assert ids(ssm, (SINCE, "Equal", stamp(DAY))) == []
    assert ids(ssm, (SINCE, "Equal", stamp(22 * DAY)), (AT, "Equal", stamp(18 * DAY))) == [node(1)]
    put(ssm, node(2), [package("openssl", "3.0.2"), package("zsh")], when=DAY)
    assert entries(ssm, node(2), Filters=on(SINCE, 2 * DAY)) == [package("zsh")]


def test_pages_keep_the_date(ssm):
    for n in range(1, 8):
        put(ssm, node(n), [information(node(n), ComputerName="old")], INFO, when=10 * DAY)
        put(ssm, node(n), [information(node(n), ComputerName="new")], INFO, when=DAY)
    pages = ssm.get_paginator("get_inventory").paginate(
        Filters=on(AT, 5 * DAY), PaginationConfig={"PageSize": 3})
    names = [e["Data"][INFO]["Content"][0]["ComputerName"] for p in pages for e in p["Entities"]]
    assert names == ["old"] * 7


def test_everywhere(ssm):
    history(ssm)
    put(ssm, node(1), [information(node(1))], INFO, when=8 * DAY)
    at = stamp(16 * DAY)
    for operation, answer, filter in [
        (ssm.describe_instance_information, "InstanceInformationList", {"Key": AT, "Values": [at]}),
        (ssm.list_nodes, "Nodes", {"Key": AT, "Values": [at], "Type": "Equal"}),
    ]:
        assert len(operation(Filters=[filter])[answer]) == 1
        assert len(operation()[answer]) == 2
    for operation in (ssm.list_compliance_summaries, ssm.list_resource_compliance_summaries):
        operation(Filters=[{"Key": AT, "Values": [at], "Type": "EQUAL"}])
        with refused("InvalidFilter"):
            operation(Filters=[{"Key": AT, "Values": ["x"], "Type": "EQUAL"}])
