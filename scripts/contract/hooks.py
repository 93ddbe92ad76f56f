"""Fresh logins for the operations that end the session of their caller.

Every case gets an account of its own, with a session of its own. Where a case is to be accepted,
it is pointed at that account: a generated id or password would only ever meet a 404 or a 401.
"""

import itertools
import os

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
        call("POST", "/api/register", json=credentials)
        answer = call("POST", "/api/login", json=credentials)
        self.cookie = answer.cookies[COOKIE]
        http.cookies.clear()
        self.token = answer.json()["access_token"]
        self.user = answer.json()["user"]["id"]

    def session(self):
        bearer = {"Authorization": f"Bearer {self.token}"}
        return call("GET", "/api/verify", headers=bearer).json()["sid"]

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
    _scheme, _, token = case.headers.get("Authorization", "").partition(" ")
    account = accounts.get(token)
    if account is None:
        return
    if path == "/api/me/sessions/{id}":
        case.path_parameters["id"] = account.session()
    elif path.startswith("/api/admin/users/{id}"):
        case.path_parameters["id"] = account.user
    elif path == "/api/me/password":
        body["current_password"] = PASSWORD
    elif path == "/api/me/reauthenticate":
        body["password"] = PASSWORD
