"""Pictures of a convolution: the sliding window, its lowerings, Winograd's tile, the prices of the algorithms and who wins where."""
