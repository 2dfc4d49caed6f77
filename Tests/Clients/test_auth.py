"""Signatures, keys, permissions, name spaces."""

import datetime
import socket
import ssl
import subprocess
import warnings

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
import http.client
from support import APP, entries, ids, information, node, package, put, refused


def send(server, body=b"{}", **more):
    """A signed request, changed behind the signature's back; answers status, error name."""
    import json
    status, text = send_whole(server, body, **more)
    return status, json.loads(text).get("__type") if text[:1] == b"{" else text


def send_whole(server, body=b"{}", key=None, operation="GetInventory", change=None,
               region="us-east-1", service="ssm", skew=0, target=None):
    """As `send`; answers status, body."""
    key = key or server.first_key
    request = AWSRequest("POST", server.url + "/", data=body, headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target or f"AmazonSSM.{operation}"})
    auth = SigV4Auth(Credentials(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"]),
                     service, region)
    if skew:
        import botocore.auth
        real = botocore.auth.get_current_datetime
        botocore.auth.get_current_datetime = lambda: (
            datetime.datetime.utcnow() + datetime.timedelta(seconds=skew))
        try:
            auth.add_auth(request)
        finally:
            botocore.auth.get_current_datetime = real
    else:
        auth.add_auth(request)
    parts = {"method": "POST", "path": "/", "body": body, "headers": dict(request.headers)}
    if change:
        change(parts)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.request(parts["method"], parts["path"], parts["body"], parts["headers"])
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def header(name, value):
    def change(parts):
        if value is None:
            del parts["headers"][name]
        else:
            parts["headers"][name] = value(parts["headers"][name]) if callable(value) else value
    return change


def part(name, value):
    return lambda parts: parts.__setitem__(name, value)


@pytest.mark.parametrize("change, name", [
    (None, None),
    (header("Authorization", None), "MissingAuthenticationTokenException"),
    (header("Authorization", "Bearer x"), "MissingAuthenticationTokenException"),
    (header("Authorization", lambda v: v.split(", Signature")[0]), "IncompleteSignatureException"),
    (header("X-Amz-Date", None), "IncompleteSignatureException"),
    (header("X-Amz-Date", "20200101T000000Z"), "InvalidSignatureException"),
    (header("Authorization", lambda v: v[:-1] + ("0" if v[-1] != "0" else "1")),
     "InvalidSignatureException"),
    (header("Authorization", lambda v: v.replace("Credential=A", "Credential=B")),
     "UnrecognizedClientException"),
    (part("body", b"{ }"), "InvalidSignatureException"),
    (part("path", "/?a=b"), "InvalidSignatureException"),
    (header("X-Amz-Target", "AmazonSSM.GetInventorySchema"), "InvalidSignatureException"),
    (header("X-Amz-Security-Token", "x"), "InvalidSignatureException"),
])
def test_what_is_signed_counts(server, change, name):
    status, error = send(server, change=change)
    assert (status, error) == ((200, None) if name is None else (400, name))


@pytest.mark.parametrize("skew, name", [
    (-840, None), (840, None), (-960, "InvalidSignatureException"),
    (960, "InvalidSignatureException")])
def test_clocks(server, skew, name):
    assert send(server, skew=skew)[1] == name


def test_another_service_and_secret(server):
    assert send(server, service="s3")[1] == "InvalidSignatureException"
    wrong = {**server.first_key, "AWS_SECRET_ACCESS_KEY": "x" * 40}
    assert send(server, key=wrong)[1] == "InvalidSignatureException"


def test_nothing_leaks_between_accounts_and_regions(server):
    one = server.key("--account", "100000000001", "--permissions", "admin")
    other = server.key("--account", "100000000002", "--permissions", "admin")
    a, b = server.client(one), server.client(other)
    c = server.client(one, region="eu-west-1")
    put(a, node(1), [package("secret")])
    put(a, node(1), [{"A": "1"}], "Custom:Secret")
    for client in (b, c):
        assert ids(client) == []
        assert client.describe_instance_information()["InstanceInformationList"] == []
        assert client.list_nodes()["Nodes"] == []
        with refused("InvalidInstanceId"):
            entries(client, node(1))
        with refused("InvalidTypeNameException"):
            client.get_inventory_schema(TypeName="Custom:Secret")
        with refused("InvalidTypeNameException"):
            client.delete_inventory(TypeName="Custom:Secret")
        put(client, node(1), [package("mine")])
    assert entries(a, node(1)) == [package("secret")]


def test_permissions(server):
    def client(permissions):
        return server.client(server.key(
            "--account", "100000000003", "--permissions", permissions))
    reader, writer, admin = client("read"), client("write"), client("admin")
    single = client(f"write-node={node(1)}")
    put(single, node(1), [package("a")])
    with refused("AccessDeniedException"):
        put(single, node(2), [package("a")])
    # A body that says what another's said is no way around.
    put(writer, node(2), [package("a")], when="2026-01-01T00:00:00Z")
    with refused("AccessDeniedException"):
        put(single, node(2), [package("a")], when="2026-01-01T00:00:00Z")
    with refused("AccessDeniedException"):
        put(reader, node(1), [package("a")])
    for client in (writer, single):
        with refused("AccessDeniedException"):
            ids(client)
        with refused("AccessDeniedException"):
            client.delete_inventory(TypeName="Custom:X")
    with refused("AccessDeniedException"):
        single.add_tags_to_resource(
            ResourceType="ManagedInstance", ResourceId=node(2), Tags=[{"Key": "a", "Value": "b"}])
    assert ids(reader) == ids(admin) == [node(1), node(2)]


def test_regions_of_a_key(server):
    key = server.key("--account", "100000000004", "--regions", "eu-west-1,us-east-1")
    ids(server.client(key, region="eu-west-1"))
    with refused("AccessDeniedException") as error:
        ids(server.client(key, region="eu-central-1"))
    # Not an empty inventory: the settings of whoever asks have another Region.
    message = error.value["Error"]["Message"]
    assert "eu-west-1, us-east-1" in message and "eu-central-1" in message and "AWS_REGION" in message
    ids(server.client(server.key("--account", "100000000004"), region="eu-central-1"))


def test_keys_change_while_the_server_runs(server):
    key = server.key("--account", "100000000005")
    client = server.client(key)
    ids(client)
    server.command("keys", "disable", key["accessKeyId"])
    with refused("UnrecognizedClientException"):
        ids(client)
    server.command("keys", "enable", key["accessKeyId"])
    ids(client)
    import json
    fresh = json.loads(server.command(
        "keys", "rotate", key["accessKeyId"], "--overlap", "3600", "--format", "json").stdout)
    ids(client)
    ids(server.client(fresh))
    server.command("keys", "rotate", key["accessKeyId"])
    with refused("InvalidSignatureException"):
        ids(client)


def test_the_first_key_is_for_its_owner_alone(own):
    server = own()
    assert (server.directory / "first-key").stat().st_mode & 0o777 == 0o600
    assert (server.directory / "server.key").stat().st_mode & 0o777 == 0o600
    key = server.first_key
    server.stop()
    server.start()
    assert server.first_key["AWS_ACCESS_KEY_ID"] == key["AWS_ACCESS_KEY_ID"]
    assert server.first_key["AWS_ENDPOINT_URL_SSM"] == server.url
    assert len(server.command("keys", "list", "--format", "csv").stdout.splitlines()) == 2


def test_secrets_are_not_in_the_store(own):
    server = own()
    secret = server.first_key["AWS_SECRET_ACCESS_KEY"].encode()
    server.stop()
    for file in server.directory.glob("stocktake.lmdb*"):
        assert secret not in file.read_bytes()


def test_another_key_file_is_the_operators_affair(own):
    server = own()
    server.stop()
    (server.directory / "server.key").unlink()
    server.start()
    with refused("InternalServerError") as error:
        ids(server.client())
    assert "server.key" not in str(error.value)
    assert "server.key" in (server.directory / "log").read_text()
    listed = server.command("keys", "list", check=False)
    assert listed.returncode == 4 and "keys delete" in listed.stderr
    fresh = server.key("--permissions", "admin")
    ids(server.client(fresh))
    server.command("keys", "delete", server.first_key["AWS_ACCESS_KEY_ID"])
    with refused("UnrecognizedClientException"):
        ids(server.client())
    assert server.command("keys", "list").returncode == 0


def make_certificate(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    from conftest import Server
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder, "one")
    server = Server("--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem"))
    yield server
    server.close()


