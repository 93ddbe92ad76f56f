"""Checks what several nodes on one PostgreSQL promise, against the cluster that a script started.

Every session is known to all nodes. Once a sign-out is answered no node accepts the token, also
while a node is dead or cut off from the database. While the primary is lost, the nodes go on to
accept the tokens that they know; afterwards each acknowledged user is there and logins work.
"""

import concurrent.futures
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


def a_node_dies(nodes, balancer, name, known):
    session = Session(nodes[1], name)
    with Watch(known, balancer) as watch:
        cluster("kill-node", "3")
        took = session.sign_out(nodes[0])
        refused_everywhere(session, nodes, "sign-out with a dead node")
        cluster("start-node", "3")
    expect(watch.failed, [], f"{watch.count} verifications through the balancer")
    if took > LEASE_S * 1.01 + SLACK_S:
        sys.exit(f"the sign-out with a dead node took {took:.1f} s")
    expect(known.verify(nodes[2]), 200, "a known token at the node that started again")
    expect(session.verify(nodes[2]), 401, "a token that was signed out at the same node")
    print(f"sign-out with a dead node: {took:.1f} s; a sign-out after that: "
          f"{Session(nodes[2], name).sign_out(nodes[0]):.3f} s")


def a_node_is_cut_off(nodes, name):
    session = Session(nodes[0], name)
    expect(session.verify(nodes[1]), 200, "a token at the node that will be cut off")
    cluster("partition", "2")
    # What this node knows, it vouches for until its lease ends.
    expect(session.verify(nodes[1]), 200, "a known token at the node that is cut off")
    took = session.sign_out(nodes[0])
    refused_everywhere(session, nodes, "sign-out with a node that is cut off")
    expect(status(nodes[1], "GET", "/readyz"), 503, "readiness of the node that is cut off")
    cluster("heal", "2")
    ready = until(30, "the healed node is ready", lambda: status(nodes[1], "GET", "/readyz") == 200)
    expect(session.verify(nodes[1]), 401, "a token that was signed out at the healed node")
    print(f"sign-out with a node cut off: {took:.1f} s; ready {ready:.1f} s after it was healed")


def the_primary_dies(nodes, name, known):
    for url in nodes:
        expect(known.verify(url), 200, "a known token")
    acknowledged = []
    with concurrent.futures.ThreadPoolExecutor() as pool, contextlib.ExitStack() as stack:
        watches = [stack.enter_context(Watch(known, url)) for url in nodes]
        killing = pool.submit(cluster, "kill-primary")
        until(10, "writes fail", lambda: not note(acknowledged, nodes[0]))
        took = until(60, "registrations work again", lambda: note(acknowledged, nodes[0]))
        killing.result()
    for watch in watches:
        expect(watch.failed, [], f"{watch.count} verifications at {watch.url}")
    for url in nodes:
        known.refresh(url)
    for user in acknowledged:
        Session(nodes[2], user)
    print(f"fail-over: writes again after {took:.1f} s, none of {len(acknowledged)} users lost, "
          f"none of {sum(watch.count for watch in watches)} verifications failed")


def note(acknowledged, url):
    """Registers a user, and notes them if that is acknowledged."""
    name = register(url)
    if name:
        acknowledged.append(name)
    return name is not None


def main():
    addresses = [line.split()[-1] for line in cluster("status")]
    nodes, balancer = addresses[:3], addresses[3]
    name = register(nodes[0]) or sys.exit("nobody can register")
    known = sessions_are_everywhere(nodes, name)
    sign_outs_are_honoured(nodes, name)
    a_node_dies(nodes, balancer, name, known)
    a_node_is_cut_off(nodes, name)
    the_primary_dies(nodes, name, known)


main()
