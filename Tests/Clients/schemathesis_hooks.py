"""Signs what schemathesis sends."""

import os
from urllib.parse import urlencode

import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CREDENTIALS = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])


class Signature:
    """An authentication of requests, as the library `requests` has them."""

    def __call__(self, request):
        headers = {name: value for name, value in request.headers.items()
                   if name.lower() in ("content-type", "accept")}
        signed = AWSRequest(request.method, request.url, data=request.body or b"", headers=headers)
        SigV4Auth(CREDENTIALS, "ssm", "us-east-1").add_auth(signed)
        request.headers.update(dict(signed.headers))
        return request


schemathesis.auth.set_from_requests(Signature())


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Now and then a node that is there, so that there is something to answer."""
    if path_parameters and sum(map(ord, str(path_parameters.get("id", "")))) % 3:
        path_parameters["id"] = f"i-{1:017x}"
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    """No more than fits a request line: beyond 16 KiB the answer is HTTP's own, without a body."""
    query = dict(query or {})
    while len(urlencode(query, doseq=True)) > 12_000:
        del query[max(query, key=lambda name: len(str(query[name])))]
    return query
