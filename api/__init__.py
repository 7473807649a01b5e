"""The marketplace's HTTP service: writes raw events and transactions, serves marts."""
