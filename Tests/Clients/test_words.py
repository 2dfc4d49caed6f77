"""What goes wrong, in words; what a server says to try; and Ctrl-C."""

import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import STOCKTAKE
from on_terminal import BIN
from support import FOREIGN, item, package

# Where the program was built, which no message is to tell.
ROOT = str(Path(__file__).resolve().parents[2]) + "/"


def said(arguments, environment=None, **more):
    """The one line that a run ends with, which is in words, and its status."""
    values = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TZ": "UTC", **(environment or {})}
    done = subprocess.run([STOCKTAKE, *arguments], capture_output=True, text=True, timeout=120,
                          env=values, stdin=subprocess.DEVNULL, **more)
    assert done.returncode in (1, 2, 3, 4), (arguments, done)
    assert done.stderr, arguments
    for line in done.stderr.rstrip("\n").split("\n"):
        assert line.startswith("stocktake: "), (arguments, line)
        assert not FOREIGN.search(line), (arguments, line)
        assert BIN not in line and ROOT not in line, (arguments, line)
        assert len(line) < 1000
    return done.stderr, done.returncode


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """Everything that is not what it should be."""
    folder = tmp_path_factory.mktemp("wrong")
    folder.chmod(0o755)
    for parent in list(folder.parents)[:3]:
        if str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    (folder / "text").write_text("this is not what you expect\n")
    (folder / "empty").write_text("")
    (folder / "json").write_text('{"port": ')
    (folder / "list").write_text("[]\n")
    (folder / "binary").write_bytes(bytes(range(256)) * 16)
    (folder / "cut.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c")
    (folder / "typed.yaml").write_text("seconds: soon\n")
    (folder / "listed.yaml").write_text("types: {a: b}\n")
    (folder / "unknown.yaml").write_text("colour: red\n")
    (folder / "broken.yaml").write_text("types: [\n")
    (folder / "missing.yaml").write_text("files: {rules: [{patterns: [a]}]}\n")
    (folder / "folder").mkdir()
    (folder / "secret").write_text("x")
    (folder / "secret").chmod(0)
    (folder / "agent").mkdir()
    (folder / "agent" / "identity.json").write_text('{"server": 5}')
    report = {"InstanceId": "web-01", "Items": [item([package("a")])]}
    (folder / "report").write_text(json.dumps(report))
    subprocess.run([STOCKTAKE, "ingest", str(folder / "report"), "--quiet", "--store",
                    str(folder / "store")], check=True)
    for path in (folder / "store").iterdir():
        path.chmod(0o644)
    return folder


NOT_FILES = ["missing", "folder", "text", "empty", "json", "list", "binary", "cut.gz"]
SOURCES = ["dpkg-log", "debian-packages", "apt-history", "rpm", "pacman-log", "apk", "osquery",
           "fusioninventory", "ocsinventory", "glpi", "cyclonedx", "spdx", "ansible", "puppet",
           "resource-data-sync"]


@pytest.mark.parametrize("source", SOURCES)
def test_imports_of_what_is_no_source(wrong, source):
    for name in NOT_FILES:
        if (source, name) == ("resource-data-sync", "folder"):
            continue  # An empty copy of a bucket.
        if source in ("debian-packages", "apk", "apt-history", "osquery", "dpkg-log", "pacman-log",
                      "rpm") and name in ("empty", "text", "json", "list", "binary"):
            continue  # Logs and lists in which nothing can be read are noted by their importers' own tests.
        node = [] if source == "resource-data-sync" else ["--node", "web-01"]
        text, status = said(["import", source, str(wrong / name), *node, "--dry-run", "--store",
                             str(wrong / "none")])
        assert status in (1, 3), (source, name, text)
        assert name in text or source == "resource-data-sync", (source, name, text)


@pytest.mark.parametrize("name", NOT_FILES)
def test_reports_and_backups_that_are_none(wrong, name):
    text, status = said(["ingest", str(wrong / name), "--store", str(wrong / "unused")])
    assert status == 3 and name in text
    text, status = said(["restore", str(wrong / name), "--store", str(wrong / "restored")])
    assert status in (3, 4) and name in text
    assert not (wrong / "restored" / "stocktake.lmdb").exists()


