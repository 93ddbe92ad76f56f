"""What libraries of Python think of tokens, with nothing but what the server tells of itself."""

import jose.jwt
import jwt
import requests
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet

ALGORITHMS = ["ES256"]


def discovered(issuer):
    """Where the keys are, as the metadata of the issuer say (RFC 8414)."""
    metadata = requests.get(issuer + "/.well-known/oauth-authorization-server", timeout=10).json()
    if metadata["issuer"] != issuer:
        raise ValueError(f"the metadata are of {metadata['issuer']}, not {issuer}")
    return metadata["jwks_uri"]


def pyjwt(issuer, audience):
    keys = jwt.PyJWKClient(discovered(issuer), timeout=10)

    def verify(token):
        key = keys.get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=ALGORITHMS, issuer=issuer, audience=audience)

    return verify


def python_jose(issuer, audience):
    keys = requests.get(discovered(issuer), timeout=10).json()

    def verify(token):
        jose.jwt.decode(token, keys, algorithms=ALGORITHMS, issuer=issuer, audience=audience)

    return verify


def authlib(issuer, audience):
    keys = KeySet.import_key_set(requests.get(discovered(issuer), timeout=10).json())

    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return keys

    validator = Validator(issuer=issuer, resource_server=audience)

    def verify(token):
        claims = validator.authenticate_token(token)
        if claims is None:
            raise ValueError("not authenticated")
        validator.validate_token(claims, scopes=None, request=None)

    return verify


LIBRARIES = {"PyJWT": pyjwt, "python-jose": python_jose, "Authlib (RFC 9068)": authlib}
