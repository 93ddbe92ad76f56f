"""Exchanges tokens with PyJWT in both directions, for each algorithm with a key pair.

PyJWT signs with the server's own key and the server accepts it; the server signs and PyJWT verifies
through the JWKS, also what is signed after a rotation through the set cached before; old tokens
stay valid across a rotation and a restart with another algorithm.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import sys
import tempfile
import time
import uuid

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from server import AUDIENCE, ISSUER, Server, add_admin, check, private_keys, signed

CLAIMS = "iss sub aud exp iat nbf jti client_id sid username roles auth_time amr".split()
NEW_KEY = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}


def verified(server, token, algorithm):
    """What PyJWT says of a token, with nothing but the JWKS."""
    check(jwt.get_unverified_header(token)["typ"] == "at+jwt", "typ is at+jwt (RFC 9068)")
    key = server.jwks.get_signing_key_from_jwt(token)
    check(key.algorithm_name == algorithm, f"the JWK of {key.key_id} is for {algorithm}")
    options = {"require": CLAIMS}
    return jwt.decode(
        token, key, algorithms=[algorithm], issuer=ISSUER, audience=AUDIENCE, options=options
    )


def signed_with_public_key(claims, kid, secret):
    """HS256 with what everybody knows; PyJWT itself would not do that."""
    header = {"alg": "HS256", "kid": kid, "typ": "at+jwt"}
    message = b".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    mac = hmac.digest(secret, message, hashlib.sha256)
    return b".".join([message, encoded(mac)]).decode()


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def public_forms(private):
    """The public key in each form that somebody could take for a secret."""
    public, encodings = private.public_key(), serialization.Encoding
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    for encoding in (encodings.PEM, encodings.DER):
        yield public.public_bytes(encoding, info)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        yield public.public_bytes_raw()


def check_theirs(server, data, algorithm, claims):
    """The server takes what PyJWT signs, if it is signed with the right key and says the right."""
    (kid, stored, private), (next_kid, _, next_private) = private_keys(data)
    check(stored == algorithm, f"the current key is for {algorithm}, not {stored}")
    check(server.accepts(signed(claims, private, algorithm, kid)), "a token by PyJWT is accepted")
    now = int(time.time())
    for name, value in [
        ("exp", now - 1),
        ("nbf", now + 60),
        ("iss", "https://evil.example"),
        ("aud", "another"),
        ("sub", str(uuid.uuid4())),
        ("exp", None),
        ("sid", None),
    ]:
        token = signed(claims, private, algorithm, kid, **{name: value})
        check(not server.accepts(token), f"{name}: {value} is refused")
    wrong = signed(claims, NEW_KEY[algorithm](), algorithm, kid)
    check(not server.accepts(wrong), "another key under our kid is refused")
    early = signed(claims, next_private, algorithm, next_kid)
    check(not server.accepts(early), "the next key before a rotation is refused")
    unknown = signed(claims, private, algorithm, "nobody")
    check(not server.accepts(unknown), "an unknown kid is refused")
    check(not server.accepts(signed(claims, None, "none", kid)), "alg none is refused")
    for secret in public_forms(private):
        token = signed_with_public_key(claims, kid, secret)
        check(not server.accepts(token), "HS256 with the public key is refused")


def check_all(server, tokens):
    for token, algorithm in tokens:
        check(server.accepts(token), f"the server accepts its own {algorithm} token")
        verified(server, token, algorithm)


def main(binary):
    """Each algorithm takes over the directory of the one before."""
    tokens = []
    with tempfile.TemporaryDirectory() as data:
        add_admin(binary, data)
        for algorithm in NEW_KEY:
            server = Server(binary, data, 0, ["--alg", algorithm])
            # It caches the set, and by default asks again for a key that it does not know only after
            # 30 s, so a rotation must not come as a surprise.
            server.jwks = jwt.PyJWKClient(server.url + "/.well-known/jwks.json", timeout=10)
            with contextlib.ExitStack() as at_end:
                at_end.callback(server.stop)
                token = server.login()
                tokens.append((token, algorithm))
                check_all(server, tokens)
                claims = verified(server, token, algorithm)
                check_theirs(server, data, algorithm, claims)
                cached = [key.key_id for key in server.jwks.get_jwk_set().keys]
                kid = server.rotate(token)
                check(kid == cached[1], "the key that was published as the next one signs")
                tokens.append((server.login(), algorithm))
                check(jwt.get_unverified_header(tokens[-1][0])["kid"] == kid, "the new key signs")
                check_all(server, tokens)
                still = [key.key_id for key in server.jwks.get_jwk_set().keys]
                check(still == cached, "PyJWT has verified it all with the set from before")
            print(f"{algorithm}: {len(tokens)} tokens verify", file=sys.stderr)


main(sys.argv[1])
