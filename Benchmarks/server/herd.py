#!/usr/bin/env python3
"""How many nodes with an agent one server carries: a simulated fleet against the real server.

Registers the nodes, has them report once, and lets them live at their own pace (or faster, --speed): pings,
polls, collections, renewals, and questions for messages that wait. Says for each number of nodes what the
server took of the two cores and how long calls took, then what a stampede after an outage is like, and a
day on which every node reports changes within an hour.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import boto3  # noqa: E402
from bench import Server  # noqa: E402

HERE = Path(__file__).resolve().parent
# Registrations that one activation can have.
PER_ACTIVATION = 1000
# Nodes that come back at once: each opens some five connections, and a process has 20,000 here.
STAMPEDE_MAX = 3000


class Herd:
    def __init__(self, options, server):
        self.options, self.server = options, server
        self.folder = server.directory

    def join(self, nodes):
        client = boto3.client(
            "ssm", endpoint_url=f"http://{self.server.host}:{self.server.port}", region_name="us-east-1",
            aws_access_key_id=self.server.key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.server.key["AWS_SECRET_ACCESS_KEY"])
        activations = self.folder / "activations"
        with activations.open("w") as file:
            for _ in range(-(-nodes // PER_ACTIVATION)):
                made = client.create_activation(IamRole="r", RegistrationLimit=PER_ACTIVATION)
                file.write(f"{made['ActivationId']} {made['ActivationCode']}\n")
        before, start = self.server.cpu(), time.time()
        print(self.run("join", nodes, "--activations", str(activations)))
        cpu = self.server.cpu() - before
        print(f"{nodes} nodes joined in {time.time() - start:.0f} s, {cpu / nodes * 1e3:.2f} ms of server CPU each,"
              f" store {self.store_mb():.0f} MB")

    def store_mb(self):
        return sum(f.stat().st_blocks for f in self.folder.glob("*.lmdb")) * 512 / 1e6

    def command(self, verb, nodes, *more):
        return [self.options.herd, verb, "--port", str(self.server.port), "--keys", self.options.keys,
                "--state", str(self.folder / "nodes"), "--nodes", str(nodes),
                "--packages", str(self.options.packages), *more]

    def run(self, verb, nodes, *more):
        return subprocess.run(self.command(verb, nodes, *more), check=True, text=True,
                              stdout=subprocess.PIPE).stdout.rstrip()

    def live(self, title, nodes, *more, seconds=None, ramp=None, speed=None):
        seconds = seconds or self.options.seconds
        ramp = ramp or self.options.ramp
        print(f"\n## {title}", flush=True)
        # Two simulations, as one has one thread and would be late itself.
        half = nodes // 2
        children = [subprocess.Popen(
            self.command("run", half, "--first", str(first), "--seconds", str(seconds), "--ramp",
                         str(ramp), "--speed", str(speed or self.options.speed), *more),
            text=True, stdout=subprocess.PIPE) for first in (0, half)]
        time.sleep(ramp)
        before, theirs = self.server.cpu(), sum(cpu_of(child.pid) for child in children)
        time.sleep(seconds)
        cores = (self.server.cpu() - before) / seconds
        client = (sum(cpu_of(child.pid) for child in children) - theirs) / seconds
        memory = self.server.resident()
        for child in children:
            out, _ = child.communicate(timeout=120)
            print(out.rstrip())
        print(f"{nodes} nodes: server {cores:.2f} cores, simulation {client:.2f} cores,"
              f" server resident {memory['VmRSS']:.0f} MB ({memory['RssAnon']:.0f} MB its own)", flush=True)
        if any(child.returncode for child in children):
            sys.exit("the simulation failed")


def cpu_of(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stocktake", required=True)
    parser.add_argument("--herd", required=True, help="the node-herd program")
    parser.add_argument("--keys", required=True, help="keys, as herd_keys.py makes them")
    parser.add_argument("--nodes", default="1000,5000", help="numbers of nodes, rising")
    parser.add_argument("--packages", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--ramp", type=float, default=25)
    parser.add_argument("--speed", type=float, default=1)
    parser.add_argument("--messages-speed", action="store_true",
                        help="questions for messages wait shorter too, by --speed")
    parser.add_argument("--skip", default="", help="parts left out: messages, plain, patch, stampede")
    options = parser.parse_args()
    numbers = [int(n) for n in options.nodes.split(",")]
    skip = options.skip.split(",")
    wait = max(1, round(18 / options.speed)) if options.messages_speed else 18
    server = Server(options.stocktake, "--message-wait-seconds", str(wait), "--connections-max", "400000",
                    "--requests-in-flight-max", "512", "--requests-per-address-max", "512")
    try:
        herd = Herd(options, server)
        herd.join(numbers[-1])
        for nodes in numbers:
            if "plain" not in skip:
                herd.live(f"{nodes} nodes, no messages", nodes, "--no-messages", ramp=3)
            if "messages" not in skip:
                herd.live(f"{nodes} nodes", nodes)
        if "patch" not in skip:
            herd.live(f"{numbers[-1]} nodes, all of them changed within an hour", numbers[-1],
                      "--no-messages", "--collect", "3600", "--changed", "100", ramp=3)
        if "stampede" not in skip:
            back = min(numbers[-1], STAMPEDE_MAX)
            herd.live(f"{back} nodes come back at once", back, "--stampede", ramp=0.1, speed=1)
    finally:
        server.close()


if __name__ == "__main__":
    main()
