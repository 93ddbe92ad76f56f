"""Moves a Django project and a Flask app to Hallpass: 50 users each, with hashes of all kinds.

Whoever had a password signs in with it, and gets a hash of ours by that. Whoever had none, or one
whose hash is refused, gets in by a reset link. Whoever was shut out stays out. What is exported in
the end imports again.
"""

import contextlib
import csv
import hashlib
import hmac
import io
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import urllib.parse

import argon2
import bcrypt
import django
import flask
import passlib.hash
import server
from django.conf import settings
from werkzeug.security import check_password_hash, generate_password_hash

USERS = 50
ADMIN, NEW = "root", "tulip anvil copper midnight"
HASHERS = "django.contrib.auth.hashers."


def password(n):
    return f"correct horse battery staple {n}"


def check(holds, what):
    if not holds:
        sys.exit(f"interop-test: does not hold: {what}")


def hallpass(binary, data, *args, fails=False, text=None):
    """What a command writes to standard output and to standard error."""
    command = [binary, *args, "--data-dir", data]
    environment = server.without_settings()
    done = subprocess.run(command, capture_output=True, text=True, input=text, env=environment)
    check(bool(done.returncode) == fails, f"{command} ends well or not: {done.stderr}")
    return done.stdout, done.stderr


class Server(server.Server):
    """The server, running on a data directory."""

    def __init__(self, binary, data):
        cheap = ["--login-throttle", "off", "--pbkdf2-iterations", "1000"]
        super().__init__(binary, data, 0, cheap)

    def login(self, name, secret):
        """The access token; none if the server refuses."""
        body = {"username": name, "password": secret}
        status, answer, _ = self.answer("POST", "/api/login", body=body)
        check(status in (200, 401), f"login of {name}: {status} {answer}")
        return answer.get("access_token")

    def ids(self, token):
        """The ids of all users by their names."""
        after, ids = "", {}
        while after is not None:
            path = f"/api/admin/users?limit=100{after and '&after=' + after}"
            _, page, _ = self.answer("GET", path, token)
            ids |= {user["username"]: user["id"] for user in page["users"]}
            after = page["next"]
        return ids

    def reset(self, user, token):
        """Makes a reset link and sets a new password with it."""
        status, link, _ = self.answer("POST", f"/api/admin/users/{user}/reset", token)
        check(status == 200, f"a reset link: {status} {link}")
        secret = link["url"].split("#")[1]
        body = {"token": secret, "new_password": NEW}
        status, answer, _ = self.answer("POST", "/api/password-reset", body=body)
        check(status == 204, f"a new password by the link: {status} {answer}")


def django_project(folder):
    """A project with users of all of Django's hashers. Returns the table and how each gets in."""
    file = str(folder / "site.sqlite3")
    names = ["PBKDF2", "PBKDF2SHA1", "BCryptSHA256", "BCrypt", "Argon2", "Scrypt", "MD5"]
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        PASSWORD_HASHERS=[f"{HASHERS}{name}PasswordHasher" for name in names],
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth import hashers
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    kinds = [hasher.algorithm for hasher in hashers.get_hashers()]
    # The dearest hash makes all logins as slow as its own.
    cheap = {"iterations": 1000, "rounds": 4, "time_cost": 1, "memory_cost": 1024}
    cheap["work_factor"] = 1024
    for hasher in hashers.get_hashers():
        for name in cheap.keys() & set(dir(hasher)):
            setattr(hasher, name, cheap[name])
    ways = {}
    for n in range(USERS):
        kind = [*kinds, "unusable"][n % 8]
        name = ["dj", "two words", "e" * 100 + "@example.org", f"Zoë.{n}"][n] if n < 4 else f"d{n}"
        user = User.objects.create_user(name, is_active=n % 10 != 9, is_superuser=n == 16)
        if kind == "unusable":
            user.set_unusable_password()
        else:
            user.password = hashers.make_password(password(n), hasher=kind)
        user.save()
        known = kind not in ("md5", "unusable")
        ways[name] = "out" if n % 10 == 9 else "password" if known else "link"
        if known and user.is_active:
            # Not `authenticate`, which makes each hash one of the first kind.
            right = hashers.check_password(password(n), user.password)
            check(right, f"Django signs {name} in")
    return table(file, "SELECT * FROM auth_user"), ways


