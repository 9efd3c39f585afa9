"""Pictures of a loop nest: who stands still under which loop, and in which order the elements are visited."""
