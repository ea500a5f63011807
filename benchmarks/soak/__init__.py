"""Runs that are long, hostile or killed: nothing is lost, and memory stays in bounds."""
