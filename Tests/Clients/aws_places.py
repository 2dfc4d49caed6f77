"""The places that hand out credentials of AWS, in one server, and Systems Manager behind them.

Every key id tells how it came about: the digest of the role, of what was said along with it and of
the keys that asked. So two programs that show the same id went the same way.
"""

import datetime
import hashlib
import http.server
import json
import threading
import time
import urllib.parse


def key_of(*parts):
    return "ASIA" + hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16].upper()


def asker(headers):
    """The id of the key that signed a request."""
    authorization = headers.get("authorization", "")
    return authorization.split("Credential=")[1].split("/")[0] if "Credential=" in authorization else ""


class Places(http.server.ThreadingHTTPServer):
    """All of them at one address."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        # (path, fields) of each request to a place, and the key id of each to Systems Manager.
        self.asked, self.signed, self.tokens = [], [], []
        # What is answered instead, by the beginning of the path or the action: (status, body).
        self.refusals = {}
        self.lifetime = 3600
        self.latency = 0
        # Pages that Systems Manager has.
        self.pages = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def forget(self):
        self.asked, self.signed, self.tokens, self.refusals = [], [], [], {}
        self.lifetime, self.latency, self.pages = 3600, 0, 0

    def end(self):
        then = datetime.datetime.now(datetime.timezone.utc)
        return then + datetime.timedelta(seconds=self.lifetime)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, status, body, kind="application/json"):
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def refused(self, what):
        for start, (status, body) in self.server.refusals.items():
            if what.startswith(start):
                self.reply(status, body, "text/xml" if "<" in str(body) else "application/json")
                return True
        return False

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        target = self.headers.get("x-amz-target", "")
        if target.startswith("AmazonSSM."):
            self.server.signed.append(asker(self.headers))
            self.server.tokens.append(self.headers.get("x-amz-security-token"))
            time.sleep(self.server.latency)
            if not self.refused(target):
                more = len(self.server.signed) < self.server.pages
                self.reply(200, {"Schemas": [], "Entities": [], **({"NextToken": "t"} if more else {})})
            return
        fields = dict(urllib.parse.parse_qsl(body))
        self.server.asked.append((fields.get("Action"), fields))
        if self.refused(fields.get("Action", "")):
            return
        key = key_of(
            fields["Action"], fields["RoleArn"], fields.get("ExternalId"),
            fields.get("DurationSeconds"), fields.get("WebIdentityToken"), asker(self.headers),
            self.headers.get("x-amz-security-token"))
        action, end = fields["Action"], self.server.end().strftime("%Y-%m-%dT%H:%M:%S.123Z")
        self.reply(200, f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{action}Result><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>{fields["RoleArn"]}/s</Arn>
  </AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId>
  <SecretAccessKey>role/secret+1&amp;</SecretAccessKey><SessionToken>token of {key}</SessionToken>
  <Expiration>{end}</Expiration></Credentials></{action}Result>
  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>""", "text/xml")

    def do_PUT(self):
        self.server.asked.append((self.path, dict(self.headers)))
        time.sleep(self.server.latency)
        if self.refused(self.path):
            return
        hasTime = self.headers.get("x-aws-ec2-metadata-token-ttl-seconds")
        self.reply(200 if hasTime else 400, "metadata-token", "text/plain")

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        time.sleep(self.server.latency)
        if self.refused(self.path):
            return
        end = self.server.end()
        keys = {"SecretAccessKey": "secret", "Token": "token",
                "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/federation/credentials":
            query = dict(urllib.parse.parse_qsl(url.query))
            bearer = self.headers.get("x-amz-sso_bearer_token")
            key = key_of("sso", query["role_name"], query["account_id"], bearer)
            self.reply(200, {"roleCredentials": {
                "accessKeyId": key, "secretAccessKey": "secret", "sessionToken": "token",
                "expiration": int(end.timestamp() * 1000)}})
        elif url.path.startswith("/container"):
            key = key_of("container", self.path, self.headers.get("authorization"))
            self.reply(200, {"AccessKeyId": key, **keys})
        elif self.headers.get("x-aws-ec2-metadata-token") != "metadata-token":
            self.reply(401, {})
        elif url.path == "/latest/meta-data/iam/security-credentials/":
            self.reply(200, "role-of-the-instance", "text/plain")
        elif url.path == "/latest/meta-data/iam/security-credentials/role-of-the-instance":
            self.reply(200, {"Code": "Success", "AccessKeyId": key_of("instance"), **keys})
        else:
            self.reply(404, {})
