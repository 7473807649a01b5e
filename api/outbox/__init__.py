"""What is owed to the outside: written in the transaction that owes it, done afterwards, until it succeeds."""
