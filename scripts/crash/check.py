"""Crashes a server again and again, and looks whether it kept what it had acknowledged.

Each client has accounts of its own and knows what the server has promised about them. An answer that
never came promises nothing: then both outcomes are allowed, and no third one.
"""

import argparse
import http.client
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 6
KINDS = ["kill", "power", "disk"]
SECTOR = 512


class NoAnswer(Exception):
    """The server was killed before it answered, or could not do it."""


class Server:
    """A server on the directory, and the disk under it."""

    def __init__(self, args, home):
        self.args, self.home = args, home
        self.dir = os.path.join(home, "data")
        self.database = os.path.join(self.dir, "hallpass.redb")
        self.journal = os.path.join(home, "journal")
        self.broken = os.path.join(home, "broken")
        self.log = open(os.path.join(home, "log"), "w")

    def start(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HALLPASS_")}
        environment |= {
            "LD_PRELOAD": self.args.shim,
            "CRASH_DATABASE": self.database,
            "CRASH_JOURNAL": self.journal,
            "CRASH_BROKEN": self.broken,
        }
        command = [
            self.args.server, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.dir,
            "--pbkdf2-iterations", "1", "--login-throttle", "off",
        ]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", line)
        if not found:
            fail(f"the server did not start: {line!r}; its log is {self.log.name}")
        self.port = int(found[1])

    def crash(self, kind):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if kind != "kill":
            cut_power(self.database, self.journal)
        for path in [self.journal, self.broken]:
            if os.path.exists(path):
                os.remove(path)

    def break_disk(self):
        open(self.broken, "w").close()


def cut_power(database, journal):
    """Makes of the file what a power cut may leave: of the writes that were not synced, some."""
    if not os.path.exists(journal):
        return
    records = list(read_journal(journal))
    with open(database, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for offset, old, new in reversed(records):
            old += bytes(len(new) - len(old))
            file.seek(offset)
            file.write(old[: max(0, size - offset)])
        for offset, _, new in records:
            chance = random.random()
            if chance < 0.4:
                continue
            if chance < 0.6:
                new = new[: random.randrange(len(new) + 1) // SECTOR * SECTOR]
            file.seek(offset)
            file.write(new[: max(0, size - offset)])


def read_journal(path):
    with open(path, "rb") as file:
        text = file.read()
    at = 0
    while at + 24 <= len(text):
        offset, old, new = struct.unpack_from("=QQQ", text, at)
        at += 24
        if at + old + new > len(text):
            return
        yield offset, text[at : at + old], text[at + old : at + old + new]
        at += old + new


class Session:
    """A session as the server has promised it."""

    def __init__(self, token, cookie):
        self.token, self.cookie = token, cookie
        # "open", "ended", or "either" after a sign-out without an answer.
        self.state = "open"


class Account:
    def __init__(self, name, password):
        self.name, self.sessions = name, []
        # More than one after a change without an answer.
        self.passwords = [password]
        self.is_certain = False


class Client:
    """Somebody with accounts of their own."""

    def __init__(self, number, server):
        self.number, self.server, self.count = number, server, 0
        self.accounts = []
        self.acknowledged = 0

    def ask(self, method, path, body=None, token=None, cookie=None):
        headers = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if cookie:
            headers["cookie"] = cookie
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer from error
        finally:
            connection.close()
        if answer.status >= 500:
            raise NoAnswer
        return answer.status, answer.headers, json.loads(text) if text else None

    def work(self, stop):
        """Does this and that until the server is gone."""
        while not stop.is_set():
            try:
                self.step()
            except NoAnswer:
                if self.server.process.poll() is not None or not os.path.exists(self.server.broken):
                    return

    def step(self):
        certain = [account for account in self.accounts if account.is_certain]
        if not certain or random.random() < 0.15:
            return self.register()
        account = random.choice(certain)
        live = [session for session in account.sessions if session.state == "open"]
        if not live or random.random() < 0.2:
            return self.sign_in(account)
        act = random.choice([self.refresh, self.refresh, self.sign_out, self.change_password])
        act(account, random.choice(live))

    def register(self):
        self.count += 1
        account = Account(f"user-{self.number}-{self.count}", f"a long password {self.count}")
        self.accounts.append(account)
        body = {"username": account.name, "password": account.passwords[0]}
        status, _, _ = self.ask("POST", "/api/register", body)
        expect(status == 201, f"{status} at the registration of {account.name}")
        account.is_certain = True
        self.acknowledged += 1

    def sign_in(self, account):
        status, headers, answer = self.ask(
            "POST", "/api/login", {"username": account.name, "password": account.passwords[0]}
        )
        expect(status == 200, f"{status} at the login of {account.name}")
        account.sessions.append(Session(answer["access_token"], cookie_of(headers)))
        # The server ends the oldest ones of many.
        del account.sessions[:-5]
        self.acknowledged += 1

    def refresh(self, account, session):
        status, headers, answer = self.ask("POST", "/api/refresh", cookie=session.cookie)
        expect(status == 200, f"{status} at a refresh of {account.name}")
        session.token, session.cookie = answer["access_token"], cookie_of(headers)
        self.acknowledged += 1

    def sign_out(self, account, session):
        session.state = "either"
        status, _, _ = self.ask("POST", "/api/logout", token=session.token)
        expect(status == 204, f"{status} at a sign-out of {account.name}")
        session.state = "ended"
        self.acknowledged += 1

    def change_password(self, account, session):
        self.count += 1
        new, others = f"another password {self.count}", [s for s in account.sessions if s is not session]
        before = [s.state for s in others]
        for other, state in zip(others, before):
            other.state = "ended" if state == "ended" else "either"
        account.passwords.append(new)
        body = {"current_password": account.passwords[0], "new_password": new}
        status, _, _ = self.ask("POST", "/api/me/password", body, token=session.token)
        expect(status == 204, f"{status} at a change of password of {account.name}")
        account.passwords = [new]
        for other in others:
            other.state = "ended"
        self.acknowledged += 1

    def check(self):
        """After a crash: is all as it was promised?"""
        for account in self.accounts:
            self.check_account(account)
            for session in account.sessions:
                self.check_session(account, session)
            account.sessions = [session for session in account.sessions if session.state == "open"]
        self.accounts = [account for account in self.accounts if account.is_certain]
        # The check takes longer with each of them.
        del self.accounts[:-8]

    def check_account(self, account):
        for password in account.passwords:
            status, headers, answer = self.ask(
                "POST", "/api/login", {"username": account.name, "password": password}
            )
            if status == 200:
                account.passwords, account.is_certain = [password], True
                self.ask("POST", "/api/logout", token=answer["access_token"])
                return
        expect(not account.is_certain, f"{account.name} is gone, or has another password")

    def check_session(self, account, session):
        status, _, _ = self.ask("GET", "/api/verify", token=session.token)
        is_open = status == 200
        expect(session.state != "open" or is_open, f"a session of {account.name} is gone")
        expect(session.state != "ended" or not is_open, f"a session of {account.name} is back")
        status, headers, answer = self.ask("POST", "/api/refresh", cookie=session.cookie)
        expect((status == 200) == is_open, f"{status} at a refresh of {account.name} after a crash")
        session.state = "open" if is_open else "ended"
        if is_open:
            session.token, session.cookie = answer["access_token"], cookie_of(headers)


def cookie_of(headers):
    return headers["set-cookie"].split(";")[0]


LOST = []


def expect(is_so, complaint):
    if not is_so:
        LOST.append(complaint)


def fail(message):
    print(f"crash-test: {message}", file=sys.stderr)
    sys.exit(1)


def run_round(server, clients, kind):
    stop = threading.Event()
    workers = [threading.Thread(target=client.work, args=[stop]) for client in clients]
    for worker in workers:
        worker.start()
    time.sleep(random.uniform(0.05, 0.8))
    if kind == "disk":
        server.break_disk()
        time.sleep(random.uniform(0.05, 0.3))
    server.crash(kind)
    stop.set()
    for worker in workers:
        worker.join()
    server.start()
    for client in clients:
        client.check()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory(prefix="hallpass-crash-", ignore_cleanup_errors=True) as home:
        server = Server(args, home)
        clients = [Client(number, server) for number in range(CLIENTS)]
        server.start()
        try:
            for number in range(args.rounds):
                kind = KINDS[number % len(KINDS)]
                run_round(server, clients, kind)
                if LOST:
                    kept = tempfile.mkdtemp(prefix="hallpass-crash-kept-")
                    os.rename(server.dir, os.path.join(kept, "data"))
                    fail(
                        f"round {number + 1} ({kind}), --seed {args.seed}: {LOST[0]}, and "
                        f"{len(LOST) - 1} more; the data is in {kept}"
                    )
        finally:
            server.process.kill()
            server.process.wait()
    total = sum(client.acknowledged for client in clients)
    print(f"{args.rounds} crashes, {total} acknowledged writes, none lost")


if __name__ == "__main__":
    main()
