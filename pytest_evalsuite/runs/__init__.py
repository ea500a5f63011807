"""What came of the cases of a session, kept and put together."""
