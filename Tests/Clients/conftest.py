"""A real server, and real clients for it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

STOCKTAKE = os.environ["STOCKTAKE"]


class Server:
    """A server process with a store of its own."""

    def __init__(self, *options, directory=None, wrapper=()):
        self.directory = Path(directory or tempfile.mkdtemp(prefix="stocktake-"))
        self.options = options
        self.wrapper = list(wrapper)
        self.process = None
        self.start()

    def start(self):
        port_file = self.directory / "port"
        port_file.unlink(missing_ok=True)
        self.log = open(self.directory / "log", "ab")
        deadline = time.monotonic() + 30
        self.spawn(port_file)
        while not port_file.exists():
            if self.process.poll() is not None:
                # A port that a server is to have again can be that of somebody's connection meanwhile.
                text = (self.directory / "log").read_text()
                assert text.endswith("Address already in use\n"), text
                time.sleep(0.2)
                self.spawn(port_file)
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        self.host, port = port_file.read_text().strip().rsplit(":", 1)
        self.port = int(port)
        self.scheme = "https" if "--tls-cert" in self.options else "http"
        self.url = f"{self.scheme}://{self.host}:{self.port}"

    def spawn(self, port_file):
        self.process = subprocess.Popen(
            [*self.wrapper, STOCKTAKE, "serve", "--store", str(self.directory), "--port", "0",
             "--port-file", str(port_file), *self.options],
            stdout=self.log, stderr=self.log)

    @property
    def first_key(self):
        lines = (self.directory / "first-key").read_text().split()
        return dict(line.split("=", 1) for line in lines)

    def client(self, key=None, region="us-east-1", **options):
        key = key or self.first_key
        return boto3.client(
            "ssm", endpoint_url=self.url, region_name=region,
            aws_access_key_id=key.get("AWS_ACCESS_KEY_ID") or key["accessKeyId"],
            aws_secret_access_key=key.get("AWS_SECRET_ACCESS_KEY") or key["secretAccessKey"],
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50,
                          parameter_validation=options.pop("validate", True)), **options)

    def command(self, *arguments, check=True):
        return subprocess.run(
            [STOCKTAKE, *arguments, "--store", str(self.directory)], check=check,
            capture_output=True, text=True)

    def key(self, *options):
        import json
        return json.loads(self.command("keys", "create", "--format", "json", *options).stdout)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(timeout=30) == 0
        self.log.close()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def server():
    server = Server()
    yield server
    server.stop()
    server.close()


@pytest.fixture
def own():
    """Makes servers of a test's own."""
    servers = []

    def make(*options, **named):
        servers.append(Server(*options, **named))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def account(server):
    """A name space of the test's own: a new account."""
    number = f"{int.from_bytes(os.urandom(5), 'big') % 10**12:012d}"
    return server.key("--account", number, "--permissions", "admin")


@pytest.fixture
def ssm(server, account):
    return server.client(account)
