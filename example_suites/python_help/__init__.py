"""A question answering agent over Python's help topics, and the test sets that it is evaluated with."""
