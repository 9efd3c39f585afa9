"""Pictures of networks made smaller: what is cut, what is factored, and what it does to the answers."""
