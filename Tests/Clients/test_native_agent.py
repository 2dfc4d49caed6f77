"""`stocktake agent`: our own collectors on schedule, with a queue for when the server is away."""

import json
import os
import signal
import subprocess
import time

import pytest
from conftest import STOCKTAKE, Server
from support import entries, stamp
from test_agent import activation

STATUS = """Package: {name}
Status: install ok installed
Architecture: amd64
Version: {version}
Maintainer: Somebody <somebody@example.org>
Description: a package

"""


# What the constructed machine has not, so that collecting it fails.
WITHOUT = ["AWS:Network", "AWS:InstanceDetailedInformation", "AWS:Service", "AWS:PatchCompliance",
           "AWS:PatchSummary", "Custom:User", "Custom:Group", "Custom:ListeningPort",
           "Custom:KernelModule", "Custom:Mount", "Custom:AuthorizedKey"]


class Native:
    """An agent of our own with a folder and a constructed machine."""

    def __init__(self, server, folder):
        self.server, self.state, self.root = server, folder / "state", folder / "root"
        (self.root / "var/lib/dpkg").mkdir(parents=True)
        (self.root / "etc").mkdir()
        (self.root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nNAME="Debian"\n')
        (self.root / "etc/hostname").write_text("constructed\n")
        self.install(a="1.0", b="2.0")
        config = folder / "collect.yaml"
        config.write_text(f"without: {json.dumps(WITHOUT)}\n")
        self.how = ("--root", str(self.root), "--config", str(config))
        id, code = activation(server.client())
        self.id = self.run("register", "--server", server.url, "--activation-id", id,
                           "--activation-code", code).stdout.strip()

    def install(self, **packages):
        path = self.root / "var/lib/dpkg/status"
        path.with_suffix(".new").write_text("".join(
            STATUS.format(name=name, version=version) for name, version in packages.items()))
        path.with_suffix(".new").rename(path)

    def run(self, *arguments, check=True):
        return subprocess.run([STOCKTAKE, "agent", *arguments, "--state", str(self.state)],
                              check=check, capture_output=True, text=True, timeout=60)

    def once(self, check=True):
        return self.run("run", "--once", *self.how, check=check)

    def told(self):
        """What the server knows of the last run."""
        status = self.server.client().describe_instance_associations_status(InstanceId=self.id)
        return status["InstanceAssociationStatusInfos"][0]

    def break_document(self, text="{"):
        folder = self.root / "etc/stocktake/custom"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "broken.json").write_text(text)

    def background(self):
        return subprocess.Popen(
            [STOCKTAKE, "agent", "run", "--state", str(self.state), *self.how],
            stderr=subprocess.PIPE, text=True)

    def packages(self):
        return {row["Name"]: row["Version"] for row in entries(self.server.client(), self.id)}

    def make_due(self):
        work = json.loads((self.state / "work.json").read_text())
        (self.state / "work.json").write_text(json.dumps(work | {"lastRun": 1}))


@pytest.fixture
def server():
    server = Server("--message-wait-seconds", "2")
    yield server
    server.close()


@pytest.fixture
def native(server, tmp_path):
    return Native(server, tmp_path)


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_it_registers_collects_and_is_quiet(native, server):
    assert native.id.startswith("mi-")
    assert os.stat(native.state / "identity.json").st_mode & 0o077 == 0
    native.once()
    assert native.packages() == {"a": "1.0", "b": "2.0"}
    before = json.loads(native.server.command("stats", "--format", "json").stdout)
    native.install(a="1.1", b="2.0")
    native.once()  # nothing is due
    assert native.packages() == {"a": "1.0", "b": "2.0"}
    native.make_due()
    native.once()
    assert native.packages() == {"a": "1.1", "b": "2.0"}
    assert before
    found = server.client().describe_instance_information()["InstanceInformationList"]
    assert [(n["InstanceId"], n["PlatformType"], n["AssociationStatus"]) for n in found] == [
        (native.id, "Linux", "Success")]
    again = native.run("register", "--server", server.url, "--activation-id", "x",
                       "--activation-code", "y", check=False)
    assert again.returncode == 2 and native.id in again.stderr
    assert native.id in native.run("status").stdout


