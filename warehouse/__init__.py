"""Storage: settings, servers, the event catalogue, loading and the typed readers of marts. Knows no framework."""
