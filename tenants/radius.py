"""Asking a RADIUS server about one password (RFC 2865, RFC 3579), and believing only what is proved to be its answer.

The socket is connected, so that only the server's own address and port are heard; the request's id and authenticator
are random; requests carry a Message-Authenticator, and answers without one are thrown away unless that is switched off
(BlastRADIUS, CVE-2024-3596: otherwise whoever sits between can turn a rejection into an acceptance). What is not proved
is not heard: the wait goes on.
"""

from __future__ import annotations

import asyncio
import io
import secrets
import socket
from dataclasses import dataclass
from enum import Enum

from pyrad import packet
from pyrad.dictionary import Dictionary

from tenants import clock
from tenants.addresses import AddressPolicy, resolve_async
from tenants.outbound import Unreachable

DEADLINE = 2.0  # seconds, names included (item 177 says it of the HTTP backend)
AGAIN = 1.2  # a lost datagram is sent once more; a server may take a second over a rejection on purpose
LONGEST_PASSWORD = 128  # bytes, RFC 2865 5.2
LONGEST_LOGIN = 253
LARGEST = 4096

_DICTIONARY = """
ATTRIBUTE User-Name 1 string
ATTRIBUTE User-Password 2 octets
ATTRIBUTE Service-Type 6 integer
ATTRIBUTE Reply-Message 18 string
ATTRIBUTE State 24 octets
ATTRIBUTE NAS-Identifier 32 string
ATTRIBUTE Message-Authenticator 80 octets
"""


class Answer(Enum):
    """What the server said."""

    ACCEPT = "accept"
    REJECT = "reject"
    CHALLENGE = "challenge"


@dataclass(frozen=True)
class Server:
    """Whom to ask."""

    host: str
    port: int
    secret: str
    policy: AddressPolicy
    require_authenticator: bool = True


ANSWERS = {
    packet.AccessAccept: Answer.ACCEPT,
    packet.AccessReject: Answer.REJECT,
    packet.AccessChallenge: Answer.CHALLENGE,
}


def ask(server: Server, *, login: str, password: str, deadline: float = DEADLINE) -> Answer:
    """What the server says of a login and password. Raises Unreachable when nothing proved comes in time, and
    AddressRefused or NameUnknown before anything is sent. A password RADIUS cannot carry is rejected unasked."""
    if not sendable(login, password):
        return Answer.REJECT
    until = clock.monotonic() + deadline
    endpoint = asyncio.run(resolve_async(server.host, server.port, server.policy, timeout=deadline))
    request = _request(server, login, password)
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as connection:
            connection.connect((endpoint.address, endpoint.port))
            return _exchange(connection, request, server, until)
    except OSError as error:
        raise Unreachable("the RADIUS server did not answer") from error


def sendable(login: str, password: str) -> bool:
    """Zero bytes are padding in RADIUS: with one at its end, another password would be proved than was typed."""
    fits = len(password.encode()) <= LONGEST_PASSWORD and 0 < len(login.encode()) <= LONGEST_LOGIN
    return fits and bool(password) and "\x00" not in login + password


def _request(server: Server, login: str, password: str) -> packet.AuthPacket:
    request = packet.AuthPacket(
        code=packet.AccessRequest,
        id=secrets.randbelow(256),
        authenticator=secrets.token_bytes(16),
        secret=server.secret.encode(),
        dict=Dictionary(io.StringIO(_DICTIONARY)),
        message_authenticator=True,
    )
    request["User-Name"] = login
    request["User-Password"] = request.PwCrypt(password)
    request["NAS-Identifier"] = "perch"
    return request


def _exchange(connection: socket.socket, request: packet.AuthPacket, server: Server, until: float) -> Answer:
    sent = request.RequestPacket()
    connection.send(sent)
    again = clock.monotonic() + AGAIN
    while (left := until - clock.monotonic()) > 0:
        pause = again - clock.monotonic()
        if pause <= 0:
            connection.send(sent)
            again = until
            continue
        connection.settimeout(min(left, pause))
        try:
            received = connection.recv(LARGEST)
        except TimeoutError:
            continue
        if answer := _proved(request, received, server):
            return answer
    raise Unreachable("the RADIUS server did not answer in time")


def _proved(request: packet.AuthPacket, received: bytes, server: Server) -> Answer | None:
    """The answer, if it is one to this request by who knows the secret; else None."""
    try:
        reply = request.CreateReply(packet=received)
        if not request.VerifyReply(reply, received, enforce_ma=server.require_authenticator):
            return None
    except Exception:  # whatever bytes a stranger sends, pyrad's parser has many ways to fail on them
        return None
    return ANSWERS.get(reply.code)
