"""Where `stocktake import aws` finds its keys, beside botocore's own chain in the same surroundings."""

import hashlib
import json
import os
import stat
import subprocess
import sys
import textwrap
import time

import pytest
from aws_places import Places, key_of
from conftest import STOCKTAKE

ROLE = "arn:aws:iam::111122223333:role/"
KEYS = "aws_access_key_id = AKIA{0}\naws_secret_access_key = hush{0}\n"


@pytest.fixture(scope="module")
def server_of_places():
    server = Places()
    yield server
    server.shutdown()


@pytest.fixture
def places(server_of_places):
    server_of_places.forget()
    return server_of_places


class Home:
    """A home folder with the shared files, and an environment that has nothing else of AWS."""

    def __init__(self, places, folder, config="", credentials="", **environment):
        self.places, self.folder = places, folder
        aws = folder / ".aws"
        (aws / "sso" / "cache").mkdir(parents=True)
        self.write(aws / "config", config)
        self.write(aws / "credentials", credentials)
        self.environment = {
            "HOME": str(folder), "PATH": os.environ["PATH"], "AWS_REGION": "eu-west-1",
            # botocore knows this name only.
            "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL_SSM": places.url,
            "AWS_ENDPOINT_URL_STS": places.url, "AWS_ENDPOINT_URL_SSO": places.url,
            "AWS_EC2_METADATA_DISABLED": "true", "STOCKTAKE_STORE": str(folder / "none"),
            **{name: self.fill(value) for name, value in environment.items()}}

    def fill(self, text):
        return text.replace("{url}", self.places.url).replace("{home}", str(self.folder))

    def write(self, path, text):
        if text is not None:
            path.write_text(self.fill(textwrap.dedent(text)))

    def token(self, key, seconds=3600, **more):
        """What `aws sso login` leaves behind."""
        name = hashlib.sha1(key.encode()).hexdigest()
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        (self.folder / ".aws" / "sso" / "cache" / f"{name}.json").write_text(json.dumps(
            {"accessToken": f"token of {key}", "expiresAt": end, "startUrl": key, **more}))

    def run(self, *arguments, **more):
        return subprocess.run(
            [STOCKTAKE, "import", "aws", "--dry-run", *arguments], capture_output=True, text=True,
            cwd=self.folder, timeout=60, env={**self.environment, **more})

    def ours(self, *arguments):
        """The id and the token of the keys that were used, or what was said instead."""
        self.places.signed.clear()
        self.places.tokens.clear()
        run = self.run(*arguments)
        if run.returncode:
            assert not self.places.signed and run.returncode in (2, 3, 4), run.stderr
            return None, run.stderr
        return self.places.signed[0], self.places.tokens[0]

    def botocore(self, profile=None):
        code = textwrap.dedent("""
            import json, sys, botocore.session
            try:
                session = botocore.session.Session(profile=sys.argv[1] if sys.argv[1:] else None)
                keys = session.get_credentials()
                keys = keys and keys.get_frozen_credentials()
                print(json.dumps([keys.access_key, keys.token] if keys else [None, "none"]))
            except Exception as error:
                print(json.dumps([None, repr(error)]))
            """)
        run = subprocess.run(
            [sys.executable, "-c", code, *([profile] if profile else [])], capture_output=True,
            text=True, cwd=self.folder, env=self.environment, timeout=60, check=True)
        return tuple(json.loads(run.stdout))


