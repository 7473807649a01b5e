"""The database and Redis servers: embedded ones under the data directory, or real ones by URL."""

from warehouse.servers.errors import ServerStartFailed, ServerUnreachable
from warehouse.servers.running import Servers, running_servers, servers_or_addresses, warehouse_address

__all__ = [
    "ServerStartFailed",
    "ServerUnreachable",
    "Servers",
    "running_servers",
    "servers_or_addresses",
    "warehouse_address",
]
