"""A model of amazon-ssm-agent: what it sends, in its form and order, with its quirks.

For the tests, for many agents at once, and to probe a server:

    python agent.py probe --endpoint http://127.0.0.1:8055 \\
        --activation-id ID --activation-code CODE

What it does was observed on amazon-ssm-agent 3.3.0.0, or read in its source; where a step looks odd,
the agent does it so.
"""

import argparse
import base64
import hashlib
import http.client
import json
import random
import re
import sys
import threading
import time
import uuid

from agent_schedule import next_time
from agent_wire import (  # noqa: F401: some are for those who import the agent
    CONTENT_TYPE, USER_AGENT, AgentError, Signer, Wire, amz_date)

TOO_BIG_WITH_FILES = 1 << 20
FAULTS = (AgentError, OSError, http.client.HTTPException)
# What the plugin reads its inputs into: texts, every one.
PLUGIN_INPUTS = {
    "applications", "awscomponents", "networkconfig", "files", "windowsroles", "services",
    "windowsregistry", "windowsupdates", "instancedetailedinformation", "billinginfo",
    "custominventory", "custominventorydirectory"}
GATHERED_BY = {
    "AWS:Application": "applications", "AWS:AWSComponent": "awsComponents",
    "AWS:Network": "networkConfig", "AWS:InstanceDetailedInformation":
    "instanceDetailedInformation", "AWS:File": "files"}
INVALID_INPUT = "invalid or unrecognized input was received for aws:softwareInventory plugin"
STUCK_AFTER = 2 * 3600
# Seconds for which a command is known, on disk: no other of its id is run meanwhile.
COMMANDS_KNOWN_FOR = 1800