def flask_app(folder):
    """An app with users of many hashes. Returns the table and how each gets in."""
    file = str(folder / "app.sqlite3")
    users = sqlite3.connect(file)
    users.execute("CREATE TABLE user (username, password_hash, created_at, is_active)")
    app = flask.Flask(__name__)

    @app.post("/login")
    def login():
        form = flask.request.form
        query = "SELECT password_hash FROM user WHERE username = ?"
        stored = users.execute(query, [form["username"]]).fetchone()[0]
        return "", 204 if check_password_hash(stored, form["password"]) else 401

    old = "Wq1xK8dP"
    kinds = [
        lambda secret: generate_password_hash(secret, "scrypt:1024:8:1"),
        lambda secret: generate_password_hash(secret, "pbkdf2:sha256:1000"),
        lambda secret: generate_password_hash(secret, "pbkdf2:sha1:1000"),
        # What Werkzeug wrote before version 2.3.
        lambda secret: f"sha256${old}$"
        + hmac.new(old.encode(), secret.encode(), "sha256").hexdigest(),
        passlib.hash.pbkdf2_sha256.using(rounds=1000).hash,
        passlib.hash.pbkdf2_sha512.using(rounds=1000).hash,
        passlib.hash.scrypt.using(rounds=8).hash,
        argon2.PasswordHasher(1, 1024, 1).hash,
        lambda secret: bcrypt.hashpw(secret.encode(), bcrypt.gensalt(4)).decode(),
        lambda secret: bcrypt.hashpw(secret.encode(), bcrypt.gensalt(4, b"2a")).decode(),
        lambda secret: hashlib.md5(secret.encode()).hexdigest(),
        lambda secret: None,
    ]
    ways = {}
    for n in range(USERS):
        kind = n % len(kinds)
        name = ["f", "three small words", "漢字かな", "Straße 7"][n] if n < 4 else f"f{n}"
        row = [name, kinds[kind](password(n)), "2024-02-29 12:00:00.123456", n % 10 != 9]
        users.execute("INSERT INTO user VALUES (?, ?, ?, ?)", row)
        ways[name] = "out" if n % 10 == 9 else "password" if kind < 10 else "link"
        if kind < 3:
            form = {"username": name, "password": password(n)}
            answer = app.test_client().post("/login", data=form)
            check(answer.status_code == 204, f"Flask signs {name} in")
    users.commit()
    columns = "username, password_hash, created_at, NOT is_active AS disabled"
    return table(file, f"SELECT {columns} FROM user"), ways


def table(file, query):
    """What `sqlite3 -header -csv` writes."""
    rows, text = sqlite3.connect(file).execute(query), io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column[0] for column in rows.description)
    writer.writerows(rows)
    return text.getvalue()


def moved(binary, data, file, recognized):
    """Imports a file, and what it is refused for as well. Returns what was said."""
    out, told = hallpass(binary, data, "user", "import", "--dry-run", file, fails=True)
    check(out.startswith("would import ") and "nothing was changed" in told, f"{out} {told}")
    check(recognized in told, f"it is recognized: {told}")
    complaints = [line for line in told.splitlines() if "MD5" in line]
    check(len(complaints) == 1, f"equal complaints are one: {told}")
    before, _ = hallpass(binary, data, "user", "export")
    check(len(before.splitlines()) in (2, 2 + USERS), "a rehearsal changes nothing")
    real, _ = hallpass(binary, data, "user", "import", file, fails=True)
    check(real == out.replace("would import", "imported"), f"it was foretold: {out} {real}")
    out, told = hallpass(binary, data, "user", "import", "--without-refused-hashes", file)
    check(", bad 0" in out and "reset link" in told, f"all are there: {out} {told}")
    return told


def sign_all_in(server, ways, admin):
    """Each user gets in as expected."""
    ids = server.ids(admin)
    for n, (name, way) in enumerate(ways.items()):
        token = server.login(name, password(n))
        check(bool(token) == (way == "password"), f"{name} signs in: {way}")
        if way == "link":
            server.reset(ids[name], admin)
            token = server.login(name, NEW)
            check(token, f"{name} signs in after a reset")
        if token:
            right = password(n) if way == "password" else NEW
            check(n > 5 or server.login(name.upper(), right), f"{name} signs in in capitals")
            status, verified, headers = server.answer("GET", "/api/verify", token)
            check(status == 200 and verified["username"] == name, f"{name} is verified")
            shown = headers["X-Auth-Username"]
            check(" " not in shown and urllib.parse.unquote(shown) == name, f"{name}: {shown}")


def main(binary):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as at_end:
        folder = pathlib.Path(folder)
        data, other = str(folder / "data"), str(folder / "other")
        add = ["user", "add", ADMIN, "--role", "admin", "--password-stdin"]
        hallpass(binary, data, *add, text=NEW)
        site, django_ways = django_project(folder)
        (folder / "site.csv").write_text(site, "utf-8")
        app, flask_ways = flask_app(folder)
        # As a spreadsheet saves it.
        (folder / "app.csv").write_text(app, "utf-16")
        moved(binary, data, str(folder / "site.csv"), "the table auth_user of Django")
        server = Server(binary, data)
        at_end.callback(server.stop)
        moved(binary, data, str(folder / "app.csv"), "CSV with the columns of hallpass")
        for ways in django_ways, flask_ways:
            sign_all_in(server, ways, server.login(ADMIN, NEW))
        exported, _ = hallpass(binary, data, "user", "export")
        for row in csv.DictReader(io.StringIO(exported)):
            ours = row["password_hash"].startswith("$pbkdf2-sha256$i=")
            way = (django_ways | flask_ways).get(row["username"])
            check(ours or way == "out", f"{row['username']} has a hash of ours")
        (folder / "all.csv").write_text(exported, "utf-8")
        out, _ = hallpass(binary, other, "user", "import", str(folder / "all.csv"))
        check(out == f"imported {2 * USERS + 1}, already there 0, bad 0\n", f"it imports: {out}")
        again, _ = hallpass(binary, other, "user", "export")
        # Users of the same moment have no order.
        same = sorted(again.splitlines()) == sorted(exported.splitlines())
        check(same, "it is the same again")
    counts = f"{len(django_ways)} users of Django and {len(flask_ways)} of Flask"
    print(f"{counts} moved", file=sys.stderr)


main(sys.argv[1])
