"""Programs of the test, ended with it."""

import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

DEADLINE_S = 20


def fail(what):
    sys.exit(f"proxy-test: {what}")


def free_port():
    """One that no connection gets by chance before somebody listens there."""
    for port in random.sample(range(20000, 30000), 100):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    fail("there is no free port")


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
        self.cheap, self.port = ["--pbkdf2-iterations", "1000"], free_port()

    def start(self, *options):
        """Each time on the same port."""
        command = [
            self.binary,
            "serve",
            "--listen",
            f"127.0.0.1:{self.port}",
            "--data-dir",
            self.data,
        ]
        command += [*self.cheap, *self.options, *options]
        self.running = Process(command, self.log, without_settings(), subprocess.PIPE)
        line = self.running.process.stdout.readline().decode()
        if not line.startswith("listening on "):
            fail(f"Hallpass does not start; its log:\n{self.running.log.read_text()}")

    def stop(self):
        self.running.stop()

    def add(self, name, password):
        self.command("user", "add", name, "--password-stdin", *self.cheap, input=password)

    def command(self, *arguments, input=None):
        done = subprocess.run(
            [self.binary, *arguments, "--data-dir", self.data],
            input=input,
            text=True,
            capture_output=True,
            env=without_settings(),
        )
        if done.returncode != 0:
            fail(f"hallpass {' '.join(arguments)}: {done.stderr}")
        return done.stdout