def test_what_is_not_registered_says_so(tmp_path):
    done = subprocess.run([STOCKTAKE, "agent", "run", "--state", str(tmp_path)],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "stocktake agent register" in done.stderr


def test_a_wrong_code_is_told(server, tmp_path):
    id, _ = activation(server.client())
    done = subprocess.run(
        [STOCKTAKE, "agent", "register", "--state", str(tmp_path / "s"), "--server", server.url,
         "--activation-id", id, "--activation-code", "0" * 32], capture_output=True, text=True)
    assert done.returncode == 2 and "InvalidActivation" in done.stderr


def test_reports_wait_for_the_server_and_keep_their_times(native, server):
    native.once()
    port = server.port
    server.kill()
    times = []
    for version in ("1.1", "1.2"):
        native.install(a=version, b="2.0")
        native.make_due()
        done = native.once(check=False)
        assert done.returncode == 4 and "wait in" in done.stderr
        time.sleep(1.1)
        times.append(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        time.sleep(1.1)
    assert "waiting    " in native.run("status").stdout
    server.options = (*server.options, "--port", str(port))
    server.start()
    native.once()
    assert native.packages() == {"a": "1.2", "b": "2.0"}
    past = entries(server.client(), native.id, Filters=[
        {"Key": "Stocktake:At", "Values": [times[0]], "Type": "Equal"}])
    assert {row["Name"]: row["Version"] for row in past} == {"a": "1.1", "b": "2.0"}
    assert not list((native.state / "queue").glob("*.report"))


def test_a_server_that_forgot_is_told_all(native, tmp_path):
    native.once()
    # What the agent believes the server has, it has not.
    accepted = json.loads((native.state / "queue/accepted.json").read_text())
    ssm = native.server.client()
    native.install(c="3.0")
    native.make_due()
    native.once()
    (native.state / "queue/accepted.json").write_text(json.dumps(accepted))
    native.install(a="1.0", b="2.0")  # the hash of the first report, which is not the last
    native.make_due()
    native.once()
    assert native.packages() == {"a": "1.0", "b": "2.0"}
    assert ssm


def test_it_notices_packages_and_obeys(native, server):
    process = native.background()
    try:
        until(lambda: native.packages() == {"a": "1.0", "b": "2.0"})
        native.install(a="1.0")
        until(lambda: native.packages() == {"a": "1.0"})
        time.sleep(1)
        key = server.first_key
        done = subprocess.run(
            [STOCKTAKE, "collect-now", native.id, "--server", server.url], check=True, text=True,
            capture_output=True, env=os.environ | {
                name: key[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")})
        assert native.id in done.stdout
        id = server.client().list_associations()["Associations"][0]["AssociationId"]
        def executed():
            status = server.client().describe_instance_associations_status(InstanceId=native.id)
            return status["InstanceAssociationStatusInfos"][0]
        first = executed()["ExecutionDate"]
        server.client().start_associations_once(AssociationIds=[id])
        until(lambda: executed()["Status"] == "Success" and executed()["ExecutionDate"] > first)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    found = server.client().describe_instance_information()["InstanceInformationList"][0]
    assert found["PingStatus"] == "Inactive"


def test_it_is_small_when_it_has_nothing_to_do(native, server):
    """At most 30 MB, after a collection of 1,000 packages."""
    native.install(**{f"package{number}": "1.0" for number in range(1000)})
    process = native.background()
    try:
        until(lambda: native.packages())

        def resident():
            status = dict(line.split(":", 1) for line in
                          open(f"/proc/{process.pid}/status").read().splitlines())
            return int(status["VmRSS"].split()[0])

        until(lambda: resident() <= 30 * 1024)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_it_keeps_to_a_schedule_that_is_not_to_begin_at_once(native, server):
    ssm = server.client()
    made = ssm.create_association(
        Name="AWS-GatherSoftwareInventory", Targets=[{"Key": "InstanceIds", "Values": ["*"]}],
        ScheduleExpression="cron(0 0 1 1 ? *)", ApplyOnlyAtCronInterval=True)
    native.once()
    assert native.packages() == {}
    ssm.start_associations_once(
        AssociationIds=[made["AssociationDescription"]["AssociationId"]])
    native.once()
    assert native.packages() == {"a": "1.0", "b": "2.0"}


def test_a_run_that_broke_off_is_done_again(native, server):
    native.once()
    native.install(a="1.1")
    native.once()  # nothing is due
    assert native.packages() == {"a": "1.0", "b": "2.0"}
    server.client().update_association_status(
        Name="AWS-GatherSoftwareInventory", InstanceId=native.id, AssociationStatus={
            "Name": "InProgress", "Message": "it began", "Date": time.time()})
    native.once()
    assert native.packages() == {"a": "1.1"}


FAILED = "1 out of 1 plugin processed, 0 success, 1 failed, 0 timedout, 0 skipped. "
REASON = "/etc/stocktake/custom/broken.json: "


def test_what_cannot_be_collected_is_told_as_a_failure(native, server):
    native.break_document()
    done = native.once(check=False)
    assert done.returncode == 3 and REASON in done.stderr and " types failed" in done.stderr
    told = native.told()
    assert (told["Status"], told["DetailedStatus"], told["ErrorCode"]) == (
        "Failed", "Failed", "ExecutionError")
    assert told["ExecutionSummary"].startswith(FAILED + "1 of ") and REASON in told["ExecutionSummary"]
    ssm = server.client()
    execution = ssm.describe_association_executions(
        AssociationId=told["AssociationId"])["AssociationExecutions"][0]
    target, = ssm.describe_association_execution_targets(
        AssociationId=told["AssociationId"],
        ExecutionId=execution["ExecutionId"])["AssociationExecutionTargets"]
    assert (target["ResourceId"], target["Status"]) == (native.id, "Failed")
    # The rest is there all the same, and the next run is a success again.
    assert native.packages() == {"a": "1.0", "b": "2.0"}
    (native.root / "etc/stocktake/custom/broken.json").unlink()
    native.make_due()
    native.once()
    assert native.told()["Status"] == "Success" and "ErrorCode" not in native.told()


def test_a_report_that_is_refused_is_told_as_a_failure(native, server):
    native.once()
    # One of a type that cannot be, as if it had waited.
    (native.state / "queue/000000000000.report").write_text(json.dumps({
        "InstanceId": native.id, "Items": [{
            "TypeName": "nonsense", "SchemaVersion": "1.0", "CaptureTime": stamp(0), "Content": []}]}))
    native.install(a="2.0")
    native.make_due()
    done = native.once(check=False)
    told = native.told()
    assert done.returncode == 3 and "1 report was refused: " in done.stderr, done.stderr
    assert told["Status"] == "Failed" and "1 report was refused: " in told["ExecutionSummary"]
    # What was fit to be taken was.
    assert native.packages() == {"a": "2.0"}
    assert not list((native.state / "queue").glob("*.report"))


@pytest.mark.parametrize("is_broken", [False, True], ids=["good", "broken"])
def test_how_it_went_is_told_when_the_server_is_back(native, server, is_broken):
    native.once()
    first = native.told()["ExecutionDate"]
    port = server.port
    server.kill()
    if is_broken:
        native.break_document()
    native.install(a="2.0")
    native.make_due()
    done = native.once(check=False)
    assert done.returncode == 4 and "wait in" in done.stderr
    assert json.loads((native.state / "work.json").read_text())["run"]["association"]
    server.options = (*server.options, "--port", str(port))
    server.start()
    done = native.once(check=False)
    assert done.returncode == (3 if is_broken else 0), done.stderr
    assert native.packages() == {"a": "2.0"}
    told = native.told()
    assert told["Status"] == ("Failed" if is_broken else "Success")
    assert told["ExecutionDate"] > first
    assert "run" not in json.loads((native.state / "work.json").read_text())


def test_a_server_that_is_away_is_told_to_who_runs_it_once(native, server):
    native.once()
    server.kill()
    done = native.once(check=False)
    assert done.returncode == 4 and "the server is away" in done.stderr


def test_the_agent_is_a_program_of_its_own(native, server, tmp_path):
    def run(*arguments):
        return subprocess.run([f"{STOCKTAKE}-agent", *arguments], capture_output=True, text=True,
                              timeout=60)
    state = ("--state", str(native.state))
    assert native.id in run("status", *state).stdout
    assert run("run", "--once", *native.how, *state).returncode == 0
    assert native.packages() == {"a": "1.0", "b": "2.0"}
    done = run("run", "--state", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr.startswith("stocktake-agent: ") and "stocktake-agent register" in done.stderr
    version = subprocess.run([STOCKTAKE, "--version"], capture_output=True, text=True).stdout
    assert version and run("--version").stdout == version
    assert "stocktake-agent run --once" in run("--help").stdout
    for shell in ("bash", "zsh", "fish"):
        assert "stocktake-agent" in run("--generate-completion-script", shell).stdout
