"""What amazon-ssm-agent sends through: signatures, retries, registration and credentials."""

import base64
import datetime
import hashlib
import http.client
import json
import random
import ssl
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
RETRIED_STATUSES = (429, 500, 502, 503, 504)
RETRIED_NAMES = (
    "ThrottlingException", "ThrottledException", "Throttling", "RequestThrottled",
    "RequestThrottledException", "RequestLimitExceeded", "TooManyRequestsException",
    "RequestTimeout", "RequestTimeoutException")
EXPIRED_NAMES = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
LONG_SLEEP_NAMES = ("AccessDeniedException", "MachineFingerprintDoesNotMatch")


class AgentError(Exception):
    """What a server answered, by the name in the body: the agent looks nowhere else."""

    def __init__(self, code, message, status):
        super().__init__(f"{code} ({status}): {message}")
        self.code, self.message, self.status = code, message, status

    @property
    def is_retried(self):
        """Whether the agent's SDK tries the same call again by itself."""
        return self.status in RETRIED_STATUSES or self.code in RETRIED_NAMES


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


class Wire:
    """The part of an agent that speaks: its key, its fingerprint, its credentials."""

    def __init__(self, endpoint, region="us-east-1", fingerprint=None, key=None, ca=None, seed=0,
                 key_size=2048, shares=True):
        self.endpoint = urllib.parse.urlsplit(endpoint)
        self.region = region
        self.fingerprint = fingerprint or str(uuid.uuid4())
        self.key = key or rsa.generate_private_key(public_exponent=65537, key_size=key_size)
        self.context = ssl.create_default_context(cafile=ca) if ca else None
        self.random = random.Random(seed)
        self.id = None
        self.credentials = None
        # The credentials file, which the process that renews them writes and the others read.
        self.shared = None
        self.expires = self.renew = 0
        # Whether credentials are shared by a file (Profile.ShareCreds). Where they are not, each process
        # asks for its own, again once they are expired, and none ever makes a new key.
        self.shares = shares
        self.retries = 3
        # Seconds between retries are multiplied by the one, the long sleeps by the other.
        self.pause_scale = self.sleep_scale = 1.0
        # The long sleeps there were, in the seconds that the agent would have slept.
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        time.sleep(seconds * self.sleep_scale)

    # Sending.

    def _connection(self, timeout):
        if self.endpoint.scheme == "https":
            return http.client.HTTPSConnection(
                self.endpoint.hostname, self.endpoint.port, timeout=timeout, context=self.context)
        return http.client.HTTPConnection(
            self.endpoint.hostname, self.endpoint.port, timeout=timeout)

    def _exchange(self, body, headers, chunked=False, path="/", timeout=60):
        connection = self._connection(timeout)
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

    def _retrying(self, attempt, retries):
        """Does what `attempt` does, again where the agent's SDK would."""
        for number in range(retries + 1):
            try:
                return attempt()
            except AgentError as error:
                is_expired = error.code in EXPIRED_NAMES
                if not (error.is_retried or is_expired) or number == retries:
                    raise
                if is_expired and not self.shares:
                    self.request_token()
                elif is_expired:
                    # Read from the file again: somebody may have renewed them.
                    self.credentials = self.shared or self.credentials
                if is_expired:
                    continue
            except (OSError, http.client.HTTPException):
                if number == retries:
                    raise
            time.sleep(self.pause_scale * self.random.uniform(1, 1.5) * 2 ** number)

    def call(self, operation, service="ssm", timeout=60, retries=None, **members):
        """An ordinary call, signed anew for each attempt."""
        prefix = "AmazonSSM" if service == "ssm" else "EC2WindowsMessageDeliveryService"
        body = json.dumps(members).encode()

        def attempt():
            request = botocore.awsrequest.AWSRequest(
                "POST", self.endpoint.geturl().rstrip("/") + "/", data=body, headers={
                    "Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{prefix}.{operation}",
                    "Content-Length": str(len(body))})
            Signer(self.credentials, service, self.region).add_auth(request)
            headers = {name: value for name, value in request.headers.items()}
            headers |= {"Host": self.endpoint.netloc, "User-Agent": USER_AGENT,
                        "Accept-Encoding": "gzip"}
            return self._parse(*self._exchange(body, headers, timeout=timeout))

        return self._retrying(attempt, self.retries if retries is None else retries)

    # Registration and credentials.

    def public_key(self, key=None):
        return base64.b64encode((key or self.key).public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)).decode()

    def register(self, activation, code):
        """The one call that is not signed.

        Credentials of an earlier registration stay where the id is the same.
        """
        body = json.dumps({
            "ActivationCode": code, "ActivationId": activation, "Fingerprint": self.fingerprint,
            "PublicKey": self.public_key(), "PublicKeyType": "Rsa"}).encode()
        status, raw = self._exchange(body, {
            "Content-Type": CONTENT_TYPE, "X-Amz-Target": "AmazonSSM.RegisterManagedInstance",
            "Host": self.endpoint.netloc, "User-Agent": USER_AGENT})
        id = self._parse(status, raw)["InstanceId"]
        if id != self.id:
            self.credentials = self.shared = None
            self.expires = self.renew = 0
        self.id = id
        return id

    def register_again(self, activation, code):
        """As with `-register -y`: another key, the same fingerprint."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self.register(activation, code)

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
        """As it is: in one chunk, without a length. Each attempt carries the same signature."""
        return self._retrying(
            lambda: self._parse(*self._exchange(body, headers, chunked=True)), self.retries)

    def request_token(self, **change):
        answer = self.send_signed(*self.signed_by_key(
            "RequestManagedInstanceRoleToken", {"Fingerprint": self.fingerprint}, **change))
        # The agent reads all five without looking whether they are there.
        self.credentials = self.shared = botocore.credentials.Credentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        self.expires = answer["TokenExpirationDate"]
        self.renew = time.time() + (self.expires - time.time()) / 2
        if answer["UpdateKeyPair"] and self.shares:
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

    def obtain_token(self, attempts=8):
        """Asks for credentials until there are some, with the pauses of agent 3.3 between."""
        pause = 0
        for attempt in range(attempts):
            try:
                return self.request_token()
            except (AgentError, OSError, http.client.HTTPException) as error:
                if attempt == attempts - 1:
                    raise
                if getattr(error, "code", None) in LONG_SLEEP_NAMES:
                    self.sleep(self.random.uniform(25 * 60, 30 * 60))
                    continue
                pause = min(2 * pause, 30 * 60) or self.random.uniform(11, 20)
                self.sleep(pause)
