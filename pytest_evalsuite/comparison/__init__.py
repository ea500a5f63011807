"""Two runs: which cases pair, what changed between them, and whether the difference is more than noise."""
