"""A client on an address of its own, which takes a proxy on some port for that of a name."""

import http.client
import json
import socket
import ssl

LOGIN, WIKI = "login.example.org", "wiki.example.org"
# The whole of 127.0.0.0/8 is this machine, so the proxies and their clients can be told apart.
PROXY_ADDRESS, CLIENT_ADDRESS = "127.0.0.1", "127.0.0.2"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def values(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def value(self, name):
        return next(iter(self.values(name)), None)


class Connection(http.client.HTTPSConnection):
    """To a port of this machine, with the certificate of another name."""

    def __init__(self, name, port, certificate):
        context = ssl.create_default_context(cafile=certificate)
        super().__init__(name, timeout=20, context=context)
        self.name, self.proxy_port, self.tls = name, port, context

    def connect(self):
        plain = socket.create_connection(
            (PROXY_ADDRESS, self.proxy_port), self.timeout, (CLIENT_ADDRESS, 0)
        )
        self.sock = self.tls.wrap_socket(plain, server_hostname=self.name)


class Client:
    """Asks through one proxy."""

    def __init__(self, port, certificate, agent):
        self.port, self.certificate, self.agent = port, certificate, agent

    def ask(self, method, name, path, headers=(), body=None):
        """Each header is a pair, so that one can be sent twice."""
        connection = Connection(name, self.port, self.certificate)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            connection.putheader("User-Agent", self.agent)
            for header, value in headers:
                connection.putheader(header, value)
            if body is not None:
                connection.putheader("Content-Type", "application/json")
                body = json.dumps(body).encode()
            if method not in ("GET", "HEAD"):
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read().decode())
        finally:
            connection.close()

    def is_ready(self):
        """Whether the proxy has come up and reaches Hallpass."""
        try:
            return self.ask("GET", LOGIN, "/healthz").status == 200
        except OSError:
            return False

    def login(self, username, password, headers=()):
        body = {"username": username, "password": password}
        return self.ask("POST", LOGIN, "/api/login", headers, body)