class Agent(Wire):
    """One agent and what it keeps beside its identity: hashes, documents, commands it knows."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.hashes = {}
        self.documents = {}
        self.compliance_hash = None
        # Whether statuses go by the older operation, since the list of associations failed.
        self.is_legacy = False
        self.commands = {}
        # What went wrong without stopping the agent: it writes such things to its log and goes on.
        self.logged = []

    def logs(self, operation, **members):
        """A call whose failure the agent only writes down."""
        try:
            return self.call(operation, **members)
        except FAULTS as error:
            self.logged.append(error)

    # Living.

    def ping_first(self):
        return self.call("UpdateInstanceInformation", AgentName="amazon-ssm-agent",
                         AgentVersion="3.3.0.0", InstanceId=self.id, PlatformType="Linux")

    def ping(self, status="Active", **more):
        return self.call(**{
            "operation": "UpdateInstanceInformation", "AgentName": "amazon-ssm-agent",
            "AgentStatus": status, "AgentVersion": "3.3.0.0", "AvailabilityZone": "",
            "AvailabilityZoneId": "", "ComputerName": f"host-{self.id[-6:]}",
            "IPAddress": "10.0.0.7", "InstanceId": self.id,
            "PlatformName": "Debian GNU/Linux", "PlatformType": "Linux", "PlatformVersion": "12",
            "SSMConnectionChannel": "ec2messages", **more})

    def control_channel(self):
        """What the agent prefers to messages; the status and the body."""
        body = json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4())}).encode()
        return self._exchange(
            body, {"Host": self.endpoint.netloc, "User-Agent": USER_AGENT},
            path=f"/v1/control-channel/{self.id}")

    def start(self, hibernations=8):
        """The calls of a start, up to the first question for associations.

        Any failure of the first ping is hibernation: 5 minutes, then twice as long, up to an hour.
        """
        self.ensure_token()
        pause = 300
        while True:
            try:
                self.ping_first()
                break
            except FAULTS:
                if not hibernations:
                    raise
                hibernations -= 1
                self.sleep(pause)
                pause = min(2 * pause, 3600)
                self.ensure_token()
        self.ping()
        self.control_channel()

    # Associations.

    def associations(self):
        """By the older operations where the list fails; statuses go by them until it does not."""
        found, token = [], None
        while True:
            try:
                page = self.call("ListInstanceAssociations", InstanceId=self.id, MaxResults=20,
                                 **({"NextToken": token} if token else {}))
            except FAULTS:
                if found:
                    raise
                self.is_legacy = True
                return self._older_associations()
            self.is_legacy = False
            found += page["Associations"]
            token = page.get("NextToken")
            if not token:
                return found

    def _older_associations(self):
        found = self.call("ListAssociations", MaxResults=1, AssociationFilterList=[
            {"key": "InstanceId", "value": self.id}])["Associations"][:1]
        for one in found:
            told = self.call("DescribeAssociation", InstanceId=self.id,
                             Name=one["Name"])["AssociationDescription"]
            one |= {"AssociationId": one["Name"], "DocumentVersion": "", "Checksum": "",
                    "Parameters": told.get("Parameters", {}),
                    "DetailedStatus": told["Status"]["Name"]}
        return found

    def document(self, association):
        """Asked for again only where the checksum is another."""
        known = self.documents.get(association["AssociationId"])
        if not known or known[0] != association["Checksum"]:
            answer = self.call("GetDocument", Name=association["Name"],
                               DocumentVersion=association["DocumentVersion"])
            known = (association["Checksum"], json.loads(answer["Content"]))
            self.documents[association["AssociationId"]] = known
        return known[1]

    @staticmethod
    def inputs(association, document):
        """The inputs of the document's step; IndexError where the agent would panic."""
        declared, values = document["parameters"], {}
        for name, given in association.get("Parameters", {}).items():
            if name in declared:
                values[name] = given[0] if declared[name]["type"] == "String" else list(given)
        for name, parameter in declared.items():
            values.setdefault(name, parameter["default"])
        inputs = {}
        for name, text in document["mainSteps"][0]["inputs"].items():
            alone = re.fullmatch(r"{{\s*(\w+)\s*}}", text)
            inputs[name] = values.get(alone[1], text) if alone else text
        return inputs

    @staticmethod
    def _are_right(inputs):
        """Whether the plugin and the frequent collector can read them."""
        return all(isinstance(value, list if name == "changeDetectionTypes" else str)
                   for name, value in inputs.items()
                   if name.lower() in PLUGIN_INPUTS or name.startswith("changeDetection"))

    @staticmethod
    def next_run(association, now):
        """When it runs next; None for never."""
        status, schedule = association.get("DetailedStatus"), association.get("ScheduleExpression")
        if status == "Pending":
            return now
        if not schedule:
            return now if status == "Associated" else None
        last = association.get("LastExecutionDate")
        return next_time(schedule, last) if last else now

    @classmethod
    def due(cls, association, now=None):
        """Whether the agent runs it now: never what is in progress, as far as it was told."""
        now = now or time.time()
        next = cls.next_run(association, now)
        return (next is not None and next <= now
                and association.get("DetailedStatus") != "InProgress")

    @classmethod
    def is_stuck(cls, association, now=None):
        """Whether it takes a run for lost: in progress, due, and last run two hours ago."""
        now = now or time.time()
        last, next = association.get("LastExecutionDate"), cls.next_run(association, now)
        return bool(association.get("DetailedStatus") == "InProgress" and next is not None
                    and next <= now and last and last + STUCK_AFTER < now)

    def report_status(self, association, status, summary="", code=""):
        """Says how it goes; nothing stops where that fails."""
        association["DetailedStatus"] = status
        if self.is_legacy:
            return self.logs(
                "UpdateAssociationStatus", InstanceId=self.id, Name=association["Name"],
                AssociationStatus={
                    "Name": status, "Message": summary, "Date": round(time.time(), 3),
                    "AdditionalInfo": json.dumps({"Name": "amazon-ssm-agent"})})
        return self.logs(
            "UpdateInstanceAssociationStatus", InstanceId=self.id,
            AssociationId=association["AssociationId"],
            ExecutionResult={"Status": status, "ErrorCode": code,
                             "ExecutionDate": round(time.time(), 3),
                             "ExecutionSummary": summary[:510]})

    def run_association(self, association, snapshot):
        """The whole sequence of one run; how it ended."""
        document = self.document(association)
        self.report_status(association, "Pending")
        inputs = self.inputs(association, document)
        self.report_status(association, "InProgress")
        status, summary = self._gather(inputs, snapshot)
        self.report_status(association, "InProgress", summary)
        self.report_status(association, status, summary)
        self.put_compliance([association])
        return status

    def _gather(self, inputs, snapshot):
        try:
            if not self.shares:
                self.request_token()  # the process that gathers is one of its own
            if not self._are_right(inputs):
                raise ValueError(INVALID_INPUT)
            wanted = {type: content for type, content in snapshot.items()
                      if inputs[GATHERED_BY.get(type, "customInventory")]
                      not in ("", "Disabled")}
            if wanted:
                self.put_inventory(wanted)
        except (*FAULTS, ValueError) as error:
            self.logged.append(error)
            return "Failed", ("1 out of 1 plugin processed, 0 success, 1 failed, 0 timedout, "
                              f"0 skipped. {error}")
        return "Success", "1 out of 1 plugin processed, 1 success, 0 failed, 0 timedout, 0 skipped. "

    def run_due(self, snapshot):
        """Asks what there is and runs what is due; how many runs went well."""
        return self._run(self.associations(), snapshot)

    def _run(self, associations, snapshot):
        done = 0
        for association in associations:
            try:
                self.document(association)  # also of what is not due
            except FAULTS as error:
                self.report_status(association, "Failed", str(error), "ListAssocError")
                continue
            if self.is_stuck(association):
                self.report_status(
                    association, "Failed", "Association stuck at InProgress for longer than 2 hours",
                    "StuckAtInProgress")
            elif self.due(association):
                done += self.run_association(association, snapshot) == "Success"
        return done

    def put_compliance(self, associations):
        """Without execution id, type and title: that is how it comes. Failures are passed over."""
        now = round(time.time(), 3)
        items = [{"Id": association["AssociationId"], "Title": "", "Severity": "UNSPECIFIED",
                  "Status": "COMPLIANT" if association["DetailedStatus"] == "Success"
                  else "NON_COMPLIANT",
                  "Details": {"DocumentName": association["Name"],
                              "DocumentVersion": association["DocumentVersion"]}}
                 for association in associations]
        digest = base64.b64encode(hashlib.md5(json.dumps([items, now]).encode()).digest()).decode()

        # One that nobody took is not sent again: the next run has another time, and so another hash.
        answer = self.logs(
            "PutComplianceItems", ResourceId=self.id, ResourceType="ManagedInstance",
            ComplianceType="Association", ItemContentHash=digest,
            Items=[] if digest == self.compliance_hash else items,
            ExecutionSummary={"ExecutionId": "", "ExecutionTime": now, "ExecutionType": ""})
        if answer is not None:
            self.compliance_hash = digest

    # Inventory.

    def put_inventory(self, snapshot):
        """Sends what changed, and of the rest the hash alone; all of it where the server asks.

        Of items without content, time and schema version are those of the last item of the run: a
        fault of the agent's that servers live with.
        """
        types = list(snapshot)
        self.random.shuffle(types)
        now = amz_date()
        stamp = f"{now[:4]}-{now[4:6]}-{now[6:11]}:{now[11:13]}:{now[13:]}"
        full, short, hashed = [], [], {}
        for type in types:
            version, rows = snapshot[type]
            hashed[type] = base64.b64encode(
                hashlib.md5(json.dumps(rows).encode()).digest()).decode()
            item = {"TypeName": type, "SchemaVersion": version, "CaptureTime": stamp,
                    "ContentHash": hashed[type], "Content": rows}
            full.append(item)
            if self.hashes.get(type) == hashed[type]:
                short.append({"TypeName": type, "SchemaVersion": snapshot[types[-1]][0],
                              "CaptureTime": stamp, "ContentHash": hashed[type]})
            else:
                short.append(item)
        try:
            self._put(short)
        except AgentError as error:
            if error.code not in ("ItemContentMismatchException", "InvalidItemContentException"):
                raise
            self._put(full)
        self.hashes |= hashed

    def _put(self, items):
        size = len(json.dumps(items))
        files = [item for item in items if item["TypeName"] == "AWS:File"]
        if size > TOO_BIG_WITH_FILES and files and len(items) > 1:
            self.call("PutInventory", InstanceId=self.id, Items=files)
            items = [item for item in items if item["TypeName"] != "AWS:File"]
        self.call("PutInventory", InstanceId=self.id, Items=items)

    # Messages.

    def messages(self, visibility=10, timeout=20):
        """One question for messages; who waits longer than the agent's own limit is cut off.

        Being cut off after 10 seconds and more is no failure. After an answer within a second it waits
        for two.
        """
        begin = time.monotonic()
        try:
            found = self.call(
                "GetMessages", service="ec2messages", timeout=timeout, retries=0,
                Destination=self.id, MessagesRequestId=str(uuid.uuid4()),
                VisibilityTimeoutInSeconds=visibility)["Messages"]
        except TimeoutError:
            if time.monotonic() - begin < timeout / 2:
                raise
            return []
        if time.monotonic() - begin < 1:
            time.sleep(2 * self.pause_scale)
        return found

    def answer_message(self, operation, message, **more):
        return self.logs(operation, service="ec2messages", MessageId=message["MessageId"], **more)

    def reply(self, message, status):
        self.answer_message("SendReply", message, ReplyId=str(uuid.uuid4()), Payload=json.dumps({
            "additionalInfo": {"agent": {"name": "amazon-ssm-agent", "version": "3.3.0.0"}},
            "documentStatus": status, "documentTraceOutput": "", "runtimeStatus": {}}))

    def handle(self, message, snapshot):
        """Does what a message says; how many runs of associations went well.

        What cannot be read is answered with a reply alone, and not acknowledged.
        """
        if not message["Topic"].startswith("aws.ssm.sendCommand"):
            self.answer_message(
                "FailMessage", message, FailureType="InternalHandlerException")
            return 0
        try:
            command = json.loads(message["Payload"])
            step = command["DocumentContent"]["mainSteps"][0]
            wanted = set(step["inputs"]["associationIds"])
            assert step["action"] == "aws:refreshAssociation"
        except (ValueError, LookupError, TypeError, AssertionError):
            self.reply(message, "Failed")
            return 0
        known = self.commands.get(command["CommandId"], 0)
        self.commands[command["CommandId"]] = time.monotonic()
        if known and time.monotonic() - known < COMMANDS_KNOWN_FOR:
            self.answer_message("AcknowledgeMessage", message)
            return 0
        self.reply(message, "InProgress")
        self.answer_message("AcknowledgeMessage", message)
        associations = self.associations()
        for association in associations:
            is_named = not wanted or association["AssociationId"] in wanted
            if is_named and association.get("DetailedStatus") not in ("InProgress", "Pending"):
                self.report_status(association, "Pending")
        done = self._run(associations, snapshot)
        self.reply(message, "InProgress")
        self.reply(message, "Success")
        return done


