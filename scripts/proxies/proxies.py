"""The five proxies, each with the files of server/deploy. All that is changed in them is what a user
changes, too: addresses, the certificate, and where the files are."""

import itertools
import os
import pathlib
import shutil

from application import Application
from client import LOGIN
from processes import Process, fail, free_port

DEPLOY = pathlib.Path(__file__).parents[2] / "server/deploy"


def program(name):
    """One of Debian's, which are not all in the path of everybody, or of scripts/setup's."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    return found or fail(f"there is no {name}; scripts/setup proxies installs it")


class Proxy:
    """One configuration of one proxy. `wrong` are further changes, which break it."""

    numbers = itertools.count()

    def __init__(self, name, stage, wrong=()):
        self.name, self.port, self.wrong = name, free_port(), list(wrong)
        self.folder = pathlib.Path(stage.folder, f"{next(self.numbers)}-{name}")
        self.folder.mkdir()
        self.application = Application()
        address = "127.0.0.1, port_value: " if name == "envoy" else "127.0.0.1:"
        self.changes = [
            ("/etc/ssl/example.org", stage.certificates),
            (f"{address}8080", f"{address}{stage.hallpass.port}"),
            (f"{address}3000", f"{address}{self.application.port}"),
        ]
        command = getattr(self, name.replace("-", "_"))()
        for old, _ in self.changes + self.wrong:
            if not any(old in path.read_text() for path in self.shipped()):
                fail(f"no file of {self.source()} has {old!r}")
        self.process = Process(command, self.folder / "log", self.environment())

    def source(self):
        """The files of nginx are of two kinds."""
        return DEPLOY / self.name.split("-")[0]

    def shipped(self):
        return [path for path in self.source().iterdir() if path.is_file()]

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder)}

    def copy(self, name, *changes):
        """A file of server/deploy with the addresses of the test."""
        text = (self.source() / name).read_text()
        for old, new in changes:
            if old not in text:
                fail(f"{self.source()}/{name} has no {old!r}")
        for old, new in [*self.wrong, *changes, *self.changes]:
            text = text.replace(old, str(new))
        path = self.folder / name
        path.write_text(text)
        return path

    def nginx(self):
        return self.nginx_with("hallpass.conf")

    def nginx_below(self):
        name = ("server_name example.org", f"server_name {LOGIN}")
        return self.nginx_with("below-a-path.conf", name)

    def nginx_with(self, name, *changes):
        site = self.copy(name, ("listen 443 ", f"listen 127.0.0.1:{self.port} "), *changes)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = self.folder / "nginx.conf"
        # As Debian's, which includes what is in conf.d.
        main.write_text(
            f"daemon off; pid {self.folder}/pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {temporary} include {site}; }}\n"
        )
        # As root it would become a user who can't enter the folder.
        user = ["-g", "user root;"] if os.getuid() == 0 else []
        return [program("nginx"), "-c", main, "-e", "stderr", *user]

    def haproxy(self):
        lua = self.copy("hallpass.lua")
        main = self.copy(
            "haproxy.cfg",
            ("bind :443 ", f"bind 127.0.0.1:{self.port} "),
            ("/etc/haproxy/hallpass.lua", lua),
        )
        return [program("haproxy"), "-db", "-f", main]

    def caddy(self):
        file = self.copy("Caddyfile", ("#tls ", "tls "))
        # It would also listen on port 80, to send everybody to https, and on 2019 for `reload`.
        ports = f"https_port {self.port}\n auto_https disable_redirects\n admin off"
        file.write_text(f"{{\n {ports}\n default_bind 127.0.0.1\n}}\n" + file.read_text())
        return [program("caddy"), "run", "--adapter", "caddyfile", "--config", file]

    def traefik(self):
        rest = self.copy("hallpass.yml")
        main = self.copy(
            "traefik.yml",
            ('":443"', f'"127.0.0.1:{self.port}"'),
            ("/etc/traefik/hallpass.yml", rest),
        )
        return [program("traefik"), f"--configfile={main}"]

    def envoy(self):
        file = self.copy(
            "envoy.yaml",
            ("address: 0.0.0.0, port_value: 443", f"address: 127.0.0.1, port_value: {self.port}"),
        )
        return [
            program("envoy"),
            "-c",
            file,
            "--use-dynamic-base-id",
            "--concurrency",
            "1",
            "-l",
            "warn",
        ]


# Addresses that Hallpass does not have.
MISSPELT = {
    "nginx": [
        ("http://hallpass/api/verify;", "http://hallpass/api/verifyy;"),
        ("http://hallpass/api/guard;", "http://hallpass/api/guardd;"),
    ],
    "haproxy": [
        ("lua.hallpass /api/verify", "lua.hallpass /api/verifyy"),
        ("lua.hallpass /api/guard-redirect", "lua.hallpass /api/guard-redirectt"),
    ],
    "caddy": [
        ("hallpass /api/verify", "hallpass /api/verifyy"),
        ("hallpass /api/guard-redirect", "hallpass /api/guard-redirectt"),
    ],
    "traefik": [
        ("8080/api/verify", "8080/api/verifyy"),
        ("8080/api/guard-redirect", "8080/api/guard-redirectt"),
    ],
    "envoy": [
        ("path_override: /api/verify", "path_override: /api/verifyy"),
        ("path_prefix: /api/guard-redirect", "path_prefix: /api/guard-redirectt"),
    ],
}

# Mistakes in scripts, which a proxy could take for consent.
BROKEN = {
    "haproxy": [("if not answer or not answer.status ", "if nil + 1 or not answer.status ")],
}