@pytest.mark.parametrize("name, words", [
    ("missing", "No such file"), ("folder", "directory"), ("typed.yaml", "seconds: it is no number"),
    ("listed.yaml", "types: it is no list"), ("unknown.yaml", '"colour" is none of'),
    ("broken.yaml", "broken.yaml"), ("missing.yaml", '"path" is missing'), ("binary", "binary"),
])
def test_what_to_collect_from_what_does_not_say_it(wrong, name, words):
    text, status = said(["collect", "--config", str(wrong / name), "--dry-run"])
    assert status == 3 and words in text and name in text, text


def serving(wrong, *options):
    return said(["serve", "--store", str(wrong / "serving"), "--port", "0", *options])


@pytest.mark.parametrize("name", [*NOT_FILES[:7], "secret"])
def test_servers_with_files_that_are_none(wrong, name):
    path = str(wrong / name)
    if name != "empty" and name != "secret":
        text, status = serving(wrong, "--config", path)
        assert status == 3 and name in text, text
    if os.geteuid() == 0 and name == "secret":
        return  # Nothing is secret to root.
    text, status = serving(wrong, "--tls-cert", path, "--tls-key", path)
    assert status == 3 and name in text, text
    if name != "missing":
        text, status = serving(wrong, "--key-file", path)
        assert status == 4 and name in text, text


def test_certificates_that_do_not_fit(wrong, tmp_path):
    for name in ("one", "two"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-keyout", str(tmp_path / f"{name}.key"), "-out",
             str(tmp_path / f"{name}.pem")], check=True, capture_output=True)
    text, status = serving(wrong, "--tls-cert", str(tmp_path / "one.pem"), "--tls-key",
                           str(tmp_path / "two.key"))
    assert status == 3 and "two.key is not that of the certificate" in text, text
    text, status = serving(wrong, "--tls-cert", str(tmp_path / "one.key"), "--tls-key",
                           str(tmp_path / "one.key"))
    assert status == 3 and "no certificate in PEM" in text, text


def test_servers_that_have_no_place(wrong):
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    text, status = said(["serve", "--store", str(wrong / "serving"), "--port", port])
    assert status == 4 and "in use" in text
    for host in ("192.0.2.1", "no-such-name.invalid", "not a name"):
        text, status = serving(wrong, "--host", host)
        assert status == 4 and f"cannot listen on {host}" in text, text
    taken.close()


