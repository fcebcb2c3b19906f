"""What HTTP/2 lets a server do to a client (W-03)."""

import h2.errors
from hyperframe.frame import GoAwayFrame

from behaviour import After, Before
from message import Response


def _wired(f):
    response = Response()
    response.wire = f
    return response


def goaway(last_id_includes_us):
    """GOAWAY while our request is under way; no answer."""
    def wire(connection, response, request):
        h2c = request.http2
        last = request.stream if last_id_includes_us else max(request.stream - 2, 0)
        h2c.h2.close_connection(h2.errors.ErrorCodes.NO_ERROR, last_stream_id=last)
        h2c.flush()
        return False
    return Before(lambda ex: _wired(wire))


def goaway_then_answer():
    """A polite server: GOAWAY with our id, then the answer, then the end."""
    def after(ex, response):
        def wire(connection, response, request):
            h2c = request.http2
            response.wire = None
            h2c.flush()
            frame = GoAwayFrame(0)
            frame.last_stream_id = request.stream
            connection.send(frame.serialize())
            h2c.send(request.stream, response, request)
            h2c.flush()
            return False
        response.wire = wire
        return response
    return After(after)


def reset_stream(code):
    """RST_STREAM instead of an answer; the connection lives."""
    def wire(connection, response, request):
        request.http2.h2.reset_stream(request.stream, code)
        request.http2.flush()
        return True
    return Before(lambda ex: _wired(wire))


REFUSED, INTERNAL, ENHANCE = (h2.errors.ErrorCodes.REFUSED_STREAM, h2.errors.ErrorCodes.INTERNAL_ERROR,
                              h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)


def _before_answer(octets):
    def after(ex, response):
        def wire(connection, response, request):
            response.wire = None
            request.http2.flush()
            connection.send(octets)
            request.http2.send(request.stream, response, request)
            return True
        response.wire = wire
        return response
    return After(after)


def settings_flood():
    return _before_answer(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) * 5000)


def ping_flood():
    return _before_answer(bytes([0, 0, 8, 6, 0, 0, 0, 0, 0]) + b"12345678" * 1)


def garbage_frame():
    """A frame larger than allowed."""
    def wire(connection, response, request):
        connection.send(bytes([0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, request.stream & 0xFF]) + b"x" * 65536)
        return False
    return Before(lambda ex: _wired(wire))


def close_between():
    """A good answer, and the connection is closed behind it."""
    def after(ex, response):
        def wire(connection, response, request):
            response.wire = None
            request.http2.send(request.stream, response, request)
            request.http2.flush()
            return False
        response.wire = wire
        return response
    return After(after)
