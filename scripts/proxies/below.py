"""What holds of a Hallpass below a path, with an application on the same host."""

import pathlib
from urllib.parse import parse_qs, urlsplit

from checks import ADA, BOB, FORWARDED, PASSWORD, SPOOFED, Checks, cookies
from client import LOGIN
from pages import ASKED, GUARD, NAVIGATE, SAME_ORIGIN
from processes import Hallpass
from proxies import Proxy

ORIGIN = f"https://{LOGIN}"
REFRESH = "__Secure-hallpass-refresh"
METADATA = "/.well-known/oauth-authorization-server/auth"


class Stage:
    """A Hallpass of its own, and the certificates of the other one."""

    def __init__(self, binary, folder, certificates):
        self.folder, self.certificates = pathlib.Path(folder, "below"), certificates
        self.folder.mkdir()
        options = ["--public-url", f"{ORIGIN}/auth/", "--guard-origin", ORIGIN]
        options += ["--trusted-proxy", "127.0.0.1", "--log-level", "warn"]
        options += ["--login-throttle", "off"]
        self.hallpass = Hallpass(binary, self.folder, *options)
        for name in ADA, BOB:
            self.hallpass.add(name, PASSWORD)
        self.hallpass.start()


class Below(Checks):
    """Both applications have the same name."""

    def ask(self, method, path, headers=(), body=None):
        answer = self.client.ask(method, LOGIN, path, headers, body)
        return answer, self.proxy.application.take()

    def hallpass(self, method, path, headers=(), body=None):
        answer, seen = self.ask(method, path, headers, body)
        self.holds(not seen, f"{method} {path} is none of the application's", answer)
        return answer

    def neighbour(self, path, headers=()):
        answer, seen = self.ask("GET", path, headers)
        self.holds(answer.status == 200 and len(seen) == 1, f"{path} is the application's", answer)
        return seen[0]

    def signed_in(self):
        body = {"username": ADA, "password": PASSWORD}
        answer = self.hallpass("POST", "/auth/api/login", FORWARDED, body)
        self.holds(answer.status == 200, "one can sign in", answer)
        flags = answer.value("set-cookie").split("; ")
        self.holds(flags[0].startswith(f"{REFRESH}="), f"the cookie's name: {flags}")
        for flag in "Path=/auth", "Secure", "HttpOnly", "SameSite=Strict":
            self.holds(flag in flags, f"the cookie has {flag}: {flags}")
        return answer.json()["access_token"], ("Cookie", flags[0])


def check(binary, folder, certificates):
    """Runs nginx with its configuration for that. Returns how many checks held."""
    stage = Stage(binary, folder, certificates)
    checks = Below(stage, Proxy("nginx-below", stage))
    ready = f"{ORIGIN}{METADATA}"
    checks.proxy.process.wait_until(lambda: is_ready(checks, METADATA))
    check_hallpass(checks, ready)
    check_neighbours(checks)
    check_guard(checks)
    return checks.count


def is_ready(checks, path):
    try:
        return checks.client.ask("GET", LOGIN, path).status == 200
    except OSError:
        return False


def check_hallpass(checks, metadata):
    for path in "/", "/login", "/account", "/docs", "/api/config", "/healthz":
        answer = checks.hallpass("GET", f"/auth{path}")
        checks.holds(answer.status == 200, f"{path} is there", answer)
    answer = checks.hallpass("GET", "/auth?a=b")
    checks.holds(answer.status == 308, "the path without a slash leads on", answer)
    page = checks.hallpass("GET", "/auth/login").body
    checks.holds('src="/auth/assets/' in page and '"/assets/' not in page, "the page's addresses")
    found = checks.hallpass("GET", METADATA).json()
    checks.holds(found["issuer"] == f"{ORIGIN}/auth", f"{metadata}: {found}")
    keys = checks.hallpass("GET", urlsplit(found["jwks_uri"]).path)
    checks.holds(keys.json()["keys"], "the keys are where the metadata say", keys)
    answer = checks.hallpass("GET", "/.well-known/change-password")
    checks.holds(answer.value("location") == "/auth/account", "the password's page", answer)
    token, cookie = checks.signed_in()
    answer = checks.hallpass("GET", "/auth/api/verify", [("Authorization", f"Bearer {token}")])
    checks.holds(answer.value("x-auth-username") == ADA, "a token is verified", answer)
    for headers, status in ([("Origin", ORIGIN)], 200), ([("Origin", "https://evil.example")], 403):
        answer = checks.hallpass("POST", "/auth/api/refresh", [cookie, *headers])
        checks.holds(answer.status == status, f"a refresh with {headers}", answer)
        cookie = ("Cookie", (answer.value("set-cookie") or cookie[1]).split(";")[0])


def check_neighbours(checks):
    for path in "/", "/authx", "/Auth/login", "/api/login", "/auth/../page", "/login", "/healthz":
        checks.is_nobody(checks.neighbour(path, SPOOFED), path)
    for path in "/auth/authx", "/auth/auth/login", "/auth//login":
        answer = checks.hallpass("GET", path)
        checks.holds(answer.status == 404, f"{path} is nothing", answer)


def check_guard(checks):
    """From a page of the application to the sign-in page and back, on one host."""
    page = "/wiki/page?a=b"
    headers = [*NAVIGATE, *SPOOFED, *FORWARDED]
    answer = checks.hallpass("GET", page, headers)
    to = urlsplit(answer.value("location") or "")
    where = f"{to.scheme}://{to.netloc}{to.path}"
    checks.holds(where == f"{ORIGIN}/auth/login", "to the sign-in page", answer)
    asked = cookies(answer).get(ASKED)
    following = parse_qs(to.query)["next"][0]
    checks.holds(following.startswith("/auth/api/guard-code?"), f"and on to {following}", answer)
    _, (_, refresh) = checks.signed_in()
    answer = checks.hallpass("GET", following, [("Cookie", refresh), *SAME_ORIGIN])
    back = (answer.value("location") or "").removeprefix(ORIGIN)
    checks.holds(back.startswith(f"{page}&hallpass_code="), "back with a code", answer)
    answer = checks.hallpass("GET", back, [("Cookie", f"{ASKED}={asked}"), *headers])
    checks.holds(answer.value("location") == ORIGIN + page, "the code is exchanged", answer)
    guard = cookies(answer).get(GUARD)
    seen = checks.neighbour(page, [("Cookie", f"a=1; {GUARD}={guard}"), *headers])
    checks.holds(seen.value("x-auth-username") == ADA, "the application knows who it is")
    checks.holds(seen.value("cookie") == "a=1", f"without the cookie: {seen.value('cookie')}")
