"""A model of amazon-ssm-agent: what it sends, in its form and order, with its quirks.

For the tests, for many agents at once, and to probe a server:

    python agent.py probe --endpoint http://127.0.0.1:8055 --region eu-west-1 \\
        --activation-id ID --activation-code CODE

What it does was observed on amazon-ssm-agent 3.3.0.0; where a step looks odd, the agent does it so.
"""

import argparse
import base64
import datetime
import hashlib
import http.client
import json
import random
import ssl
import sys
import threading
import time
import urllib.parse
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

USER_AGENT = ("aws-sdk-go/1.51.20 (go1.22.10; linux; amd64) amazon-ssm-agent/3.3.0.0")
CONTENT_TYPE = "application/x-amz-json-1.1"
TOO_BIG_WITH_FILES = 1 << 20


class AgentError(Exception):
    """What a server answered, by the name in the body: the agent looks nowhere else."""

    def __init__(self, code, message, status):
        super().__init__(f"{code} ({status}): {message}")
        self.code, self.message, self.status = code, message, status


class Signer(botocore.auth.SigV4Auth):
    """Signs as the agent's SDK does: with the length, and without the body's digest as a header."""

    def headers_to_sign(self, request):
        wanted = {"content-length", "content-type", "host", "x-amz-date", "x-amz-security-token",
                  "x-amz-target"}
        signed = super().headers_to_sign(request)
        for name in list(signed.keys()):
            if name.lower() not in wanted:
                del signed[name]
        return signed


def string_to_sign(host, headers, region, digest):
    """The text that Signature Version 4 signs, for a POST to `/`."""
    names = sorted(headers | {"host": host})
    canonical = "\n".join(
        ["POST", "/", "", *(f"{name}:{(headers | {'host': host})[name]}" for name in names), "",
         ";".join(names), digest])
    date = headers["x-amz-date"]
    return "\n".join(
        ["AWS4-HMAC-SHA256", date, f"{date[:8]}/{region}/ssm/aws4_request",
         hashlib.sha256(canonical.encode()).hexdigest()]), ";".join(names)


