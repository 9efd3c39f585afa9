"""Pictures of a convolution: the sliding window, the matrix it is lowered into."""
