"""What holds of pages, which a browser opens with the guard cookie."""

import time
from urllib.parse import parse_qs, urlsplit

from api import is_client
from checks import ADA, BOB, FORWARDED, SPOOFED, cookies
from client import LOGIN, WIKI

NAVIGATE = [
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "none"),
    ("Sec-Fetch-Dest", "document"),
]
SAME_ORIGIN = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "same-origin")]
GUARD, ASKED = "__Host-hallpass-guard", "__Host-hallpass-guard-asked"
PAGE = "/page/%C3%B6?a=b%20c&d=e"


def path_of(checks, url, name, what):
    """The path and query of an address, which is on this host."""
    parts = urlsplit(url or "")
    checks.holds((parts.scheme, parts.netloc) == ("https", name), f"{what}: leads to {name}: {url}")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def sign_in_page(checks, headers, what):
    """Where somebody is sent who is not signed in, and the cookie by which they are known again."""
    headers = [*headers, *NAVIGATE, *SPOOFED, *FORWARDED]
    answer = checks.is_kept_out("GET", PAGE, headers, what, 303)
    path = path_of(checks, answer.value("location"), LOGIN, what)
    checks.holds(path.startswith("/login?next="), f"{what}: to the sign-in page", answer)
    asked = cookies(answer).get(ASKED)
    checks.holds(asked, f"{what}: with a cookie", answer)
    return parse_qs(urlsplit(path).query)["next"][0], ("Cookie", f"other=1; {ASKED}={asked}")


def journey(checks, name):
    """From a page to the sign-in page and back, as a browser would go: the guard cookie."""
    following, asked = sign_in_page(checks, [], f"{name}: without a cookie")
    _, _, refresh = checks.sign_in(name)
    headers = [("Cookie", f"__Host-hallpass-refresh={refresh}"), *SAME_ORIGIN]
    path = path_of(checks, f"https://{LOGIN}{following}", LOGIN, "next")
    answer = checks.client.ask("GET", LOGIN, path, headers)
    checks.holds(answer.status == 303, f"{name}: back to the page", answer)
    back = path_of(checks, answer.value("location"), WIKI, f"{name}: back to the page")
    checks.holds(back.startswith(f"{PAGE}&hallpass_code="), f"{name}: with a code", answer)
    headers = [asked, *NAVIGATE, *SPOOFED, *FORWARDED]
    answer = checks.is_kept_out("GET", back, headers, f"{name}: the code", 303)
    page = path_of(checks, answer.value("location"), WIKI, f"{name}: the code is exchanged")
    checks.holds(page == PAGE, f"{name}: to the page without the code, not to {page}", answer)
    set_now = cookies(answer)
    checks.holds(set_now.get(GUARD) and set_now.get(ASKED) == "", "both cookies are set", answer)
    return f"{GUARD}={set_now[GUARD]}"


def guard_cookie(checks):
    """The header of a browser that is signed in."""
    return "Cookie", journey(checks, ADA)


def check_pages(checks):
    for name in ADA, BOB:
        guard = journey(checks, name)
        is_client(checks, name, f"{name}: opening the site")
        check_page(checks, name, guard)
        check_foreign(checks, guard)


def check_page(checks, name, guard):
    """The cookie opens pages, with the user's identity, and is for nobody else."""
    subject, _, _ = checks.sign_in(name)
    for cookies_before, others in [
        ([guard], []),
        ([guard, "last=2"], ["last=2"]),
        (["first=1", guard], ["first=1"]),
        (["first=1", guard, "last=2"], ["first=1", "last=2"]),
    ]:
        what = f"{name}: a page with {len(cookies_before)} cookies"
        headers = [("Cookie", "; ".join(cookies_before)), *NAVIGATE, *SPOOFED, *FORWARDED]
        answer, seen = checks.passes("GET", PAGE, headers, what)
        checks.is_identity(seen, subject, name, what)
        checks.holds(seen.path == PAGE, f"{what}: the same path: {seen.path}")
        checks.holds(answer.values("set-cookie") == ["application=1"], "only its cookie", answer)
        found = [it.strip() for it in seen.value("cookie").split(";") if it.strip()]
        # Traefik has no means to take it out.
        expected = cookies_before if checks.proxy.name == "traefik" else others
        checks.holds(found == expected, f"{what}: the application sees the cookies {found}")
    sign_in_page(checks, [("Cookie", f"{guard}x")], f"{name}: a wrong cookie")
    headers = [("Cookie", guard), *NAVIGATE, *SPOOFED]
    checks.is_kept_out("GET", "/api/things", headers, "the API with a cookie", 401)
    script = [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin"), *SPOOFED]
    checks.is_kept_out("GET", PAGE, script, "a script without a cookie", 401)


def check_foreign(checks, guard):
    """Another site can't have the browser change something."""
    own = ("Origin", f"https://{WIKI}")
    evil = [("Origin", "https://evil.example.org"), ("Sec-Fetch-Site", "same-site")]
    headers = [("Cookie", guard), *SPOOFED, *FORWARDED]
    checks.passes("POST", PAGE, [*headers, own], "a form of its own")
    for method in "POST", "PUT", "DELETE":
        what = f"{method} from another site"
        checks.is_kept_out(method, PAGE, [*headers, *evil, *NAVIGATE[:1]], what, 401)
        checks.is_kept_out(method, PAGE, headers, f"{method} from nowhere", 401)
    socket = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    # Envoy refuses all of them, unless it is told otherwise.
    if checks.proxy.name != "envoy":
        checks.passes("GET", PAGE, [*headers, own, *socket], "a WebSocket of its own")
    what = "a WebSocket from another site"
    checks.is_kept_out("GET", PAGE, [*headers, *evil, *socket], what, 303, 400, 401, 403)


def check_renewal(checks):
    """A cookie whose time is half over is replaced, and the application's own cookie comes, too."""
    guard = journey(checks, ADA)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        answer, _ = checks.passes(
            "GET", PAGE, [("Cookie", guard), *NAVIGATE], "a page all the time"
        )
        found = cookies(answer)
        if GUARD in found:
            break
        time.sleep(0.1)
    checks.holds(found.get(GUARD), "the cookie is renewed", answer)
    checks.holds(found.get("application") == "1", "the application's cookie comes as well", answer)
    checks.holds(f"{GUARD}={found[GUARD]}" != guard, "it is another one", answer)
    flags = next(value for value in answer.values("set-cookie") if value.startswith(GUARD))
    checks.holds("HttpOnly" in flags and "Max-Age=" in flags, f"with all of its flags: {flags}")
    headers = [("Cookie", f"{GUARD}={found[GUARD]}"), *NAVIGATE]
    checks.passes("GET", PAGE, headers, "a page with the renewed cookie")
