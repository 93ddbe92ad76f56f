"""gunicorn as its documentation advises for a service without a proxy in front that keeps
connections alive: worker processes with threads, on every core that it may run on."""

import os

cores = len(os.sched_getaffinity(0))

worker_class = "gthread"
workers = cores
threads = 4
# A closed connection per request would measure the handshake. As long as Hallpass's own.
keepalive = 30
backlog = 2048
# The tables and the key are made once; the workers are forked from there.
preload_app = True
loglevel = "warning"


def post_fork(server, worker):
    from app import app, db

    # A database connection must not cross a fork.
    with app.app_context():
        db.engine.dispose(close=False)


def when_ready(server):
    # As Hallpass does: the first line says where it listens, whatever port was asked for.
    host, port = server.LISTENERS[0].sock.getsockname()
    print(f"listening on http://{host}:{port}", flush=True)
