"""HTTP/2 over one connection, on Debian's python3-h2."""

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from message import Request


class Stream:
    def __init__(self, headers):
        self.headers = dict(headers)
        self.body = b""


class Http2:
    """The frames of one connection. Faults of tests/ca/fault_http2.py work on its members."""

    def __init__(self, connection, respond):
        self.connection, self.respond = connection, respond
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False,
                                           normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.streams, self.queued = {}, {}
        self.over = False

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.connection.send(data)

    def serve(self):
        self.h2.initiate_connection()
        self.flush()
        while not self.over:
            data = self.connection.receive()
            if not data:
                return
            try:
                events = self.h2.receive_data(data)
            except h2.exceptions.ProtocolError:
                self.flush()
                return
            for event in events:
                self._on_event(event)
            self.flush()

    def _on_event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.streams[event.stream_id] = Stream(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.streams[event.stream_id].body += event.data
        elif isinstance(event, h2.events.StreamEnded):
            self._on_request(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.queued.pop(event.stream_id, None)
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            for stream in list(self.queued):
                self._send_body(stream)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.over = True

    def _on_request(self, number):
        stream = self.streams.pop(number)
        headers = {name.lstrip(":") if name != ":authority" else "host": value for name, value in stream.headers.items()}
        request = Request(headers.pop("method"), headers.pop("path"), headers, stream.body, "2")
        request.stream, request.http2 = number, self
        response = self.respond(request, self.connection)
        if response.wire:
            self.over = not response.wire(self.connection, response, request)
            return
        self.send(number, response, request)

    def send(self, number, response, request):
        fields = [(":status", str(response.status))] + [(n.lower(), v) for n, v in response.fields if n.lower() != "connection"]
        body = b"" if request.method == "HEAD" or response.status == 204 else response.body
        self.h2.send_headers(number, fields, end_stream=not body)
        if body:
            self.queued[number] = memoryview(body)
            self._send_body(number)

    def _send_body(self, number):
        """As much as the client's windows allow; the rest waits in `queued`."""
        body = self.queued.pop(number, None)
        while body:
            try:
                size = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size, len(body))
            except h2.exceptions.StreamClosedError:
                return
            if size == 0:
                self.queued[number] = body
                return
            self.h2.send_data(number, bytes(body[:size]), end_stream=size == len(body))
            body = body[size:]


def serve(connection, respond):
    Http2(connection, respond).serve()
