"""Fresh logins for the operations that end the session of their caller.

Every case gets an account of its own, with a session of its own. Where a case is to be accepted,
it is pointed at that account: a generated id or password would only ever meet a 404 or a 401.
"""

import base64
import hashlib
import hmac
import itertools
import os
import time

import requests
import schemathesis

URL = os.environ["CONTRACT_URL"]
ADMIN = {"Authorization": f"Bearer {os.environ['CONTRACT_TOKEN']}"}
COOKIE = "__Host-hallpass-refresh"
PASSWORD = "correct horse battery staple"

http = requests.Session()
numbers = itertools.count()
accounts = {}


class Account:
    def __init__(self):
        credentials = {"username": f"account{next(numbers)}", "password": PASSWORD}
        self.credentials = credentials
        call("POST", "/api/register", json=credentials)
        answer = call("POST", "/api/login", json=credentials)
        self.cookie = answer.cookies[COOKIE]
        http.cookies.clear()
        self.token = answer.json()["access_token"]
        self.user = answer.json()["user"]["id"]

    def call(self, method, path, **arguments):
        return call(method, path, headers={"Authorization": f"Bearer {self.token}"}, **arguments)

    def session(self):
        return self.call("GET", "/api/verify").json()["sid"]

    def begin_totp(self):
        self.secret = self.call("POST", "/api/me/totp").json()["secret"]

    def set_up_totp(self):
        self.begin_totp()
        self.call("POST", "/api/me/totp/confirm", json={"code": self.code()})

    def code(self, later=0):
        """The one-time code of now, or so many steps later (RFC 6238)."""
        step = (int(time.time()) // 30 + later).to_bytes(8, "big")
        digest = hmac.digest(base64.b32decode(self.secret), step, hashlib.sha1)
        offset = digest[-1] & 15
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
        return f"{number % 1000000:06}"

    def challenge(self):
        answer = http.post(URL + "/api/login", json=self.credentials, timeout=10)
        return answer.json()["challenge"]

    def make_admin(self):
        path = f"/api/admin/users/{self.user}"
        call("PATCH", path, headers=ADMIN, json={"roles": ["admin"]})

    def reset_token(self):
        path = f"/api/admin/users/{self.user}/reset"
        return call("POST", path, headers=ADMIN).json()["url"].partition("#")[2]


def call(method, path, **arguments):
    answer = http.request(method, URL + path, timeout=10, **arguments)
    answer.raise_for_status()
    return answer


@schemathesis.auth(refresh_interval=None)
class FreshLogin:
    def get(self, case, _):
        account = Account()
        if case.operation.path.startswith("/api/admin/"):
            account.make_admin()
        accounts[account.token] = account
        return account

    def set(self, case, account, _):
        if case.operation.path == "/api/refresh":
            case.cookies = {**(case.cookies or {}), COOKIE: account.cookie}
            case.headers["Sec-Fetch-Site"] = "same-origin"
        else:
            case.headers["Authorization"] = f"Bearer {account.token}"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    path, body = case.operation.path, case.body
    if path == "/api/password-reset":
        body["token"] = Account().reset_token()
        return
    if path == "/api/login/second-factor":
        account = Account()
        account.set_up_totp()
        # The code of now is used up.
        case.body = {"challenge": account.challenge(), "totp": account.code(later=1)}
        return
    _scheme, _, token = case.headers.get("Authorization", "").partition(" ")
    account = accounts.get(token)
    if account is None:
        return
    if path == "/api/me/sessions/{id}":
        case.path_parameters["id"] = account.session()
    elif path.startswith("/api/admin/users/{id}"):
        case.path_parameters["id"] = account.user
    elif path == "/api/me/totp/confirm":
        account.begin_totp()
        body["code"] = account.code()
    elif path == "/api/me/recovery-codes":
        account.set_up_totp()
    elif path == "/api/me/password":
        body["current_password"] = PASSWORD
    elif path == "/api/me/reauthenticate":
        case.body = {"password": PASSWORD}
