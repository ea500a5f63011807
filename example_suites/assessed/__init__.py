"""A town library's desk, whose answers two people assess."""
