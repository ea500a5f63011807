"""A help desk whose answers are judged."""
