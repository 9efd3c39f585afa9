"""Pictures of networks: depth, size and work; accuracy against operations; where the time goes."""
