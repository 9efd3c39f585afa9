"""Pictures of a matrix product: the ladder under its roof, blocks on their way through the caches."""
