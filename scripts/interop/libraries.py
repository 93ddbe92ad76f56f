"""Libraries that verify access tokens, in Python and Node, against the server's default algorithm.

Each gets a valid token, a tampered one, an expired one, one for another audience and one that another
key signed; and, after a rotation, a new one beside the old. They know the issuer and the audience, and
find the keys through the metadata (RFC 8414) or the JWKS.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

import python_libraries
from server import AUDIENCE, Server, add_admin, check, free_port, private_keys, signed

NODE = pathlib.Path(__file__).parent / "node" / "libraries.mjs"


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def tampered(token):
    """The same signature for somebody with more roles."""
    header, _, signature = token.split(".")
    claims = json.dumps({**claims_of(token), "roles": ["admin", "root"]}).encode()
    return f"{header}.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.{signature}"


def cases(data, token):
    """What a library must accept, and what it must refuse."""
    (kid, algorithm, private), _ = private_keys(data)
    check(algorithm == "ES256", f"a new server signs with ES256, not {algorithm}")
    claims, now = claims_of(token), int(time.time())
    long_ago = {"iat": now - 900, "nbf": now - 900, "exp": now - 300}
    stranger = ec.generate_private_key(ec.SECP256R1())
    return [
        case("a valid token", token, True),
        case("a tampered token", tampered(token), False),
        case("an expired token", signed(claims, private, algorithm, kid, **long_ago), False),
        case("another audience", signed(claims, private, algorithm, kid, aud="another"), False),
        case("another key", signed(claims, stranger, algorithm, kid), False),
    ]


def case(what, token, good):
    return {"what": what, "token": token, "good": good}


class Python:
    def __init__(self, issuer):
        makers = python_libraries.LIBRARIES.items()
        self.libraries = {name: make(issuer, AUDIENCE) for name, make in makers}

    def ask(self, tokens):
        wrong = []
        for name, verify in self.libraries.items():
            for token in tokens:
                reason = None
                try:
                    verify(token["token"])
                except Exception as error:  # Each library has its own.
                    reason = f"{type(error).__name__}: {error}"
                if (reason is None) != token["good"]:
                    verb = "refuses" if token["good"] else "accepts"
                    wrong.append(f"{name} {verb} {token['what']}: {reason}")
        return list(self.libraries), wrong


class Node:
    def __init__(self, issuer, modules):
        command = ["node", str(NODE), issuer, AUDIENCE]
        environment = {**os.environ, "INTEROP_MODULES": modules}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, text=True, env=environment, **pipes)

    def ask(self, tokens):
        self.process.stdin.write(json.dumps(tokens) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        check(line, "the libraries of Node answer")
        answer = json.loads(line)
        return answer["libraries"], answer["wrong"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def ask_all(askers, tokens, when):
    for asker in askers:
        libraries, wrong = asker.ask(tokens)
        check(not wrong, f"{when}: " + "; ".join(wrong))
        print(f"{when}, {len(tokens)} tokens: {', '.join(libraries)}", file=sys.stderr)


def main(binary, modules):
    with tempfile.TemporaryDirectory() as data:
        add_admin(binary, data)
        port = free_port()
        issuer = f"http://127.0.0.1:{port}"
        server = Server(binary, data, port, ["--public-url", issuer])
        askers = []
        try:
            askers = [Python(issuer), Node(issuer, modules)]
            token = server.login()
            ask_all(askers, cases(data, token), "at first")
            kid = server.rotate(token)
            new = server.login()
            header = jwt.get_unverified_header(new)
            check((header["kid"], header["alg"]) == (kid, "ES256"), "the new key signs")
            tokens = [case("a new token", new, True), case("a token of before", token, True)]
            ask_all(askers, tokens, "after a rotation")
        finally:
            for asker in askers:
                getattr(asker, "stop", lambda: None)()
            server.stop()


main(*sys.argv[1:])
