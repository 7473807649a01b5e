"""Serves a simulator over HTTP: as a process, or in a thread for tests and demos."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulators.stripe.app import create_app
from simulators.stripe.config import SimulatorConfig
from simulators.stripe.gateway import DROP_CONNECTION


class PortTaken(Exception):
    """The listening address is not free; the message is a sentence for whoever started the simulator."""


class DroppableProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose connections the application can close without an answer."""

    def on_message_begin(self) -> None:
        """Hand the application the means with each request."""
        super().on_message_begin()
        self.scope["extensions"] = {DROP_CONNECTION: {"close": self.transport.abort}}


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that answers now."""

    url: str
    """Base address for the SDK's ``base_addresses["api"]``, without a slash at the end."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, before anything is served: port 0 takes a free one. Raises ``PortTaken``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({error.strerror}): stop what uses it or give another --port."
        ) from error
    return listener


def build_server(app: FastAPI) -> uvicorn.Server:
    """A server that stops within a second even while clients hold requests open."""
    config = uvicorn.Config(
        app,
        http=DroppableProtocol,
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def serve(app: FastAPI, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then return."""
    # The server raises the signal again after it has stopped; by then there is nothing left to end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    build_server(app).run(sockets=[listener])


@contextmanager
def running(config: SimulatorConfig, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[RunningSimulator]:
    """Serve from a thread of this process while inside."""
    listener = bind(host, port)
    address = f"http://{host}:{listener.getsockname()[1]}"
    try:
        server = build_server(create_app(config))
    except BaseException:
        listener.close()
        raise
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="stripe-simulator")
    thread.start()
    # Clients may connect at once: the socket listens already and the first request waits for the server.
    try:
        yield RunningSimulator(address)
    finally:
        server.should_exit = True
        thread.join()
