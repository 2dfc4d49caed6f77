"""What shells offer for a word, by asking the store or the server."""

import json
import re
import shutil
import socket
import subprocess
import time

import pytest
from conftest import STOCKTAKE
from on_terminal import BIN, on_terminal
from support import item, package

ZONES = ["Europe/Berlin", "Europe/Bucharest"]


@pytest.fixture(scope="module")
def completing(tmp_path_factory):
    """A folder with a store that has something to complete, and scripts for the shells."""
    folder = tmp_path_factory.mktemp("completing")
    reports = [
        {"InstanceId": name, "Items": [
            item([package("openssl"), package("openssh-server"), package("bash")]),
            item([{"Rack": "1"}], "Custom:RackInfo")]}
        for name in ("web-01", "web-02", "db-01")]
    (folder / "reports").write_text("\n".join(map(json.dumps, reports)))
    subprocess.run([STOCKTAKE, "ingest", str(folder / "reports"), "--quiet", "--store",
                    str(folder / "store")], check=True)
    for shell in ("bash", "zsh", "fish"):
        script = subprocess.run([STOCKTAKE, "--generate-completion-script", shell],
                                capture_output=True, check=True).stdout
        (folder / shell).write_bytes(script)
    return folder


def environment(folder):
    return {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb",
            "STOCKTAKE_STORE": str(folder / "store"), "LC_ALL": "C.UTF-8"}


def bash(folder, line, **more):
    """What bash puts into COMPREPLY for a line, whose words it takes apart as readline does."""
    parts = re.findall(r"[:=]+|[^\s:=]+", line)
    if line.endswith(" "):
        parts.append("")
    current = "" if parts[-1] in (":", "=") else parts[-1]
    quoted = " ".join("'" + part + "'" for part in parts)
    script = f"""
        source {folder}/bash
        COMP_LINE='{line}'; COMP_POINT={len(line)}; COMP_TYPE=9; COMP_KEY=9
        COMP_WORDS=({quoted}); COMP_CWORD={len(parts) - 1}
        complete -p stocktake | grep -q -- '-F _stocktake_whole_words stocktake' || echo 'another function' >&2
        _stocktake_whole_words stocktake '{current}' '{parts[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["/bin/bash", "--norc", "-c", script], capture_output=True, text=True,
                          env={**environment(folder), **more}, timeout=60)
    assert done.stderr == "", done.stderr
    return sorted(filter(None, done.stdout.split("\n")))


@pytest.mark.parametrize("line, expected", [
    ("stocktake show we", ["web-01", "web-02"]),
    ("stocktake show web-01 ", ["AWS:", "Custom:RackInfo"]),
    ("stocktake show web-01 Cus", ["Custom:RackInfo"]),
    ("stocktake show web-01 Custom:", ["RackInfo"]),
    ("stocktake show web-01 AWS:Appl", ["Application"]),
    ("stocktake history d", ["db-01"]),
    ("stocktake diff web-01 web-0", ["web-01", "web-02"]),
    ("stocktake forget db", ["db-01"]),
    ("stocktake nodes --node web", ["web-01", "web-02"]),
    ("stocktake node terminate web-02", ["web-02"]),
    ("stocktake who-had opens", ["openssh-server", "openssl"]),
    ("stocktake who-had --type AWS:Application opens", ["openssh-server", "openssl"]),
    ("stocktake rollup --type Custom:Ra", ["RackInfo"]),
    ("stocktake show web-01 --format ", ["csv", "json", "ndjson", "table"]),
    ("stocktake show web-01 --time-zone Europe/B", ZONES),
    ("stocktake sho", ["show"]),
    ("stocktake show nothing-like-it", []),
])
def test_bash_completes(completing, line, expected):
    found = bash(completing, line)
    if expected == ["AWS:", "Custom:RackInfo"]:
        assert {"AWS:Application", "AWS:Network", "Custom:RackInfo"} <= set(found)
    elif expected == ZONES:
        assert set(ZONES) <= set(found) and all(name.startswith("Europe/B") for name in found)
    else:
        assert found == expected


def test_bash_completes_from_the_store_and_scope_of_the_line(completing, tmp_path):
    assert bash(completing, f"stocktake show --store {tmp_path}/none we") == []
    (tmp_path / "report").write_text(json.dumps(
        {"InstanceId": "we-are-elsewhere", "Items": [item([package("a")])]}))
    subprocess.run([STOCKTAKE, "ingest", str(tmp_path / "report"), "--quiet", "--store",
                    str(tmp_path / "other"), "--region", "eu-west-1"], check=True)
    line = f"stocktake show --store {tmp_path}/other --region eu-west-1 we"
    assert bash(completing, line) == ["we-are-elsewhere"]
    assert bash(completing, line.replace("eu-west-1", "us-east-1")) == []


def test_bash_completes_from_a_server(own, completing, tmp_path):
    shutil.copytree(completing / "store", tmp_path / "store")  # It is gone with its server.
    server = own(directory=str(tmp_path / "store"))
    keys = {**server.first_key, "STOCKTAKE_STORE": ""}
    assert bash(completing, f"stocktake show --server {server.url} we", **keys) == ["web-01", "web-02"]
    # A server that does not answer keeps nobody waiting.
    silent = socket.create_server(("127.0.0.1", 0))
    began = time.monotonic()
    line = f"stocktake show --server http://127.0.0.1:{silent.getsockname()[1]} we"
    assert bash(completing, line, **keys) == []
    assert time.monotonic() - began < 8
    silent.close()


def test_bash_completes_as_somebody_types(completing):
    prompt = b"ready> "
    shown, _ = on_terminal(
        ["/bin/bash", "--norc", "--noprofile", "-i"], 100, environment={
            **environment(completing), "PS1": prompt.decode()},
        keys=[(prompt, f"source {completing}/bash; echo set'-'up\n".encode()),
              (b"set-up\r\n", b"stocktake show we\t"), (b"b-0", b"1 Custom:Ra\t"),
              (b"ckInfo ", b"--format nd\t"), (b"ndjson", b"\n"),
              (b'"Rack":"1"', b"exit\n")])
    assert '"type":"Custom:RackInfo"' in shown


def typed(shell, arguments, start, folder, line, expected):
    """Whether a shell on a terminal shows a word for a line that ends with a tab."""
    shown, _ = on_terminal(
        [shutil.which(shell), *arguments], 100, environment={**environment(folder), "PS1": "ready> "},
        keys=[(b"ready> ", start.encode()), (b"set-up\r\n", line.encode())], until=expected.encode())
    assert expected in shown


TYPED = [("stocktake show web-02 AWS:Appl\t", "AWS:Application"), ("stocktake show d\t", "db-01"),
         ("stocktake rollup --name openssh\t", "openssh-server"),
         ("stocktake nodes --time-zone Europe/Berl\t", "Europe/Berlin")]


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
@pytest.mark.parametrize("line, expected", TYPED)
def test_fish_completes(completing, line, expected):
    typed("fish", ["--no-config", "-C", "function fish_prompt; echo -n 'ready> '; end", "-i"],
          f"source {completing}/fish; echo set'-'up\r", completing, line, expected)


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh here")
@pytest.mark.parametrize("line, expected", TYPED)
def test_zsh_completes(completing, line, expected):
    typed("zsh", ["-f", "-i"],
          f"autoload -U compinit; compinit -u -D; source {completing}/zsh; echo set'-'up\n", completing,
          line, expected)
