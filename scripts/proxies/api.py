"""What holds of signing in, of API calls and of what is for everybody."""

import json

from checks import ADA, BOB, FORWARDED, IDENTITY, PASSWORD, SPOOFED
from client import CLIENT_ADDRESS, LOGIN, WIKI


def check_login(checks):
    """The login host is Hallpass's, and knows who the client is."""
    checks.sign_in(ADA)
    is_client(checks, ADA, "signing in")
    answer = checks.client.login(
        BOB, PASSWORD, [*FORWARDED, ("Connection", "close, X-Forwarded-For")]
    )
    if answer.status == 200:
        is_client(checks, BOB, "signing in, and Connection names X-Forwarded-For")
    checks.holds(not checks.proxy.application.take(), "the application sees nothing of it")


def is_client(checks, name, what):
    """The latest audit record of a user comes first."""
    records = checks.stage.hallpass.command("audit", "--json", "--user", name)
    latest = json.loads(records.splitlines()[0])
    checks.holds(latest["user_agent"] == checks.client.agent, f"{what}: is recorded: {latest}")
    checks.holds(latest["address"] == CLIENT_ADDRESS, f"{what}: comes from {latest['address']}")


def check_api(checks):
    for name in ADA, BOB:
        subject, token, _ = checks.sign_in(name)
        bearer = [("Authorization", f"Bearer {token}")]
        for method in "GET", "POST", "HEAD", "DELETE":
            what = f"{name}: {method} with a token"
            headers = [*bearer, *SPOOFED, *FORWARDED]
            _, seen = checks.passes(method, "/api/things?a=b%20c", headers, what)
            checks.is_identity(seen, subject, name, what)
            checks.holds(seen.path == "/api/things?a=b%20c", f"{what}: the same path: {seen.path}")
        check_connection(checks, subject, name, bearer)
    for method in "GET", "POST":
        what = f"{method} without a token"
        answer = checks.is_kept_out(method, "/api/things", SPOOFED, what, 401)
        how = answer.values("www-authenticate")
        checks.holds(how == ['Bearer realm="hallpass"'], f"{what}: says how: {how}", answer)
        wrong = [("Authorization", f"Bearer {token}x"), *SPOOFED]
        checks.is_kept_out(method, "/api/things", wrong, f"{method} with a wrong token", 401)
    # The application's own, whatever Hallpass has at this path.
    for path in "/api/verify", "/api/guard", "/api/guard-redirect", "/api/login":
        checks.is_kept_out("GET", path, [], f"{path} of the application", 401)


def check_connection(checks, subject, user, bearer):
    """A header that Connection names is for the proxy alone, which leaves it out. An identity is
    whole all the same, or the request gets nowhere."""
    for name in [*IDENTITY, "X-Forwarded-For", "Authorization", "Host", "Cookie"]:
        what = f"Connection names {name}"
        headers = [*bearer, *SPOOFED, *FORWARDED, ("Connection", f"close, {name}")]
        answer = checks.client.ask("GET", WIKI, "/api/things", headers)
        seen = checks.proxy.application.take()
        checks.holds(len(seen) == (answer.status == 200), what, answer)
        for one in seen:
            checks.is_identity(one, subject, user, what)
            checks.comes_from_client(one, what)


def check_public(checks):
    _, token, _ = checks.sign_in(ADA)
    for headers in [], [("Authorization", f"Bearer {token}")]:
        for method in "GET", "POST":
            answer, seen = checks.passes(method, "/public/x", [*headers, *SPOOFED], "a public file")
            checks.is_nobody(seen, "a public file")
            checks.holds(
                answer.values("set-cookie") == ["application=1"], "only its cookie", answer
            )


def check_detours(checks):
    """Paths that look public, and that an application may take for others; and the addresses at
    which a proxy asks itself."""
    paths = [
        "/public/../page",
        "/public/%2e%2e/page",
        "/public/..%2fpage",
        "/public/%2e%2e%2fpage",
        "/public//../page",
        "/public/x/../../page",
        "/public/./../page",
        "/public/.%2e/page",
    ]
    for path in paths:
        answer = checks.client.ask("GET", WIKI, path, SPOOFED)
        seen = [one.path for one in checks.proxy.application.take()]
        # What a proxy has made of it means the same to everybody.
        checks.holds(all(it == "/public/page" for it in seen), f"{path} leads to {seen}", answer)
    for path in "/hallpass/verify", "/hallpass/guard", "/@hallpass":
        checks.is_kept_out("GET", path, SPOOFED, path, 303, 401, 404)
    answer = checks.client.ask("GET", LOGIN, "/api/verify", SPOOFED)
    checks.holds(answer.status == 401, "Hallpass believes nobody's headers", answer)
