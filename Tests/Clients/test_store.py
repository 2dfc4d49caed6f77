"""What other commands write beside a server, and the largest reports."""

import concurrent.futures
import json

from support import APP, entries, node, package, put


def sound(server):
    done = server.command("verify", "--format", "json", check=False)
    return done.returncode == 0 and json.loads(done.stdout)["sound"]


def test_keys_and_activations_made_beside_a_server_leave_the_store_sound(own):
    server = own()
    ssm = server.client()
    put(ssm, node(1), [package("a")])
    for round in range(3):
        key = server.key("--description", f"beside {round}")
        put(ssm, node(1), [package("a", str(round))])
        assert sound(server)
        server.command("activation", "create")
        put(server.client(key), node(2 + round), [package("a")])
        server.command("keys", "delete", key["accessKeyId"])
        put(ssm, node(1), [package("b", str(round))])
        assert sound(server)
    server.command("rebuild")
    put(ssm, node(9), [package("a")])
    assert sound(server)


def test_a_report_of_nearly_all_items_that_are_new(own):
    server = own()
    ssm = server.client()
    files = [{"Name": f"file{n:05}", "InstalledDir": "/usr/lib", "Size": str(n)}
             for n in range(9500)]
    put(ssm, node(1), files, "AWS:File")
    assert len(entries(ssm, node(1), "AWS:File")) == len(files)

    def report(number):
        if number % 4:
            return put(server.client(), node(number), [package("a")])
        return put(server.client(), node(1), [{**file, "Size": str(number)} for file in files],
                   "AWS:File", when=-number)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(report, range(2, 18)))
    groups = ssm.get_inventory(Aggregators=[{"Expression": "AWS:File.Size"}])["Entities"]
    assert groups and sound(server)
    assert len(entries(ssm, node(3))) == 1


def test_a_type_with_the_longest_name_is_deleted(own):
    server = own()
    ssm = server.client(server.key("--permissions", "admin"), region="us-gov-northwest-1")
    type = "Custom:" + "\U0001f98a" * 93
    put(ssm, node(1), [{"Name": "a"}], type)
    ssm.delete_inventory(TypeName=type, SchemaDeleteOption="DisableSchema")
    ssm.delete_inventory(TypeName=type, SchemaDeleteOption="DeleteSchema")
    assert server.process.poll() is None and sound(server)
