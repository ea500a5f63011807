"""Conversations with an agent that remembers."""
