"""A Python shell with `settings`, `servers`, and a connection to each database: `application`, `warehouse`."""

import atexit
from contextlib import ExitStack

from warehouse.databases import connect
from warehouse.servers import running_servers
from warehouse.settings import get_settings

stack = ExitStack()
atexit.register(stack.close)
settings = get_settings()
servers = stack.enter_context(running_servers(settings))
application = stack.enter_context(connect(servers.database_url, autocommit=True))
warehouse = stack.enter_context(connect(servers.warehouse_url, autocommit=True))
print("settings, servers, application and warehouse are here; try: application.execute('select 1').fetchall()")
