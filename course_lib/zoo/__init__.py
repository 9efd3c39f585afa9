"""The lecture's networks as data: `NETWORKS["resnet18"].macs`, and `.table()` layer by layer.

NETWORKS                 a dict by name; a network is written out when it is first asked for
totals()                 a row a network: depth, parameters, bytes, MACs, share of convolution
size_list()  explain()   the lecture's list of sizes beside ours; its three wrong rows as a question, and the answers
accuracies()             top-1 and top-5 beside operations and size, after Canziani et al.
revolution_of_depth()    ImageNet's entries by year, depth and error
module(name)             the network as a torch module with seeded weights (needs torch)
time_share(name)         runs it on this machine and says where the time goes (needs torch)
"""

from __future__ import annotations

from course_lib.zoo.accuracy import accuracies, revolution_of_depth
from course_lib.zoo.builder import Builder, Maps
from course_lib.zoo.catalogue import NETWORKS, totals
from course_lib.zoo.network import Layer, NamedConv, Network
from course_lib.zoo.share import module, time_share
from course_lib.zoo.sizes import explain, size_list

__all__ = [
    "NETWORKS",
    "Builder",
    "Layer",
    "Maps",
    "NamedConv",
    "Network",
    "accuracies",
    "explain",
    "module",
    "revolution_of_depth",
    "size_list",
    "time_share",
    "totals",
]
