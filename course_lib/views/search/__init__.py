"""Pictures of searches: progress with bands over seeds, a landscape replayed round by round, what a design explains, ranks."""