class Answering:
    """A server that answers what no server of ours would."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
                connection.settimeout(5)
                connection.recv(65536)
                connection.sendall(self.answer)
                connection.close()
            except OSError:
                if self.socket.fileno() < 0:
                    return


KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}


def http(body, status="200 OK"):
    return (f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()


@pytest.mark.parametrize("answer, words", [
    (http("<html>hello</html>"), "not its JSON"), (http("{"), "not its JSON"),
    (http("nobody home", "502 Bad Gateway"), "502"), (b"SSH-2.0-OpenSSH_9.2\r\n", ""),
    (b"", "closed"), (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[", "closed"),
])
def test_servers_that_answer_something_else(wrong, answer, words):
    other = Answering(answer)
    for arguments in (["nodes"], ["show", "web-01"], ["ingest", str(wrong / "report")],
                      ["collect-now", "web-01"]):
        text, status = said([*arguments, "--server", other.url], KEYS)
        assert status in (3, 4) and other.url in text, (arguments, text)
        if arguments == ["nodes"]:
            assert words in text, text
    other.socket.close()


def test_servers_that_cannot_be_reached(wrong):
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    for url, words in [
            (f"http://127.0.0.1:{port}", "Connection refused"),
            (f"https://127.0.0.1:{port}", "Connection refused"),
            ("http://no-such-name.invalid:8055", "no-such-name.invalid is not known"),
    ]:
        text, status = said(["nodes", "--server", url], KEYS)
        assert status == 4 and url in text and words in text, text
        text, status = said(["import", "aws", "--endpoint-url", url, "--aws-region", "us-east-1",
                             "--store", str(wrong / "none"), "--dry-run"], KEYS)
        assert status == 4 and words in text, text
    for url in ("127.0.0.1:8055", "ftp://x", "http://", "http://a b", "http://x:port", "http://[::", "x"):
        text, status = said(["nodes", "--server", url], KEYS)
        assert status in (2, 4) and url in text, text
    text, status = said(["nodes", "--server", "http://127.0.0.1:1"])
    assert status == 2 and "AWS_ACCESS_KEY_ID" in text


def test_tls_that_cannot_be_had(own, wrong, tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key"),
         "-out", str(tmp_path / "pem")], check=True, capture_output=True)
    server = own("--tls-cert", str(tmp_path / "pem"), "--tls-key", str(tmp_path / "key"))
    keys = {name: server.first_key[name] for name in KEYS}
    url = f"https://localhost:{server.port}"
    text, status = said(["nodes", "--server", url], keys)
    assert status == 4 and "certificate is not trusted" in text, text
    for name, words in (("missing", ""), ("text", ""), ("folder", "")):
        text, status = said(["nodes", "--server", url, "--cacert", str(wrong / name)], keys)
        assert status == 4 and words in text, text
    text, status = said(["nodes", "--server", f"https://127.0.0.1:{server.port}", "--cacert",
                         str(tmp_path / "pem")], keys)
    assert status == 4 and "certificate" in text, text
    text, status = said(["nodes", "--server", url.replace("https", "http")], keys)
    assert status == 4 and url.replace("https", "http") in text, text
    plain = own()
    text, status = said(["nodes", "--server", plain.url.replace("http", "https")], keys)
    assert status == 4 and "does not speak TLS" in text, text
    text, status = said(["nodes", "--server", plain.url], KEYS)
    assert status == 4 and "AKIA" not in text.replace(KEYS["AWS_ACCESS_KEY_ID"], ""), text


@pytest.mark.parametrize("arguments, words", [
    (["register", "--server", "http://127.0.0.1:1", "--activation-id", "x", "--activation-code", "y"],
     "Connection refused"),
    (["register", "--server", "nonsense", "--activation-id", "x", "--activation-code", "y"], "nonsense"),
    (["run", "--once"], "no agent is registered"), (["status"], "no agent is registered"),
])
def test_agents_that_cannot(tmp_path, arguments, words):
    text, status = said(["agent", *arguments, "--state", str(tmp_path / "state")])
    assert status in (1, 2, 4) and words in text, text


def test_agents_whose_files_are_damaged(wrong):
    for verb in (["run", "--once"], ["status"]):
        text, status = said(["agent", *verb, "--state", str(wrong / "agent")])
        assert status == 3 and "identity.json is damaged; remove it" in text, text
        text, status = said(["agent", *verb, "--state", str(wrong / "text")])
        assert status in (1, 2, 3, 4), text
    text, status = said(["agent", "register", "--state", str(wrong / "text"), "--server", "http://x",
                         "--activation-id", "x", "--activation-code", "y"])
    assert status in (2, 4) and "text" in text, text


def test_output_that_cannot_be_written(wrong):
    with open("/dev/full", "wb") as full:
        for arguments in (["nodes"], ["show", "web-01", "--format", "json"], ["--help"], ["show", "--help"],
                          ["--generate-completion-script", "bash"]):
            done = subprocess.run(
                [STOCKTAKE, *arguments, *(["--store", str(wrong / "store")] if arguments[0][0] != "-"
                                          and "--help" not in arguments else [])],
                stdout=full, stderr=subprocess.PIPE, text=True, env={"TZ": "UTC"})
            assert done.returncode == 3, (arguments, done)
            assert done.stderr == "stocktake: standard output: No space left on device\n"


def lines_to_try(text):
    """The commands that a server says to try."""
    lines = text.split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith("Try:"))
    return [line[6:] for line in lines[start:] if line.startswith(("Try:  ", "      "))]


def tried(command, tmp_path, aws):
    (tmp_path / "bin").mkdir(exist_ok=True)
    link = tmp_path / "bin" / "aws"
    link.unlink(missing_ok=True)
    link.symlink_to(aws)
    # Pasted by somebody who has no settings of AWS's tools.
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=120, env={
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": str(tmp_path), "AWS_PAGER": ""})


@pytest.mark.parametrize("is_secure", [False, True], ids=["http", "https"])
def test_what_a_server_says_to_try_works_as_pasted(own, tmp_path, is_secure):
    from test_cli import GENERATIONS
    folder = tmp_path / "a store's"
    folder.mkdir()
    options = []
    if is_secure:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
             str(tmp_path / "key"), "-out", str(tmp_path / "own cert.pem")], check=True,
            capture_output=True)
        options = ["--tls-cert", str(tmp_path / "own cert.pem"), "--tls-key", str(tmp_path / "key")]
    server = own(*options, directory=str(folder))
    log = folder / "log"
    deadline = time.monotonic() + 20
    while "Try:" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    commands = lines_to_try(log.read_text())
    assert len(commands) == 2 and " aws ssm get-inventory " in commands[0]
    empty = tried(commands[1], tmp_path, GENERATIONS[0])
    assert empty.returncode == 1 and "no node has reported yet" in empty.stderr, empty
    assert "stocktake collect" in empty.stderr
    report = {"InstanceId": "i-0123456789abcdef0", "Items": [item([package("a")])]}
    (tmp_path / "report").write_text(json.dumps(report))
    server.command("ingest", str(tmp_path / "report"))
    for aws in GENERATIONS:
        done = tried(commands[0], tmp_path, aws)
        assert done.returncode == 0, done
        found = json.loads(done.stdout)["Entities"]
        assert [entity["Id"] for entity in found] == ["i-0123456789abcdef0"]
    asked = tried(commands[1], tmp_path, GENERATIONS[0])
    assert asked.returncode == 0 and "i-0123456789abcdef0" in asked.stdout, asked


@pytest.mark.parametrize("arguments, shown", [
    (["changes", "--follow"], None), (["serve", "--port", "0"], b"Try:"),
    (["forget", "web-01"], b"Type "), (["ingest", "-"], None),
], ids=["follow", "serve", "forget", "ingest"])
def test_ctrl_c_says_nothing_of_the_inside(wrong, tmp_path, arguments, shown):
    store = tmp_path / "store"
    shutil.copytree(wrong / "store", store)
    child, terminal = pty.fork()
    if child == 0:
        os.execve(STOCKTAKE, [STOCKTAKE, *arguments, "--store", str(store)], {"TERM": "xterm", "PATH": "/usr/bin"})
    text, deadline = b"", time.monotonic() + 30
    begun = time.monotonic()
    is_stopped = False
    try:
        while time.monotonic() < deadline:
            is_due = shown in text if shown else time.monotonic() - begun > 2
            if is_due and not is_stopped:
                os.write(terminal, b"\x03")
                is_stopped = True
            if select.select([terminal], [], [], 0.1)[0]:
                piece = os.read(terminal, 65536)
                if not piece:
                    break
                text += piece
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert is_stopped
    assert os.waitstatus_to_exitcode(status) in (0, 130, -signal.SIGINT), (status, text)
    # What is to be tried names the program as it was started.
    told = text.decode().replace("\r", "").replace(STOCKTAKE, "stocktake")
    assert not FOREIGN.search(told), text


@pytest.mark.parametrize("arguments", [["verify"], ["verify", "--quick"], ["rebuild"], ["collect"]],
                         ids=" ".join)
def test_ctrl_c_at_any_moment(wrong, tmp_path, arguments):
    store = tmp_path / "store"
    shutil.copytree(wrong / "store", store)
    for wait in (0.02, 0.05, 0.1, 0.2, 0.4):
        process = subprocess.Popen(
            [STOCKTAKE, *arguments, "--store", str(store)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True)
        time.sleep(wait)
        try:
            os.killpg(process.pid, signal.SIGINT)
        except ProcessLookupError:
            pass
        output, errors = process.communicate(timeout=120)
        assert not FOREIGN.search(errors), errors
        assert process.returncode in (0, 130, -signal.SIGINT, 4), (process.returncode, errors)
        for line in filter(None, errors.split("\n")):
            assert line.startswith("stocktake: "), errors
        assert not output or output.endswith("\n"), output
    assert subprocess.run([STOCKTAKE, "verify", "--store", str(store)],
                          capture_output=True).returncode == 0
