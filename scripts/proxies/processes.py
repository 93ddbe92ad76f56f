"""Programs of the test, ended with it."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

DEADLINE_S = 20


def fail(what):
    sys.exit(f"proxy-test: {what}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def without_settings():
    """The environment without the settings of whoever runs this."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HALLPASS_")}


class Process:
    """A program with its log in a file."""

    started = []

    def __init__(self, command, log, env=None, stdout=None):
        self.log = pathlib.Path(log)
        with open(log, "ab") as stderr:
            self.process = subprocess.Popen(
                command, stdout=stdout or stderr, stderr=stderr, env=env, start_new_session=True
            )
        self.started.append(self)

    def wait_until(self, is_ready):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end and self.process.poll() is None:
            if is_ready():
                return
            time.sleep(0.02)
        self.stop()
        fail(f"{self.process.args[0]} does not get ready; its log:\n{self.log.read_text()}")

    def stop(self):
        """Ends it and what it has started."""
        for number in signal.SIGTERM, signal.SIGKILL:
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(DEADLINE_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    @classmethod
    def stop_all(cls):
        while cls.started:
            cls.started.pop().stop()


class Hallpass:
    """The server, and its command line."""

    def __init__(self, binary, folder, *options):
        self.binary, self.data = binary, f"{folder}/data"
        self.options, self.log = options, f"{folder}/hallpass.log"
        self.cheap = ["--pbkdf2-iterations", "1000"]

    def start(self):
        command = [self.binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.data]
        self.running = Process(
            [*command, *self.cheap, *self.options], self.log, without_settings(), subprocess.PIPE
        )
        line = self.running.process.stdout.readline().decode()
        if not line.startswith("listening on http://127.0.0.1:"):
            fail(f"Hallpass does not start; its log:\n{self.running.log.read_text()}")
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self):
        self.running.stop()

    def add(self, name, password):
        self.command("user", "add", name, "--password-stdin", *self.cheap, input=password)

    def command(self, *arguments, input=None):
        done = subprocess.run(
            [self.binary, *arguments, "--data-dir", self.data],
            input=input, text=True, capture_output=True, env=without_settings(),
        )
        if done.returncode != 0:
            fail(f"hallpass {' '.join(arguments)}: {done.stderr}")
        return done.stdout