def amz_date(offset=0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return now.strftime("%Y%m%dT%H%M%SZ")


class Agent:
    """One agent and what it keeps: key, fingerprint, credentials, hashes, documents."""

    def __init__(self, endpoint, region="local", fingerprint=None, key=None, ca=None, seed=0,
                 key_size=2048):
        self.endpoint = urllib.parse.urlsplit(endpoint)
        self.region = region
        self.fingerprint = fingerprint or str(uuid.uuid4())
        self.key = key or rsa.generate_private_key(public_exponent=65537, key_size=key_size)
        self.context = ssl.create_default_context(cafile=ca) if ca else None
        self.random = random.Random(seed)
        self.id = None
        self.credentials = None
        self.expires = self.renew = 0
        self.hashes = {}
        self.documents = {}
        self.retries = 3
        self.pause_scale = 1.0

    # Sending.

    def _connection(self):
        if self.endpoint.scheme == "https":
            return http.client.HTTPSConnection(
                self.endpoint.hostname, self.endpoint.port, timeout=60, context=self.context)
        return http.client.HTTPConnection(
            self.endpoint.hostname, self.endpoint.port, timeout=60)

    def _exchange(self, body, headers, chunked=False, path="/"):
        connection = self._connection()
        try:
            payload = iter([body]) if chunked else body
            connection.request(
                "POST", path, body=payload, headers=headers, encode_chunked=chunked)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @staticmethod
    def _parse(status, raw):
        try:
            answer = json.loads(raw) if raw else {}
        except ValueError:
            answer = {}
        if status == 200:
            return answer
        name = answer.get("__type", "").split("#")[-1] or str(status)
        raise AgentError(name, answer.get("message") or answer.get("Message") or "", status)

    def call(self, operation, service="ssm", **members):
        """An ordinary call, tried again as the agent's SDK does."""
        prefix = "AmazonSSM" if service == "ssm" else "EC2WindowsMessageDeliveryService"
        body = json.dumps(members).encode()
        for attempt in range(self.retries + 1):
            request = botocore.awsrequest.AWSRequest(
                "POST", self.endpoint.geturl().rstrip("/") + "/", data=body, headers={
                    "Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{prefix}.{operation}",
                    "Content-Length": str(len(body))})
            Signer(self.credentials, service, self.region).add_auth(request)
            headers = {name: value for name, value in request.headers.items()}
            headers |= {"Host": self.endpoint.netloc, "User-Agent": USER_AGENT,
                        "Accept-Encoding": "gzip"}
            try:
                return self._parse(*self._exchange(body, headers))
            except AgentError as error:
                if error.status < 500 and "Throttling" not in error.code or attempt == self.retries:
                    raise
            except OSError:
                if attempt == self.retries:
                    raise
            time.sleep(self.pause_scale * self.random.uniform(1, 1.5) * 2 ** attempt)

    # Registration and credentials.

    def public_key(self, key=None):
        return base64.b64encode((key or self.key).public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)).decode()

    def register(self, activation, code):
        """The one call that is not signed."""
        body = json.dumps({
            "ActivationCode": code, "ActivationId": activation, "Fingerprint": self.fingerprint,
            "PublicKey": self.public_key(), "PublicKeyType": "Rsa"}).encode()
        status, raw = self._exchange(body, {
            "Content-Type": CONTENT_TYPE, "X-Amz-Target": "AmazonSSM.RegisterManagedInstance",
            "Host": self.endpoint.netloc, "User-Agent": USER_AGENT})
        self.id = self._parse(status, raw)["InstanceId"]
        return self.id

    def signed_by_key(self, operation, members, key=None, date_offset=0):
        """Headers and body of a call that is signed with the node's own key.

        The digest of the body is sent and not signed; the signature is base64, with its `=`.
        """
        body = json.dumps(members).encode()
        digest = hashlib.sha256(body).hexdigest()
        headers = {"content-type": CONTENT_TYPE, "x-amz-date": amz_date(date_offset),
                   "x-amz-target": f"AmazonSSM.{operation}"}
        text, names = string_to_sign(self.endpoint.netloc, headers, self.region, digest)
        signature = (key or self.key).sign(
            text.encode(), padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
            hashes.SHA256())
        scope = f"{self.id}/{headers['x-amz-date'][:8]}/{self.region}/ssm/aws4_request"
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, "
            f"Signature={base64.b64encode(signature).decode()}")
        headers["x-amz-content-sha256"] = digest
        headers["Host"] = self.endpoint.netloc
        headers["User-Agent"] = USER_AGENT
        headers["Transfer-Encoding"] = "chunked"
        return headers, body

    def send_signed(self, headers, body):
        """As it is: in one chunk, without a length."""
        return self._parse(*self._exchange(body, headers, chunked=True))

    def request_token(self, **change):
        answer = self.send_signed(*self.signed_by_key(
            "RequestManagedInstanceRoleToken", {"Fingerprint": self.fingerprint}, **change))
        # The agent reads all five without looking whether they are there.
        self.credentials = botocore.credentials.Credentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        self.expires = answer["TokenExpirationDate"]
        self.renew = time.time() + (self.expires - time.time()) / 2
        if answer["UpdateKeyPair"]:
            self.exchange_key()
        return answer

    def exchange_key(self):
        new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.send_signed(*self.signed_by_key(
            "UpdateManagedInstancePublicKey",
            {"NewPublicKey": self.public_key(new), "NewPublicKeyType": "Rsa"}))
        self.key = new

    def ensure_token(self):
        if time.time() >= self.renew:
            self.request_token()

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

    def associations(self):
        found, token = [], None
        while True:
            page = self.call("ListInstanceAssociations", InstanceId=self.id, MaxResults=20,
                             **({"NextToken": token} if token else {}))
            found += page["Associations"]
            token = page.get("NextToken")
            if not token:
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
    def due(association, now=None):
        """Whether the agent runs it now."""
        schedule = association.get("ScheduleExpression")
        if not schedule:
            return association.get("DetailedStatus") == "Associated"
        last = association.get("LastExecutionDate")
        if association.get("DetailedStatus") == "Pending" or not last:
            return True
        if not schedule.startswith("rate("):
            return False
        count, unit = schedule[5:-1].split()
        seconds = int(count) * {"minute": 60, "hour": 3600, "day": 86400}[unit.rstrip("s")]
        return last + seconds <= (now or time.time())

    def report_status(self, association, status, summary="", code=""):
        return self.call(
            "UpdateInstanceAssociationStatus", InstanceId=self.id,
            AssociationId=association["AssociationId"],
            ExecutionResult={"Status": status, "ErrorCode": code,
                             "ExecutionDate": round(time.time(), 3), "ExecutionSummary": summary})

    def run_association(self, association, snapshot):
        """The whole sequence of one run."""
        self.document(association)
        self.report_status(association, "Pending")
        self.report_status(association, "InProgress")
        self.put_inventory(snapshot)
        done = "1 out of 1 plugin processed, 1 success, 0 failed, 0 timedout, 0 skipped. "
        self.report_status(association, "InProgress", done)
        self.report_status(association, "Success", done)
        self.put_compliance([association])

    def run_due(self, snapshot):
        """Runs what is due, and returns how much that was."""
        due = [association for association in self.associations() if self.due(association)]
        for association in due:
            self.run_association(association, snapshot)
        return len(due)

    def put_compliance(self, associations):
        """Without execution id, type and title: that is how it comes."""
        items = [{"Id": association["AssociationId"], "Title": "", "Severity": "UNSPECIFIED",
                  "Status": "COMPLIANT",
                  "Details": {"DocumentName": association["Name"],
                              "DocumentVersion": association["DocumentVersion"]}}
                 for association in associations]
        digest = hashlib.md5(json.dumps(items).encode()).digest()
        return self.call(
            "PutComplianceItems", ResourceId=self.id, ResourceType="ManagedInstance",
            ComplianceType="Association", Items=items,
            ExecutionSummary={"ExecutionId": "", "ExecutionTime": round(time.time(), 3),
                              "ExecutionType": ""},
            ItemContentHash=base64.b64encode(digest).decode())

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

    def messages(self, visibility=10):
        return self.call("GetMessages", service="ec2messages", Destination=self.id,
                         MessagesRequestId=str(uuid.uuid4()),
                         VisibilityTimeoutInSeconds=visibility)["Messages"]

    def answer_message(self, operation, message, **more):
        return self.call(operation, service="ec2messages", MessageId=message["MessageId"], **more)

    def handle(self, message, snapshot):
        """Runs the associations that a message names."""
        assert message["Topic"].startswith("aws.ssm.sendCommand"), message
        step = json.loads(message["Payload"])["DocumentContent"]["mainSteps"][0]
        assert step["action"] == "aws:refreshAssociation", step
        reply = {"ReplyId": str(uuid.uuid4()), "Payload": "{}"}
        self.answer_message("SendReply", message, **reply)
        self.answer_message("AcknowledgeMessage", message)
        wanted = set(step["inputs"]["associationIds"])
        for association in self.associations():
            if association["AssociationId"] in wanted or not wanted:
                self.run_association(association, snapshot)
        self.answer_message("SendReply", message, **reply)
        self.answer_message("SendReply", message, **reply)

    def start(self):
        """The calls of a start, up to the first question for associations."""
        self.ensure_token()
        self.ping_first()
        self.ping()
        self.control_channel()


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
            agent.start()
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
        command.add_argument("--region", default="local")
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
