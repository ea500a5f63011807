"""An agent that takes its time, and a test set that shows that its cases wait together and not one after the other."""
