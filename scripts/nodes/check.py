"""Checks what several nodes on one PostgreSQL promise, against the cluster that a script started.

Every session is known to all nodes. Once a sign-out is answered no node accepts the token, also
while one node is dead and another one cut off from the database. The loss of the primary is for
hallpass-loadtest failover.
"""

import contextlib
import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

PASSWORD = "correct horse battery staple"
# What --lease is, and one second for what comes on top.
LEASE_S, SLACK_S = 30, 1.5
COOKIE = "__Host-hallpass-refresh"


def cluster(*arguments):
    """Runs the script of the cluster, and returns the lines that it writes."""
    run = subprocess.run([sys.argv[1], *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout.splitlines()


def ask(url, method, path, token=None, body=None, cookie=None):
    """Sends one request on a connection of its own; returns status, headers and JSON."""
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if cookie:
        headers["Cookie"] = f"{COOKIE}={cookie}"
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        is_json = "json" in (answer.getheader("content-type") or "")
        return answer.status, answer.headers, json.loads(text) if is_json else None


def status(*arguments, **options):
    """The status alone; 0 if nobody answers."""
    try:
        return ask(*arguments, **options)[0]
    except OSError:
        return 0


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found} instead of {wanted}")


class Session:
    """A user's session, begun on one node."""

    def __init__(self, url, name):
        code, headers, login = ask(
            url, "POST", "/api/login", body={"username": name, "password": PASSWORD}
        )
        expect(code, 200, f"login of {name} at {url}")
        self.take(headers, login)

    def take(self, headers, login):
        self.token = login["access_token"]
        self.cookie = headers["set-cookie"].split(";")[0].split("=", 1)[1]

    def refresh(self, url):
        code, headers, login = ask(url, "POST", "/api/refresh", cookie=self.cookie)
        expect(code, 200, f"refresh at {url}")
        self.take(headers, login)

    def verify(self, url):
        return status(url, "GET", "/api/verify", token=self.token)

    def sign_out(self, url):
        """Returns how many seconds it took."""
        began = time.monotonic()
        expect(status(url, "POST", "/api/logout", token=self.token), 204, f"sign-out at {url}")
        return time.monotonic() - began


def register(url):
    name = f"ada-{uuid.uuid4().hex[:12]}"
    body = {"username": name, "password": PASSWORD}
    return name if status(url, "POST", "/api/register", body=body) == 201 else None


class Watch:
    """Verifies a token all the time, and keeps the answers other than 200."""

    def __init__(self, session, url):
        self.session, self.url = session, url
        self.count, self.failed, self.ended = 0, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(0.02):
            self.count += 1
            code = self.session.verify(self.url)
            if code != 200:
                self.failed.append(code)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def until(seconds, what, holds):
    """Returns the seconds that it took until something held."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            sys.exit(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return time.monotonic() - began


def refused_everywhere(session, nodes, what):
    """No node accepts the token; one that has lost touch may say 503."""
    for url in nodes:
        code = session.verify(url)
        if code not in (401, 503, 0):
            sys.exit(f"{what}: {url} answers {code} to a token that was signed out")


def sessions_are_everywhere(nodes, name):
    session = Session(nodes[0], name)
    for url in nodes * 2:
        session.refresh(url)
        for other in nodes:
            expect(session.verify(other), 200, f"a token of {url} at {other}")
    return session


def sign_outs_are_honoured(nodes, name):
    times = []
    for turn in range(30):
        session = Session(nodes[turn % 3], name)
        for url in nodes:
            expect(session.verify(url), 200, "a token that is not signed out")
        times.append(session.sign_out(nodes[(turn + 1) % 3]))
        refused_everywhere(session, nodes, "sign-out with all nodes")
    times.sort()
    print(f"sign-out with three nodes: median {times[15]:.3f} s, longest {times[-1]:.3f} s")


def nodes_are_lost(nodes, balancer, name, known):
    """Node 2 is cut off from the database, and node 3 is killed."""
    session = Session(nodes[0], name)
    expect(session.verify(nodes[1]), 200, "a token at the node that will be cut off")
    with Watch(known, balancer) as watch:
        cluster("partition", "2")
        cluster("kill-node", "3")
        # What this node knows, it vouches for until its lease ends.
        expect(session.verify(nodes[1]), 200, "a known token at the node that is cut off")
        took = session.sign_out(nodes[0])
        refused_everywhere(session, nodes, "sign-out with lost nodes")
        expect(status(nodes[1], "GET", "/readyz"), 503, "readiness of the node that is cut off")
        cluster("heal", "2")
        cluster("start-node", "3")
    expect(watch.failed, [], f"{watch.count} verifications through the balancer")
    if took > LEASE_S * 1.01 + SLACK_S:
        sys.exit(f"the sign-out with lost nodes took {took:.1f} s")
    print(f"sign-out with a node dead and another one cut off: {took:.1f} s")
    return session


def nodes_are_back(nodes, name, known, signed_out):
    ready = until(30, "the healed node is ready", lambda: status(nodes[1], "GET", "/readyz") == 200)
    for url in nodes:
        expect(known.verify(url), 200, f"a known token at {url}")
        expect(signed_out.verify(url), 401, f"a token that was signed out at {url}")
    took = Session(nodes[2], name).sign_out(nodes[0])
    if took > SLACK_S:
        sys.exit(f"the sign-out after all nodes were back took {took:.1f} s")
    print(f"all nodes are back after {ready:.1f} s; a sign-out then: {took:.3f} s")


def main():
    addresses = [line.split()[-1] for line in cluster("status")]
    nodes, balancer = addresses[:3], addresses[3]
    name = register(nodes[0]) or sys.exit("nobody can register")
    known = sessions_are_everywhere(nodes, name)
    sign_outs_are_honoured(nodes, name)
    signed_out = nodes_are_lost(nodes, balancer, name, known)
    nodes_are_back(nodes, name, known, signed_out)


main()
