"""Asks through one proxy, and says what does not hold."""

import json

from client import CLIENT_ADDRESS, WIKI, Client
from processes import fail

PASSWORD = "correct horse battery staple"
# Ada has a role, the other one has none. The header has names percent-encoded.
ADA, BOB, SHOWN = "ada", "böb", {"ada": "ada", "böb": "b%C3%B6b"}
ROLES = {ADA: "user", BOB: ""}
IDENTITY = ["x-auth-subject", "x-auth-username", "x-auth-roles"]
# What a stranger could send, also by the names that some applications take for the same.
SPOOFED = [
    ("X-Auth-Subject", "spoofed"),
    ("X-Auth-Username", "spoofed"),
    ("X-Auth-Roles", "spoofed"),
    ("x-auth-roles", "spoofed again"),
    ("X_Auth_Subject", "spoofed"),
    ("X-Auth_Username", "spoofed"),
    ("X_Auth-Roles", "spoofed"),
    ("X_AUTH_ROLES", "spoofed"),
]
FORWARDED = [
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Uri", "/public/"),
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Proto", "http"),
]


class Checks:
    def __init__(self, stage, proxy):
        self.stage, self.proxy, self.count = stage, proxy, 0
        certificate = stage.certificates / "fullchain.pem"
        self.client = Client(proxy.port, certificate, f"check of {proxy.name}")

    def holds(self, condition, what, answer=None):
        self.count += 1
        if condition:
            return
        shown = f"\n{answer.status} {answer.headers}\n{answer.body[:500]}" if answer else ""
        log = self.proxy.process.log.read_text()[-2000:]
        fail(f"{self.proxy.name}: does not hold: {what}{shown}\nits log:\n{log}")

    def passes(self, method, path, headers, what):
        """The answer, and what the application saw."""
        body = {"sent": "by the client"} if method in ("POST", "PUT") else None
        answer = self.client.ask(method, WIKI, path, headers, body)
        seen = self.proxy.application.take()
        self.holds(answer.status == 200, what, answer)
        methods = [one.method for one in seen]
        self.holds(methods == [method], f"{what}: the application sees {methods}")
        self.holds(
            seen[0].body == (json.dumps(body).encode() if body else b""), f"{what}: the body"
        )
        self.comes_from_client(seen[0], what)
        return answer, seen[0]

    def is_kept_out(self, method, path, headers, what, *statuses):
        answer = self.client.ask(method, WIKI, path, headers)
        self.holds(
            not self.proxy.application.take(), f"{what}: nothing reaches the application", answer
        )
        self.holds(answer.status in statuses, f"{what}: one of {statuses}", answer)
        return answer

    def sign_in(self, name):
        """The user's id, an access token, and the refresh cookie."""
        answer = self.client.login(name, PASSWORD, FORWARDED)
        self.holds(answer.status == 200, "one can sign in", answer)
        refresh = cookies(answer).get("__Host-hallpass-refresh")
        self.holds(refresh, "signing in brings a cookie", answer)
        body = answer.json()
        return body["user"]["id"], body["access_token"], refresh

    def is_identity(self, seen, subject, name, what):
        found = [seen.value(header) for header in IDENTITY]
        expected = [subject, SHOWN[name], ROLES[name]]
        self.holds(found == expected, f"{what}: the application sees {found}")

    def is_nobody(self, seen, what):
        found = [value for value in seen.values(*IDENTITY) if value]
        self.holds(not found, f"{what}: the application sees no identity, but {found}")

    def comes_from_client(self, seen, what):
        address = seen.value("x-forwarded-for")
        self.holds(address == CLIENT_ADDRESS, f"{what}: comes from {address}")


def cookies(answer):
    """The cookies that an answer sets."""
    pairs = (value.split(";")[0].split("=", 1) for value in answer.values("set-cookie"))
    return dict(pairs)
