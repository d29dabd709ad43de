"""Servers on loopback that misbehave, each in one exact way.

    with FaultServer() as server:
        ... server.endpoint ...

The behaviour is named by the first segment of the request's path, which is
the bucket of an S3 request in path style, so that one server shows them all;
a segment that names none gets the server's own, set by the constructor
(`mode="answer"` unless told).  MODES lists the names.

Tests must not guess when a client has come as far as the fault: `reached()`
waits for it.  Everything is deterministic; nothing here sleeps but the drip.
"""

from .gate import Gate
from .net import FullBacklog, Refused, SilentDns
from .proxy import Proxy
from .store import Store
from .web import MODES, Answer, FaultServer, Request

__all__ = ['MODES', 'Answer', 'FaultServer', 'FullBacklog', 'Gate', 'Proxy', 'Refused', 'Request',
           'SilentDns', 'Store']
