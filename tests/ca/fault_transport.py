"""What happens to octets: reset, stalled, slow, cut, too many (W-01, W-04, W-05)."""

import gzip
import threading

import http1
from behaviour import After, Before, Connect
from clock import Over
from message import Response

MIB = 1024 * 1024
NEVER = 400 * 86400


def _wired(f):
    """A response that f(connection, response, request) sends; True: the connection goes on."""
    response = Response()
    response.wire = f
    return response


def _end_by(f):
    def wire(connection, response, request):
        f(connection)
        return False
    return wire


def reset_before():
    """The request never arrives."""
    return Before(lambda ex: _wired(_end_by(lambda c: c.reset())))


def reset_after():
    """It does, and the answer is lost."""
    return After(lambda ex, response: _wired(_end_by(lambda c: c.reset())))


def half_close():
    return Before(lambda ex: _wired(_end_by(lambda c: (c.half_close(), c.sleep(5)))))


def stall():
    """Not a single octet comes back."""
    return Before(lambda ex: _wired(_end_by(lambda c: c.sleep(NEVER))))


def stall_after():
    return After(lambda ex, response: _wired(_end_by(lambda c: c.sleep(NEVER))))


def _reopen_later(server, clock, seconds):
    def wait():
        try:
            with clock.busy():
                clock.sleep(seconds)
        except Over:
            pass
        server.open()
    threading.Thread(target=wait, daemon=True).start()


def refuse_connections(seconds):
    """From this request on nobody listens, for a while."""
    def before(ex):
        server = ex.connection.server
        server.shut()
        _reopen_later(server, server.clock, seconds)
        return _wired(_end_by(lambda c: c.reset()))
    return Before(before)


def reset_on_accept():
    def connect(connection):
        connection.reset()
        return False
    return Connect(connect)


def handshake_stall():
    def connect(connection):
        connection.sleep(NEVER)
        return False
    return Connect(connect)


def handshake_alert():
    """A fatal alert in place of ServerHello."""
    def connect(connection):
        connection.raw.recv(4096)
        connection.raw.sendall(bytes([21, 3, 3, 0, 2, 2, 40]))
        connection.close()
        return False
    return Connect(connect)


def handshake_garbage():
    def connect(connection):
        connection.raw.recv(4096)
        connection.raw.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\nthis is no TLS")
        connection.close()
        return False
    return Connect(connect)


def _octets(response):
    return http1.head_of(response), response.body


def _slowly(connection, data, gap=5):
    for i in range(len(data)):
        if connection.gone():
            return
        connection.send(data[i:i + 1])
        connection.sleep(gap)


def slow(part):
    """One octet per five seconds in the status line, the header or the body."""
    def wire(connection, response, request):
        head, body = _octets(response)
        start = {"status line": 0, "header": head.index(b"\r\n") + 4, "body": len(head)}[part]
        data = head + body
        connection.send(data[:start])
        _slowly(connection, data[start:])
        return False

    def after(ex, response):
        response.wire = wire
        return response
    return After(after)


def sent_as(f):
    """f(connection, head, body) sends the good answer in its own way; the connection ends behind it."""
    def wire(connection, response, request):
        f(connection, *_octets(response))
        return False

    def after(ex, response):
        response.wire = wire
        return response
    return After(after)


def cut_body():
    """Closed in the middle of the body, without close_notify."""
    return sent_as(lambda c, head, body: c.send(head + body[:len(body) // 2]))


def reset_at(share):
    """Reset after this share of the answer."""
    def send(connection, head, body):
        data = head + body
        connection.send(data[:int(len(data) * share)])
        connection.reset()
    return sent_as(send)


def length_lie(difference):
    def wire(connection, response, request):
        connection.send(http1.head_of(response, length=len(response.body) + difference) + response.body)
        return False

    def after(ex, response):
        response.wire = wire
        return response
    return After(after)


def endless_headers():
    def send(connection, head, body):
        connection.send(head[:-2])
        for i in range(20000):
            connection.send(b"X-Filler-%d: %s\r\n" % (i, b"x" * 200))
    return sent_as(send)


def only_continue():
    def send(connection, head, body):
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sleep(NEVER)
    return sent_as(send)


def many_continues():
    def send(connection, head, body):
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + head + body)
    return sent_as(send)


def _chunked_head(head):
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"content-length")]
    return b"\r\n".join(lines) + b"\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked_endless():
    def send(connection, head, body):
        connection.send(_chunked_head(head))
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        for _ in range(1000):
            connection.send(chunk)
    return sent_as(send)


def chunked_good():
    def send(connection, head, body):
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7))
        connection.send(_chunked_head(head) + pieces + b"0\r\n\r\n")
    return sent_as(send)


def chunked_cut():
    def send(connection, head, body):
        connection.send(_chunked_head(head) + b"%x\r\n%s\r\n" % (len(body), body))
    return sent_as(send)


def chunked_garbage():
    return sent_as(lambda c, head, body: c.send(_chunked_head(head) + b"zz\r\n" + body))


def huge_body(size=3 * MIB):
    def after(ex, response):
        response.body = b'{"filler": "' + b"x" * size + b'"}'
        return response
    return After(after)


def gzip_bomb():
    def after(ex, response):
        response.body = gzip.compress(b" " * (50 * MIB))
        return response.set("Content-Encoding", "gzip")
    return After(after)


def huge_header(size=MIB):
    return After(lambda ex, response: response.set("X-Filler", "x" * size))


def http10():
    def wire(connection, response, request):
        connection.send(http1.head_of(response, length="none", version="1.0") + response.body)
        return False

    def after(ex, response):
        response.wire = wire
        return response
    return After(after)


def connection_close():
    return After(lambda ex, response: response.set("Connection", "close"))


def silent_close():
    """A good answer, and then the connection is gone without a word."""
    def wire(connection, response, request):
        connection.send(http1.head_of(response) + (b"" if request.method == "HEAD" else response.body))
        return False

    def after(ex, response):
        response.wire = wire
        return response
    return After(after)


def no_status_line():
    return sent_as(lambda c, head, body: c.send(b"220 mail.example.org ESMTP\r\n" + body))


