"""Runs each configuration of server/deploy in its proxy, before a real Hallpass and an application
that writes down what comes through, and asks what users and strangers ask."""

import concurrent.futures
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import below
from api import check_api, check_detours, check_login, check_public
from checks import ADA, BOB, PASSWORD, SPOOFED, Checks
from client import LOGIN, WIKI
from pages import NAVIGATE, check_pages, check_renewal, guard_cookie
from processes import Hallpass, Process, fail
from proxies import BROKEN, MISSPELT, Proxy

PROXIES = ["nginx", "haproxy", "caddy", "traefik", "envoy"]


class Stage:
    """What all proxies share."""

    def __init__(self, binary, folder):
        self.folder = folder
        self.certificates = make_certificates(folder)
        self.hallpass = Hallpass(
            binary,
            folder,
            "--trusted-proxy",
            "127.0.0.1",
            "--public-url",
            f"https://{LOGIN}",
            "--guard-origin",
            f"https://{WIKI}",
            "--log-level",
            "warn",
            "--login-throttle",
            "off",
        )
        for name in (ADA, BOB):
            self.hallpass.add(name, PASSWORD)
        self.hallpass.command("user", "roles", BOB, "--remove", "user")
        self.hallpass.start()


def make_certificates(folder):
    path = pathlib.Path(folder, "certificates")
    path.mkdir()
    names = f"subjectAltName=DNS:{LOGIN},DNS:{WIKI}"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ]
        + ["-days", "2", "-subj", "/CN=example.org", "-addext", names]
        + ["-keyout", path / "privkey.pem", "-out", path / "fullchain.pem"],
        check=True,
        capture_output=True,
    )
    both = (path / "fullchain.pem").read_text() + (path / "privkey.pem").read_text()
    (path / "combined.pem").write_text(both)
    return path


def start(stage, names, wrong):
    """All of them come up at the same time."""
    started = [Checks(stage, Proxy(name, stage, wrong.get(name, ()))) for name in names]
    for checks in started:
        checks.proxy.process.wait_until(checks.client.is_ready)
    return started


def check_closed(checks, headers, why):
    """Neither a token nor a cookie opens anything."""
    for method in "GET", "POST":
        for path in "/api/things", "/page":
            what = f"{why}: {method} {path}"
            checks.is_kept_out(method, path, headers, what, 401, 403, 404, 500, 502, 503)


def at_once(check, started, *arguments):
    """Some take a while."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda checks: check(checks, *arguments), started))


def run(stage, names):
    running = start(stage, names, {})
    for checks in running:
        for check in check_login, check_api, check_public, check_detours, check_pages:
            check(checks)
    _, token, _ = running[0].sign_in(ADA)
    headers = [("Authorization", f"Bearer {token}"), guard_cookie(running[0]), *SPOOFED, *NAVIGATE]
    misspelt = start(stage, names, MISSPELT)
    at_once(check_closed, misspelt, headers, "with a misspelt address")
    broken = start(stage, [name for name in names if name in BROKEN], BROKEN)
    at_once(check_closed, broken, headers, "with a mistake in the script")
    for checks in running:
        for path in "/api/things", "/page":
            checks.passes("GET", path, headers, f"{path} with Hallpass")
    stage.hallpass.stop()
    at_once(check_closed, running, headers, "without Hallpass")
    for checks in running:
        checks.passes("GET", "/public/x", [], "a public file without Hallpass")
    stage.hallpass.start("--access-ttl", "8s")
    at_once(check_renewal, running)
    for name in names:
        count = sum(it.count for it in running + misspelt + broken if it.proxy.name == name)
        if name == "nginx":
            count += below.check(stage.hallpass.binary, stage.folder, stage.certificates)
        print(f"{name}: {count} checks hold", file=sys.stderr)


def main(binary, *names):
    started = time.monotonic()
    # Whoever ends this ends what it has started, too.
    signal.signal(signal.SIGTERM, lambda *_: fail("ended"))
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(Stage(binary, folder), names or PROXIES)
        finally:
            Process.stop_all()
    print(f"proxy-test: {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
