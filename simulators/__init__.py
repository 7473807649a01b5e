"""Stand-ins for the outside world, each a process of its own that speaks the real protocol over real HTTP."""
