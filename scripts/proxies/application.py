"""The application behind the proxies. It answers 200 to everything, and keeps what it was asked."""

import http.server
import threading


class Seen:
    """A request that has come through."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    def values(self, *names):
        """Those of the headers that an application could take for one of these names."""
        return [value for key, value in self.headers if key.lower().replace("_", "-") in names]

    def value(self, name):
        return ", ".join(self.values(name))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(Seen(self.command, self.path, self.headers.items(), sent))
        body = b"the application"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        # Must not get lost where a proxy adds a cookie of Hallpass's.
        self.send_header("Set-Cookie", "application=1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A proxy may close a connection whenever it likes."""


class Application:
    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.seen = []
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """What has come since the last time."""
        seen, self.server.seen = self.server.seen, []
        return seen