def modelled_snapshot(seed=0, packages=747):
    """What the agent found on a Debian machine, in its shapes; another seed is another machine."""
    chooser = random.Random(seed)
    applications = [
        {"Name": f"package-{number}", "Version": f"1.{chooser.randrange(9)}.{number}-1",
         "Publisher": "Debian Maintainers <team@example.org>", "Architecture": "x86_64",
         "ApplicationType": "libs", "PackageId": f"package-{number}_1_amd64.deb",
         "Summary": f"what package {number} is for", "URL": "https://example.org/"}
        for number in range(packages)]
    return {
        "AWS:Application": ("1.1", applications),
        "AWS:Network": ("1.0", [
            {"Name": "eth0", "MacAddress": f"02:00:00:00:00:{seed % 256:02x}", "IPV4": "10.0.0.7",
             "IPV6": ""}]),
        "AWS:InstanceDetailedInformation": ("1.0", [
            {"CPUModel": "A Processor", "CPUs": "2", "CPUCores": "2", "CPUSockets": "1",
             "CPUHyperThreadEnabled": "false", "CPUSpeedMHz": "", "KernelVersion": "6.1.0-30-amd64",
             "OSServicePack": ""}]),
        "AWS:AWSComponent": ("1.0", []),
        "Custom:Rack": ("1.0", [{"Name": "rack", "Position": str(seed)}]),
    }


