"""A Varlink caller in a few lines."""

import json


class Closed(Exception):
    """The other side hung up without an answer."""


def call(connection, method, parameters=None, more=False):
    """Sends one call and returns the parsed answer: {"parameters": …} or {"error": …}."""
    message = {"method": method, "parameters": parameters or {}}
    if more:
        message["more"] = True
    return send(connection, json.dumps(message).encode() + b"\0")


def send(connection, octets):
    try:
        connection.sendall(octets)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Closed() from error
    return receive(connection)


def receive(connection):
    data = b""
    while not data.endswith(b"\0"):
        try:
            part = connection.recv(1)
        except ConnectionResetError as error:
            raise Closed() from error
        if not part:
            raise Closed()
        data += part
    return json.loads(data[:-1])
