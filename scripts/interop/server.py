"""A server to exchange tokens with, its keys, and tokens that PyJWT signs with them."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid

import jwt
from cryptography.hazmat.primitives import serialization

ISSUER, AUDIENCE = "http://127.0.0.1:8080", "hallpass"
NAME, PASSWORD = "root", "correct horse battery staple"


def without_settings():
    """The environment without the settings of whoever runs this."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HALLPASS_")}


class Server:
    """The server, running on a data directory."""

    def __init__(self, binary, data, port, arguments):
        command = [binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", data]
        command += ["--log-level", "error", "--audit-log", "off", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=without_settings()
        )
        line = self.process.stdout.readline()
        check(line.startswith("listening on "), f"the server starts with {arguments}")
        self.url = line.removeprefix("listening on ").strip()

    def call(self, method, path, token=None, body=None):
        """The status and the JSON of an answer."""
        return self.answer(method, path, token, body)[:2]

    def answer(self, method, path, token=None, body=None):
        """The status of an answer, its JSON and its headers."""
        headers = {"Content-Type": "application/json"} if body else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = body and json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null"), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), error.headers

    def accepts(self, token):
        status, answer = self.call("GET", "/api/verify", token)
        check(status in (200, 401), f"/api/verify answers 200 or 401, not {status}: {answer}")
        return status == 200

    def login(self):
        body = {"username": NAME, "password": PASSWORD}
        status, answer = self.call("POST", "/api/login", body=body)
        check(status == 200, f"login: {status} {answer}")
        return answer["access_token"]

    def rotate(self, token):
        status, answer = self.call("POST", "/api/admin/keys/rotate", token)
        check(status == 200, f"rotation: {status} {answer}")
        return answer["kid"]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def add_admin(binary, data):
    """Makes the user who signs in."""
    command = [binary, "user", "add", NAME, "--role", "admin", "--password-stdin"]
    command += ["--data-dir", data]
    subprocess.run(command, input=PASSWORD, text=True, check=True, env=without_settings())


def free_port():
    """A port that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def check(holds, what):
    if not holds:
        sys.exit(f"interop-test: does not hold: {what}")


def private_keys(data):
    """The key that signs and the next one, from the file in the data directory."""
    stored = json.loads((pathlib.Path(data) / "keys.json").read_text())
    [current] = [key for key in stored["keys"] if "retired_at" not in key]
    for key in current, stored["next_key"]:
        private = serialization.load_pem_private_key(key["private_key"].encode(), None)
        yield key["kid"], key["alg"], private


def signed(claims, key, algorithm, kid, **changes):
    """A token by PyJWT; a claim that is None is left out."""
    claims = {**claims, "jti": str(uuid.uuid4()), **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, {"kid": kid, "typ": "at+jwt"})
