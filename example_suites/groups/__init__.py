"""Two agents that know a company's customers, and the test sets and the group that they are evaluated with."""