def test_tls_versions(secure):
    def agreed(version, ciphers=None):
        """The version and the suite that server and client agree upon."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        with socket.create_connection((secure.host, secure.port), timeout=20) as raw:
            with context.wrap_socket(raw) as connection:
                return connection.version(), connection.cipher()[0]

    assert agreed(ssl.TLSVersion.TLSv1_3)[0] == "TLSv1.3"
    for suite in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
                  "ECDHE-RSA-CHACHA20-POLY1305"):
        assert agreed(ssl.TLSVersion.TLSv1_2, suite) == ("TLSv1.2", suite)
    for suite in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA",
                  "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"):
        with pytest.raises(ssl.SSLError):
            agreed(ssl.TLSVersion.TLSv1_2, suite + ":@SECLEVEL=0")
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1):
        with pytest.raises(ssl.SSLError):
            agreed(version, "ALL:@SECLEVEL=0")


def test_tls(own, tmp_path):
    def certificate(name):
        make_certificate(tmp_path, name)
    certificate("one")
    server = own("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    put(server.client(verify=str(tmp_path / "cert.pem")), node(1), [package("a")])
    with pytest.raises(Exception):
        ids(server.client())
    certificate("two")
    import signal, time
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while True:
        now = ssl.get_server_certificate((server.host, server.port))
        if now.strip() == (tmp_path / "cert.pem").read_text().strip():
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert ids(server.client(verify=str(tmp_path / "cert.pem"))) == [node(1)]
    # A file that is none leaves the old one in use.
    (tmp_path / "cert.pem").write_text("nonsense")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert ssl.get_server_certificate((server.host, server.port)) == now
