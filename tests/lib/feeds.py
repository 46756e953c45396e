"""tests/lib/feeds.py: a server of calendars that may be as bad as a test wants: wrong, endless, looping, silent."""
import gzip
import http.server
import socket
import threading


class Feeds:
    """Serves what `pages` says by path: (status, headers, body bytes). Counts who asked for what in `hits`."""

    def __init__(self, checks):
        feeds = self
        self.pages, self.hits = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                feeds.hits.append(self.path)
                status, headers, body = feeds.pages.get(self.path, (404, {}, b"nothing here"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # Whoever asked had enough.

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # Whoever hung up in the middle meant to.

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        checks.at_end(self.server.shutdown)

    def set(self, path, body, status=200, **headers):
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = (status, {"Content-Type": "text/calendar", **{name.replace("_", "-"): value
                                                                         for name, value in headers.items()}}, content)
        return self.url + path

    def set_bomb(self, path, size):
        """A small body that unpacks to `size` bytes."""
        return self.set(path, gzip.compress(b" " * size), Content_Encoding="gzip")


class Silence:
    """Accepts connections, reads what comes, and never says a word."""

    def __init__(self, checks):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/feed.ics"
        self.accepted = threading.Semaphore(0)
        self.held = []
        threading.Thread(target=self._accept, daemon=True).start()
        checks.at_end(self.end)

    def _accept(self):
        while True:
            try:
                self.held.append(self.socket.accept()[0])
            except OSError:
                return
            self.accepted.release()

    def end(self):
        self.socket.close()
        for connection in self.held:
            connection.close()
