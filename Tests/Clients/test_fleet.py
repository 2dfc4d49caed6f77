"""A small fleet with a plain reference: many clients at once, every date asked back."""

import random
from concurrent.futures import ThreadPoolExecutor

from support import APP, INFO, entries, ids, information, item, node, package, stamp

NODES, DAYS, DAY = 24, 10, 86400


def fleet(seed=7):
    """For each node its packages on each day; deterministic."""
    generator = random.Random(seed)
    catalog = [f"pkg{n}" for n in range(60)]
    history = {}
    for n in range(1, NODES + 1):
        state = {name: 1 for name in generator.sample(catalog, 30)}
        days = []
        for _ in range(DAYS):
            days.append(dict(state))
            for name in generator.sample(sorted(state), 3):
                state[name] += 1
            state.pop(generator.choice(sorted(state)))
            state[generator.choice(catalog)] = 1
        history[n] = days
    return history


def when(day):
    return stamp((DAYS - day) * DAY + 43_200)


def test_fleet(own):
    server = own()
    history = fleet()

    def push(n):
        client = server.client()
        order = list(range(DAYS))
        # Some nodes send late: history is by when it was so, not by when it came.
        if n % 3 == 0:
            random.Random(n).shuffle(order)
        for day in order:
            rows = [package(name, f"1.{v}") for name, v in sorted(history[n][day].items())]
            client.put_inventory(InstanceId=node(n), Items=[
                item([information(node(n))], INFO, when(day)), item(rows, APP, when(day))])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(push, history))
    client = server.client()
    at = lambda day: [{"Key": "Stocktake:At", "Values": [stamp((DAYS - day) * DAY)]}]
    for n in (1, 3, 12, 24):
        for day in range(DAYS):
            rows = {r["Name"]: r["Version"] for r in entries(client, node(n), Filters=at(day))}
            assert rows == {name: f"1.{v}" for name, v in history[n][day].items()}, (n, day)
    for name in ("pkg3", "pkg17", "pkg42"):
        for day in range(0, DAYS, 3):
            expected = [node(n) for n in history if name in history[n][day]]
            found = ids(client, (APP + ".Name", "Equal", name),
                        ("Stocktake:At", "Equal", stamp((DAYS - day) * DAY)))
            assert found == expected, (name, day)
            counted = client.get_inventory(
                Filters=at(day), Aggregators=[{"Groups": [{"Name": "g", "Filters": [
                    {"Key": APP + ".Name", "Values": [name]}]}]}])
            content = counted["Entities"][0]["Data"]["g"]["Content"]
            assert content[1] == {"matchingCount": str(len(expected))}
    for prefix in ("pkg1", "pkg5"):
        expected = [node(n) for n in history if any(p.startswith(prefix) for p in history[n][-1])]
        assert ids(client, (APP + ".Name", "BeginWith", prefix)) == expected
    # At once: writers go on while readers page.
    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(push, n) for n in (1, 2, 4)]
        readers = [pool.submit(lambda: ids(client, MaxResults=5)) for _ in range(6)]
        assert all(r.result() == [node(n) for n in sorted(history)] for r in readers)
        for writer in writers:
            writer.result()
