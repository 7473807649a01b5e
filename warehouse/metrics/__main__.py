"""`python -m warehouse.metrics` writes `docs/metrics.md`."""

from warehouse.metrics.document import main

raise SystemExit(main())
