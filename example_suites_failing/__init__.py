"""A shop's assistant with faults, and a test set that finds them."""
