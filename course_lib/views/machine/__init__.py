"""Pictures of what the code runs on: caches, levels of memory, an array of processing elements, roofs and bounds."""