def probe(options):
    """Walks through a node's life, a line for each step; true where all went well."""
    agent = Agent(options.endpoint, options.region, ca=options.ca)
    snapshot = modelled_snapshot(packages=20)
    hints = {
        "register": "Are id and code right, is the activation not used up and not expired?",
        "credentials": "Do the clocks agree? Does a proxy change the Host header?",
        "messages": "Does a proxy cut answers that take longer than its time limit?",
    }
    steps = [
        ("register", lambda: agent.register(options.activation_id, options.activation_code)),
        ("credentials", lambda: f"until {agent.request_token()['TokenExpirationDate']}"),
        ("ping", lambda: (agent.ping_first(), agent.ping()) and None),
        ("control channel", lambda: f"refused with {agent.control_channel()[0]}, as it must be"),
        ("associations", lambda: [a["ScheduleExpression"] for a in agent.associations()]),
        ("inventory", lambda: f"{agent.run_due(snapshot)} association(s) run"),
        ("inventory again", lambda: agent.put_inventory(snapshot)),
        ("messages", lambda: f"{len(agent.messages())} message(s)"),
    ]
    for name, step in steps:
        try:
            said = step()
        except (AgentError, OSError, KeyError) as error:
            print(f"{name}: FAILED: {type(error).__name__}: {error}\n  {hints.get(name, '')}".rstrip())
            return False
        print(f"{name}: ok" + (f" ({said})" if said else ""))
    print(f"{agent.id} is registered; deregister it when you are done.")
    return True


