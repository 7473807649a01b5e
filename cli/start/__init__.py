"""`./start.sh`: prepares everything, starts every service, watches over them, and stops what it started."""
