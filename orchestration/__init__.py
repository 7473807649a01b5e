"""When things run, in what order, with which checks. What they do lives in `warehouse`, `ranking` and `transforms`."""