def many(options):
    """Agents that register, ping and collect until the time is over; how much they did."""
    counts, lock, end = {}, threading.Lock(), time.time() + options.seconds

    def live(number):
        agent = Agent(options.endpoint, options.region, ca=options.ca, seed=number)
        def count(name):
            with lock:
                counts[name] = counts.get(name, 0) + 1
        try:
            agent.register(options.activation_id, options.activation_code)
            count("registered")
            agent.start(hibernations=0)
            agent.run_due(modelled_snapshot(number, packages=100))
            count("collected")
            while time.time() < end:
                agent.ensure_token()
                agent.ping()
                count("pings")
        except (AgentError, OSError) as error:
            count(f"error {getattr(error, 'code', type(error).__name__)}")

    threads = [threading.Thread(target=live, args=(n,)) for n in range(options.agents)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(counts, indent=1, sort_keys=True))
    return not any(name.startswith("error") for name in counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    for name, run, text in [("probe", probe, "walk through a node's life, step by step"),
                            ("many", many, "many agents at once")]:
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        command.add_argument("--endpoint", required=True)
        command.add_argument("--region", default="us-east-1")
        command.add_argument("--activation-id", required=True)
        command.add_argument("--activation-code", required=True)
        command.add_argument("--ca", help="certificates to trust, in PEM")
        if name == "many":
            command.add_argument("--agents", type=int, default=50)
            command.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    sys.exit(0 if options.run(options) else 1)


if __name__ == "__main__":
    main()