# name: (config, credentials, environment, --profile)
CASES = {
    "nothing": ("", "", {}, None),
    "environment": ("", "[default]\n" + KEYS.format(1),
                    {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "hush"}, None),
    "environment with a token": ("", "", {
        "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "t"}, None),
    "half of the environment": ("", "[default]\n" + KEYS.format(1), {"AWS_ACCESS_KEY_ID": "A"}, None),
    "keys of default": ("", "[default]\n" + KEYS.format(1), {}, None),
    "keys in the config": ("[default]\n" + KEYS.format(2), None, {}, None),
    "the file of keys counts first": (
        "[default]\n" + KEYS.format(2), "[default]\n" + KEYS.format(1), {}, None),
    "a profile of the environment": (
        "[profile a]\n" + KEYS.format(3), "[default]\n" + KEYS.format(1), {"AWS_PROFILE": "a"}, None),
    "keys of the environment before its profile": (
        "[profile a]\n" + KEYS.format(3), "",
        {"AWS_PROFILE": "a", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "hush"}, None),
    "an option before the keys of the environment": (
        "[profile a]\n" + KEYS.format(3), "",
        {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "hush"}, "a"),
    "a profile that is not there": ("", "[default]\n" + KEYS.format(1), {"AWS_PROFILE": "b"}, None),
    "a profile with a blank": ('[profile "a b"]\n' + KEYS.format(4), "", {}, "a b"),
    "profile is no profile in the file of keys": ("", "[profile a]\n" + KEYS.format(4), {}, "a"),
    "files elsewhere": (
        "", "", {"AWS_SHARED_CREDENTIALS_FILE": "~/keys", "AWS_CONFIG_FILE": "{home}/other"}, "o"),
    "remarks, colons and case": (
        "", "# no\n; no\n[default]\nAWS_ACCESS_KEY_ID: AKIA5\naws_secret_access_key : a#b;c=d\n"
        "s3 =\n  max = 10\n  aws_access_key_id = NO\n", {}, None),
    "half of a profile": ("", "[default]\naws_access_key_id = AKIA1\n", {}, None),
    "a session token": ("", "[default]\n" + KEYS.format(1) + "aws_session_token = tok/en==\n", {}, None),
    "a role": (f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = default\n",
               "[default]\n" + KEYS.format(1), {}, "r"),
    "a role with everything": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = base\nexternal_id = e x&t\n"
        "role_session_name = me\nduration_seconds = 1800\n",
        "[base]\n" + KEYS.format(6) + "aws_session_token = base\n", {}, "r"),
    "a role behind a role": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = q\n"
        f"[profile q]\nrole_arn = {ROLE}q\nsource_profile = p\n"
        f"[profile p]\nrole_arn = {ROLE}p\nsource_profile = base\n",
        "[base]\n" + KEYS.format(6), {}, "r"),
    "a role with its own keys": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = r\n" + KEYS.format(7), "", {}, "r"),
    "a source that has keys beside its role": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = q\n"
        f"[profile q]\nrole_arn = {ROLE}q\nsource_profile = r\n" + KEYS.format(8), "", {}, "r"),
    "roles in a circle": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = q\n"
        f"[profile q]\nrole_arn = {ROLE}q\nsource_profile = r\n", "", {}, "r"),
    "a role of itself": (f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = r\n", "", {}, "r"),
    "a role without a source": (f"[profile r]\nrole_arn = {ROLE}r\n", "", {}, "r"),
    "a role with two sources": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = default\ncredential_source = Environment\n",
        "[default]\n" + KEYS.format(1), {}, "r"),
    "a source that is not there": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = x\n", "", {}, "r"),
    "a role with the environment": (
        f"[profile r]\nrole_arn = {ROLE}r\ncredential_source = Environment\n", "",
        {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "hush"}, "r"),
    "a role with the container": (
        f"[profile r]\nrole_arn = {ROLE}r\ncredential_source = EcsContainer\n", "",
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}, "r"),
    "a role with the instance": (
        f"[profile r]\nrole_arn = {ROLE}r\ncredential_source = Ec2InstanceMetadata\n", "",
        {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}"}, "r"),
    "a role with an unknown place": (
        f"[profile r]\nrole_arn = {ROLE}r\ncredential_source = Moon\n", "", {}, "r"),
    "a web identity of the environment": (
        "", "[default]\n" + KEYS.format(1),
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": ROLE + "web",
         "AWS_ROLE_SESSION_NAME": "pod"}, None),
    "a web identity without a role": (
        "", "[default]\n" + KEYS.format(1), {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"}, None),
    "a web identity whose file is not there": (
        "", "[default]\n" + KEYS.format(1),
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/none", "AWS_ROLE_ARN": ROLE + "web"}, None),
    "a web identity of a profile": (
        f"[profile w]\nrole_arn = {ROLE}w\nweb_identity_token_file = {{home}}/token\n", "", {}, "w"),
    "a role behind a web identity": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = w\n"
        f"[profile w]\nrole_arn = {ROLE}w\nweb_identity_token_file = {{home}}/token\n", "", {}, "r"),
    "single sign-on by a session": (
        "[profile s]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Read Only\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp/start\n", "", {}, "s"),
    "single sign-on of old": (
        "[profile s]\nsso_account_id = 123456789012\nsso_role_name = Reader\nsso_region = eu-west-1\n"
        "sso_start_url = https://old/start\n", "", {}, "s"),
    "single sign-on before keys": (
        "[profile s]\nsso_account_id = 123456789012\nsso_role_name = Reader\nsso_region = eu-west-1\n"
        "sso_start_url = https://old/start\n", "[s]\n" + KEYS.format(1), {}, "s"),
    "single sign-on that ended": (
        "[profile s]\nsso_account_id = 123456789012\nsso_role_name = Reader\nsso_region = eu-west-1\n"
        "sso_start_url = https://ended/start\n", "[s]\n" + KEYS.format(1), {}, "s"),
    "single sign-on without a login": (
        "[profile s]\nsso_account_id = 123456789012\nsso_role_name = Reader\nsso_region = eu-west-1\n"
        "sso_start_url = https://never/start\n", "", {}, "s"),
    "single sign-on by a session that is not there": (
        "[profile s]\nsso_session = x\nsso_account_id = 1\nsso_role_name = R\n", "", {}, "s"),
    "single sign-on, half of it": ("[profile s]\nsso_role_name = R\n", "", {}, "s"),
    "a role behind single sign-on": (
        f"[profile r]\nrole_arn = {ROLE}r\nsource_profile = s\n"
        "[profile s]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Reader\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp/start\n", "", {}, "r"),
    "a program": ("[profile p]\ncredential_process = {home}/program AKIAP 'a b' \"c\"\n", "", {}, "p"),
    "a program with a token": (
        "[profile p]\ncredential_process = {home}/program AKIAP x y tok\n", "", {}, "p"),
    "a program by its name": ("[profile p]\ncredential_process = sh {home}/program AKIAP x y\n", "", {}, "p"),
    "a program that fails": ("[profile p]\ncredential_process = {home}/fails\n", "", {}, "p"),
    "a program that prints no keys": ("[profile p]\ncredential_process = echo {}\n", "", {}, "p"),
    "a program of another version": (
        "[profile p]\ncredential_process = echo '{\"Version\": 2}'\n", "", {}, "p"),
    "keys before a program": (
        "[profile p]\ncredential_process = {home}/program AKIAP x y\n", "[p]\n" + KEYS.format(1), {}, "p"),
    "a program before keys in the config": (
        "[profile p]\ncredential_process = {home}/program AKIAP x y\n" + KEYS.format(2), "", {}, "p"),
    "the container": ("", "", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container?a=1&b=2"}, None),
    "the container with a token": (
        "", "", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc"}, None),
    "the container with a token in a file": (
        "", "", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": "no",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/token"}, None),
    "keys before the container": (
        "", "[default]\n" + KEYS.format(1), {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}, None),
    "a container elsewhere without TLS": (
        "", "", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.org/container"}, None),
    "the container before the instance": (
        "", "", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container",
                 "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}"}, None),
    "the instance": (
        "", "", {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}/"}, None),
    "the instance, switched off": (
        "", "", {"AWS_EC2_METADATA_DISABLED": "True", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}"}, None),
    "the instance by the profile": (
        "[default]\nec2_metadata_service_endpoint = {url}\n", "", {"AWS_EC2_METADATA_DISABLED": "false"}, None),
    "a file that is none": ("what is this\n", "", {}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_same_keys_as_botocore(places, tmp_path, case):
    config, credentials, environment, profile = CASES[case]
    home = Home(places, tmp_path, config, credentials, **environment)
    (tmp_path / "token").write_text("web-token")
    (tmp_path / "other").write_text("[profile o]\nregion = eu-west-1\n")
    (tmp_path / "keys").write_text("[o]\n" + KEYS.format(9))
    program = tmp_path / "program"
    program.write_text(textwrap.dedent("""\
        #!/bin/sh
        test $# -ge 3 || exit 1
        token=; test -z "$4" || token=', "SessionToken": "'$4'"'
        echo '{"Version": 1, "AccessKeyId": "'$1'", "SecretAccessKey": "s"'$token'}'
        """))
    fails = tmp_path / "fails"
    fails.write_text("#!/bin/sh\necho one >&2\necho the vault is shut >&2\nexit 3\n")
    for file in (program, fails):
        file.chmod(stat.S_IRWXU)
    home.token("corp")
    home.token("https://old/start")
    home.token("https://ended/start", -60)
    theirs = home.botocore(profile)
    ours = home.ours(*(["--profile", profile] if profile else []))
    print(case, theirs, ours)
    assert ours[0] == theirs[0], (ours, theirs)
    if ours[0]:
        assert ours[1] == theirs[1]
    else:
        # Nothing secret is in what is said.
        assert "hush" not in ours[1] and "Traceback" not in ours[1]


def test_what_is_sent_to_take_a_role(places, tmp_path):
    home = Home(places, tmp_path, *CASES["a role with everything"][:2])
    assert home.ours("--profile", "r")[0]
    assert places.asked == [("AssumeRole", {
        "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE + "r", "ExternalId": "e x&t",
        "RoleSessionName": "me", "DurationSeconds": "1800"})]


SAID = {
    "nothing": ["the environment: AWS_ACCESS_KEY_ID is not set", "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                'profile "default": neither', "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_EC2_METADATA_DISABLED is true"],
    "half of the environment": ["AWS_SECRET_ACCESS_KEY is not"],
    "a profile that is not there": ['no profile "b"', ".aws/config", ".aws/credentials"],
    "roles in a circle": ["in a circle: r, q, r"],
    "a source that is not there": ['source_profile "x"'],
    "a role with an unknown place": ['"Moon" is none of Environment, EcsContainer'],
    "single sign-on without a login": ['run "aws sso login --profile s"', "No such file"],
    "single sign-on that ended": ["ended at", 'run "aws sso login --profile s"'],
    "a program that fails": ["/fails ended with status 3: the vault is shut"],
    "a program that prints no keys": ["Version 1"],
    "a container elsewhere without TLS": ["neither https, nor of this machine"],
    "a web identity whose file is not there": ["/none: No such file"],
    "a file that is none": [".aws/config, line 1"],
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_said_where_there_are_no_keys(places, tmp_path, case):
    config, credentials, environment, profile = CASES[case]
    home = Home(places, tmp_path, config if case != "nothing" else None,
                credentials if case != "nothing" else None, **environment)
    (tmp_path / "fails").write_text("#!/bin/sh\necho one >&2\necho the vault is shut >&2\nexit 3\n")
    (tmp_path / "fails").chmod(stat.S_IRWXU)
    home.token("https://ended/start", -60)
    none, said = home.ours(*(["--profile", profile] if profile else []))
    assert none is None and said.count("\n") == 1
    for part in SAID[case]:
        assert part in said, said


def test_a_role_that_is_refused(places, tmp_path):
    home = Home(places, tmp_path, *CASES["a role"][:2])
    places.refusals["AssumeRole"] = (403, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied"
                                     "</Code><Message>not you &amp; me</Message></Error></ErrorResponse>")
    none, said = home.ours("--profile", "r")
    assert none is None and "AssumeRole: AccessDenied not you & me" in said and 'profile "r"' in said
    assert len(places.asked) == 1
    places.refusals["AssumeRole"] = (500, "what?")
    none, said = home.ours("--profile", "r")
    assert none is None and "status 500" in said and len(places.asked) == 4


def test_a_service_that_refuses_the_keys(places, tmp_path):
    home = Home(places, tmp_path, "", "[default]\n" + KEYS.format(1))
    places.refusals["AmazonSSM."] = (
        400, {"__type": "UnrecognizedClientException", "message": "who is it?"})
    run = home.run()
    assert run.returncode == 4 and 'who is it?, keys of profile "default"' in run.stderr


def test_keys_are_fetched_again_before_they_end(places, tmp_path):
    home = Home(places, tmp_path, AWS_CONTAINER_CREDENTIALS_FULL_URI="{url}/container")
    places.lifetime, places.latency, places.pages = 4, 0.25, 24
    assert home.run().returncode == 0
    # Some six seconds of pages, and half of four until they are fetched again.
    assert 3 <= len(places.asked) <= 5 and len(places.signed) >= 24
    places.forget()
    places.latency, places.pages = 0.02, 24
    assert home.run().returncode == 0 and len(places.asked) == 1


def test_keys_at_hand_are_used_until_they_end(places, tmp_path):
    """A place that fails once the keys are half used up is no reason to stop."""
    home = Home(places, tmp_path, AWS_CONTAINER_CREDENTIALS_FULL_URI="{url}/container")
    places.lifetime, places.latency, places.pages = 6, 0.2, 40
    process = subprocess.Popen([STOCKTAKE, "import", "aws", "--dry-run"], env=home.environment,
                               stderr=subprocess.PIPE, text=True)
    while not places.signed:
        time.sleep(0.01)
    places.refusals["/container"] = (503, {})
    _, said = process.communicate(timeout=60)
    assert process.returncode == 4 and "/container answered 503" in said, said
    assert len(places.signed) > 5


def test_an_instance_that_is_none_costs_no_time(places, tmp_path):
    home = Home(places, tmp_path, AWS_EC2_METADATA_DISABLED="false",
                AWS_EC2_METADATA_SERVICE_ENDPOINT="{url}")
    places.latency = 20
    begin = time.monotonic()
    none, said = home.ours()
    assert none is None and "the EC2 instance" in said and time.monotonic() - begin < 10
    # What is no metadata service of version 2 gives nothing.
    places.latency = 0
    places.refusals["/latest/api/token"] = (404, {})
    none, said = home.ours()
    assert none is None and "/latest/api/token answered 404" in said
    assert [path for path, _ in places.asked].count("/latest/api/token") == 2
    assert not any("security-credentials" in path for path, _ in places.asked)


def test_a_program_that_prints_or_works_without_end(places, tmp_path):
    home = Home(places, tmp_path, "[default]\ncredential_process = yes\n")
    none, said = home.ours()
    assert none is None and "printed more than 65536 bytes" in said
    # No shell has a part in it.
    home.write(tmp_path / ".aws" / "config", "[default]\ncredential_process = echo $HOME > {home}/x\n")
    assert home.ours()[0] is None and not (tmp_path / "x").exists()


def test_regions_and_endpoints(places, tmp_path):
    """As botocore finds them; the endpoint is told where nobody answers."""
    config = """\
        [profile a]
        region = ap-south-1
        aws_access_key_id = A
        aws_secret_access_key = hush
        services = local
        endpoint_url = http://127.0.0.1:2
        [profile b]
        region = cn-north-1
        aws_access_key_id = A
        aws_secret_access_key = hush
        endpoint_url = http://127.0.0.1:3
        [services local]
        sts =
          endpoint_url = http://127.0.0.1:9
        ssm =
          endpoint_url = http://127.0.0.1:4
        """
    home = Home(places, tmp_path, config)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_SSM"):
        del home.environment[name]
    code = ("import boto3, sys; s = boto3.Session(profile_name=sys.argv[1]); c = s.client('ssm');"
            "print(c.meta.endpoint_url, c.meta.region_name)")
    cases = [("a", {}), ("b", {}), ("a", {"AWS_ENDPOINT_URL": "http://127.0.0.1:5"}),
             ("a", {"AWS_ENDPOINT_URL": "http://127.0.0.1:5",
                    "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:6/"})]
    for profile, more in cases:
        theirs = subprocess.run(
            [sys.executable, "-c", code, profile], env={**home.environment, **more},
            capture_output=True, text=True, check=True).stdout.split()[0].rstrip("/")
        said = home.run("--profile", profile, **more).stderr
        assert f"{theirs}:" in said, (said, theirs)
    none = home.run("--profile", "x")
    assert none.returncode == 2 and 'no profile "x"' in none.stderr
    none = home.run()
    assert none.returncode == 2 and "--aws-region" in none.stderr
    none = home.run("--aws-region", "evil.example/#")
    assert none.returncode == 2 and "no Region" in none.stderr


@pytest.fixture(scope="module")
def moto():
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


def test_roles_and_metadata_of_another_server(places, tmp_path, moto):
    """moto answers like the token service and like the metadata service of an instance."""
    home = Home(places, tmp_path, f"""\
        [profile r]
        role_arn = {ROLE}r
        source_profile = q
        [profile q]
        role_arn = {ROLE}q
        credential_source = Environment
        """, AWS_ENDPOINT_URL_STS=moto, AWS_ACCESS_KEY_ID="AKIAENV", AWS_SECRET_ACCESS_KEY="hush")
    key, token = home.ours("--profile", "r")
    assert key.startswith("ASIA") and len(token) > 100, token
    (tmp_path / "token").write_text("web-token")
    web = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_ARN": ROLE + "w",
           "AWS_ACCESS_KEY_ID": ""}
    places.signed.clear()
    assert home.run(**web).returncode == 0 and places.signed[0].startswith("ASIA")
    places.signed.clear()
    run = home.run(AWS_ACCESS_KEY_ID="", AWS_EC2_METADATA_DISABLED="false",
                   AWS_EC2_METADATA_SERVICE_ENDPOINT=moto)
    assert run.returncode == 0 and places.signed[0] == "test-key", run.stderr
